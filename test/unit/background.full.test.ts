// A cache so big that two threads share the work of listing it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { readCacheState } from '../../server/src/core/list.ts';
import { bundleCore } from '../helpers/bundledCore.ts';
import { addPrepared, makeCache } from '../helpers/cacheBuilder.ts';
import { useFolder } from '../helpers/folder.ts';

describe('the core in the background, with a big cache', () => {
  const folder = useFolder();

  it('lists a directory that two threads share in order, and gives it in pages', async () => {
    const core = bundleCore(folder());
    const cache = makeCache(path.join(folder(), 'cache'));
    const text = fs.readFileSync(`${addPrepared(cache, 'first')}.json`);
    for (let count = 0; count < 6500; count++) {
      const name = `${count.toString(16).padStart(16, '0')}-x.sqsh.json`;
      fs.writeFileSync(path.join(cache, 'prepared', name), count % 1000 === 7 ? '{' : text);
    }
    const state = readCacheState(cache);
    const packed = await core.packInBackground(cache);
    const whole = await core.pageOf(packed);
    assert.deepEqual({ ...whole, free_bytes: 0 }, { ...state, free_bytes: 0 });
    const pages = [];
    for (let offset: number | undefined = 0; offset !== undefined;) {
      const page = await core.pageOf(packed, offset, 700);
      pages.push(...page.entries);
      offset = page.next;
    }
    assert.deepEqual(pages, state.entries);
  });
});
