import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENTRY_JSON, entryJson } from '../../../server/src/core/rootfs/listEntry.ts';
import { listRootfs, listRootfsAs } from '../../../server/src/core/rootfs/listRootfs.ts';
import { planGc } from '../../../server/src/core/rootfs/planGc.ts';
import { makeEntry, makeUser } from '../../helpers/rootfs/manyEntries.ts';
import { IS_ROOT, RootfsRig } from '../../helpers/rootfs/rig.ts';
import { skipBecause } from '../../helpers/skip.ts';

const CLI = fileURLToPath(new URL('../../../server/src/cli.ts', import.meta.url));
const USERS = Array.from({ length: 110 }, (_, index) => 40_000 + index);

/** Two entries each; one user's are another user's, one folder is closed to its own user, one has a build and a link. */
function layUsers(base: string): void {
  for (const uid of USERS) {
    const root = makeUser(base, uid);
    for (const number of [0, 1]) makeEntry(root, uid, number, 100 + ((uid * 7) % 50));
    chownAll(root, uid);
  }
  fs.symlinkSync('/etc', path.join(base, '40108', `pyxis_cache_u40108_${'f'.repeat(16)}`));
  fs.mkdirSync(
    path.join(base, '40107/.rootfs-cache/build', `pyxis_cache_u40107_${'e'.repeat(16)}~${'0'.repeat(12)}`),
  );
  fs.chmodSync(path.join(base, '40106'), 0o000);
}

function chownAll(folder: string, uid: number): void {
  fs.lchownSync(folder, uid, uid);
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) chownAll(path.join(folder, entry.name), uid);
    else fs.lchownSync(path.join(folder, entry.name), uid, uid);
  }
}

/** Words with which a helper writes on the board that it shares. */
const BOARD = `
const fs = require('node:fs');
const number = (value) => Buffer.from(new Float64Array([value]).buffer);
const writeAt = (place, value) => fs.writeSync(4, number(value), 0, 8, place);
const takeAll = () => writeAt(8, ${USERS.length});
const put = (...parts) => {
  const rows = Buffer.concat(parts);
  fs.writeSync(4, rows, 0, rows.length, 64);
  writeAt(16, rows.length);
};
`;

describe('rootfs cache: half of a scan in another process', function () {
  // Three starts of the program from source, on whatever is left of the machine.
  this.timeout(120_000);
  let rig: RootfsRig;
  before(function () {
    if (!IS_ROOT) skipBecause(this, 'needs root: only root looks at other users');
    rig = new RootfsRig();
    layUsers(rig.base);
  });
  after(() => {
    if (IS_ROOT) rig.remove();
  });

  const portsWith = (args: readonly string[] | undefined) => {
    const nowNs = () => 1_800_000_000_000_000_000n;
    return rig.ports({ nowNs, ...(args ? { self: { command: process.execPath, args } } : {}) });
  };
  const settings = () => rig.settings({ maxBytes: 1 });
  const both = async (args: readonly string[] | undefined) => {
    const request = { settings: settings(), base: rig.base };
    const list = await listRootfs(settings(), rig.base, portsWith(args));
    const texts = await listRootfsAs(ENTRY_JSON, String, request, portsWith(args));
    const { skipped, ...plan } = await planGc(request, portsWith(args));
    return {
      entries: list.entries,
      sums: { ...list.fs, free_bytes: 0, used_percent: 0 },
      texts: texts.entries,
      plan,
      skipped: skipped.length,
    };
  };

  it('finds exactly what one process finds, in the same order', async () => {
    const alone = await both(undefined);
    assert.equal(alone.entries.length, 2 * (USERS.length - 1) + 3);
    assert.equal(alone.plan.would_evict.length, 2 * (USERS.length - 1));
    assert.deepEqual(await both(['--import=tsx', CLI]), alone);
  });

  it('finds the same when the helper fails, breaks off, lies about its users or talks nonsense', async () => {
    const alone = await both(undefined);
    const helpers = [
      'process.exit(3)',
      'takeAll()',
      'takeAll(); put(Buffer.from("nonsense")); process.kill(process.pid, "SIGKILL")',
      'takeAll(); put(number(1), number(0), number(40109), number(1e15))',
      'takeAll(); put(number(40109), number(20), number(2), Buffer.from([200, 0, 0, 0, 65, 65, 65, 65, 65, 65, 65, 65]))',
      'put(number(40109), number(8), number(7)); writeAt(16, 1e300)',
    ];
    for (const helper of helpers) {
      const script = path.join(rig.folder, 'helper.cjs');
      fs.writeFileSync(script, BOARD + helper);
      assert.deepEqual(await both([script]), alone, helper);
    }
    assert.deepEqual(await both(['/nowhere/at/all']), alone);
  });
});

describe('the JSON of an entry', () => {
  it('is what JSON.stringify gives', () => {
    const plain = {
      ...{
        uid: 7,
        name: 'pyxis_cache_u7_0000000000000000',
        image: '/a b.sqsh',
        key: 'k',
        bytes: 1,
        inodes: 2,
      },
      ...{ created_at: 3, last_used: 4, state: 'ready' as const, pinned: false, holders: [], path: '/x' },
    };
    const nulls = { image: null, key: null, bytes: null, inodes: null, created_at: null, last_used: null };
    const odd = { ...plain, image: 'ü"\\\n\u2028\ud800', reason: 'a "link"', state: 'invalid' as const };
    const used = { ...plain, holders: [{ kind: 'lock' as const, pid: null }] };
    const { state, pinned, holders, path: at, ...first } = odd;
    const { reason, ...rest } = { ...first };
    const inOrder = { ...rest, state, reason, pinned, holders, path: at };
    for (const entry of [plain, { ...plain, ...nulls }, inOrder, used])
      assert.equal(entryJson(entry), JSON.stringify(entry));
  });
});
