// What a hover says of the cache directory and of a service's image.
import assert from 'node:assert/strict';
import { cacheWords, imageWords } from '../../server/src/language/cacheWords.ts';
import type { CacheState, InspectService, Manifest } from '../../server/src/model/cache.ts';

const style = { units: 'binary', now: 10 * 86_400 } as const;
const manifest = { created_at: 7 * 86_400, last_used_at: 9 * 86_400 } as Manifest;

function service(change: Partial<InspectService> = {}): InspectService {
  const artifact = (path: string, present: boolean) => ({
    path,
    artifact_present: present,
    manifest_path: `${path}.json`,
    manifest: present ? manifest : null,
  });
  return {
    service_name: 'app',
    source_image: 'docker://redis:7',
    base_registry: null,
    base_artifact: artifact('/c/base/redis.sqsh', true),
    runtime_artifact: artifact('/c/prepared/app.sqsh', true),
    current_reuse_expectation: 'cache hit',
    note: null,
    why: [],
    ...change,
  };
}

const inspected = (change?: Partial<InspectService>) =>
  imageWords({ kind: 'inspected', service: service(change), bytes: 1024 ** 3 }, style);

describe('words on the cache', () => {
  it('tell the files that a service starts from, and their age', () => {
    const words = inspected();
    assert.match(words, /^\*\*Cached · 1\.0 GiB · used 1 d ago\*\*/);
    assert.match(words, /Base image, made 3 d ago: ` \/c\/base\/redis\.sqsh `/);
    assert.match(words, /Prepared image, made 3 d ago: ` \/c\/prepared\/app\.sqsh `/);
  });

  it('tell an image only once where nothing is prepared on top', () => {
    const runtime = service().base_artifact!;
    assert.doesNotMatch(inspected({ runtime_artifact: runtime }), /Prepared image/);
  });

  it('tell why an image would be built again, with text that cannot break out', () => {
    const words = inspected({
      current_reuse_expectation: 'cache miss',
      why: [{ input: 'prepare.commands', before: 'a`b', after: '[x](command:y)' }, { reason: '<b>' }],
    });
    assert.match(words, /- prepare\.commands: `` a`b `` → ` \[x\]\(command:y\) `/);
    assert.match(words, /- \\<b\\>/);
  });

  it('tell how full the cache is, or that there is none yet', () => {
    const cache = {
      exists: true,
      totals: { entries: 2, bytes: 1024 ** 3 },
      free_bytes: 2 * 1024 ** 3,
    } as CacheState;
    assert.match(cacheWords('/c', cache, style), /` \/c `\n\n1\.0 GiB in 2 entries · 2\.0 GiB free$/);
    assert.match(cacheWords('/c', { ...cache, exists: false }, style), /does not exist yet/);
    assert.equal(cacheWords('/c', undefined, style), 'Cache directory: ` /c `');
  });
});
