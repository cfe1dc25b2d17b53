// Answers on whole caches from a real worker: the same as those of the core itself, failures and cancelling included.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mock } from 'node:test';
import { recordInputs } from '../../server/src/core/inputs.ts';
import { inspectPlan } from '../../server/src/core/inspect.ts';
import type { PlanMisses } from '../../server/src/core/inspectHistory.ts';
import { inspectWithSizes } from '../../server/src/core/inspectSizes.ts';
import { readCacheState } from '../../server/src/core/list.ts';
import { changePins } from '../../server/src/core/pins.ts';
import { planPrune, type PackedPlan, type PruneRequest } from '../../server/src/core/prune/planPrune.ts';
import type { AskedToApply } from '../../server/src/core/prune/pruneTask.ts';
import { readReports } from '../../server/src/core/prune/reports.ts';
import { recordUse } from '../../server/src/core/registry.ts';
import type { PrunePlan, PrunePlanEntry } from '../../server/src/model/cache.ts';
import type { OperationFailure } from '../../server/src/model/failure.ts';
import { addBase, addPrepared, addStaged, makeCache, planOf, planService } from '../helpers/cacheBuilder.ts';
import { bundleCore, type BundledCore } from '../helpers/bundledCore.ts';
import { useFolder } from '../helpers/folder.ts';
import { testPorts } from '../helpers/ports.ts';

/** A packed plan as a value. */
function readPlan({ rest, pieces }: PackedPlan): PrunePlan {
  const texts = pieces.map(({ bytes }) => Buffer.from(bytes).toString('utf8'));
  return { ...rest, entries: JSON.parse(`[${texts.join(',')}]`) as PrunePlanEntry[] };
}

const IMAGE = 'docker://redis:7';
const OLD = Math.floor(Date.now() / 1000) - 100 * 86_400;

describe('the core in the background', () => {
  const folder = useFolder();
  const ports = testPorts();
  let built: string;
  let core: BundledCore;
  let cache: string;
  before(() => {
    built = fs.mkdtempSync(path.join(tmpdir(), 'hpc-compose-bundle-'));
    core = bundleCore(built);
  });
  after(() => fs.rmSync(built, { recursive: true, force: true }));
  beforeEach(() => (cache = makeCache(path.join(folder(), 'cache'))));

  /** The file system's free bytes may change between two looks. */
  const settled = <T extends { free_bytes: number | null }>(state: T) => ({ ...state, free_bytes: 0 });
  const agrees = async () => {
    const state = readCacheState(cache);
    const packed = await core.packInBackground(cache);
    assert.deepEqual(settled(await core.pageOf(packed)), settled(state));
    return { state, packed };
  };

  it('lists entries in every state as the core does, with secrets masked', async () => {
    addPrepared(cache, 'plain');
    addPrepared(cache, 'named "x"\n', { source_image: 'docker://käse:7' });
    addPrepared(cache, 'secret', { prepare_env: ['API_TOKEN=hush-hush', 'A="b"'] });
    addPrepared(cache, 'missing', { artifact: false });
    addPrepared(cache, 'empty', { size: 0 });
    addPrepared(cache, 'moved', { artifact_path: '/elsewhere/x.sqsh' });
    addPrepared(cache, 'spelled', { artifact_path: `${cache}//prepared/./x.sqsh` });
    fs.writeFileSync(path.join(cache, 'prepared', '0123456789abcdef-orphan.sqsh'), 'x');
    fs.writeFileSync(`${addPrepared(cache, 'damaged')}.json`, '{');
    const cut = addPrepared(cache, 'cut');
    const { cache_key: key } = JSON.parse(fs.readFileSync(`${cut}.json`, 'utf8')) as { cache_key: string };
    recordInputs({ kind: 'prepared', path: cut, manifestPath: `${cut}.json`, key }, []);
    fs.truncateSync(cut, 10);
    const base = addBase(cache, 'docker://redis:7');
    addStaged(cache, 'dataset', 'hf://demo/data');
    await changePins(cache, [base], true, ports);
    recordUse(cache, '/project/compose.yaml', [base]);
    const { state, packed } = await agrees();
    assert.equal(new Set(state.entries.map((entry) => entry.state)).size, 6);
    assert.ok(!Buffer.concat(packed.pieces.map(({ bytes }) => bytes)).includes('hush-hush'));
    const sources = new Set(state.entries.map((entry) => entry.source_image).filter(Boolean));
    assert.deepEqual(new Set(packed.sources.split('\n')), sources);
  });

  it('gives pages of the list', async () => {
    for (let count = 0; count < 30; count++) addPrepared(cache, `service-${count}`, { artifact: false });
    const { state, packed } = await agrees();
    const middle = await core.pageOf(packed, 10, 7);
    assert.deepEqual(middle.entries, state.entries.slice(10, 17));
    assert.equal(middle.next, 17);
    const last = await core.pageOf(packed, 20, 10);
    assert.equal(last.entries.length, 10);
    assert.equal(last.next, undefined);
  });

  it('lists a cache that is not there', async () => {
    cache = path.join(folder(), 'none');
    const { packed } = await agrees();
    assert.equal(packed.summary.exists, false);
  });

  it('checks the images that it is asked for', async () => {
    const [good, empty] = [addPrepared(cache, 'good'), addPrepared(cache, 'empty', { size: 0 })];
    addPrepared(cache, 'other', { artifact: false });
    const { checked, problems } = await core.verifyInBackground(cache, [good, empty], ports);
    assert.equal(checked, 2);
    assert.deepEqual(problems, [{ path: empty, problem: 'the image is empty' }]);
  });

  it('inspects a plan as the core does, with the sizes of its images', async () => {
    addBase(cache, IMAGE);
    const services = ['a', 'b'].map((name) => planService(cache, name, IMAGE));
    const plan = planOf(cache, [...services, planService(cache, 'c', 'docker://other:1')]);
    const found = await core.inspectInBackground(plan, ports);
    assert.deepEqual(found, await inspectWithSizes(plan, ports));
    assert.ok([...found.sizes.values()].every((bytes) => bytes > 0));
    const stop = AbortSignal.abort();
    await assert.rejects(core.inspectInBackground(plan, ports, stop), { name: 'AbortError' });
  });

  describe('looking for earlier builds', () => {
    const MANY_IMAGES = Array.from({ length: 400 }, (_, index) => `${'0'.repeat(40)}${index}`);
    const changed = () => planOf(cache, [planService(cache, 'app', IMAGE, { commands: ['make', 'test'] })]);
    const explain = (asked: PlanMisses, signal?: AbortSignal) => core.explainInBackground(asked, signal);
    /** What is found, and which directories this very thread listed for it. */
    const listedHere = async () => {
      const list = mock.method(fs, 'readdirSync');
      try {
        const { services } = await inspectPlan(changed(), ports, { explain });
        return { services, directories: list.mock.calls.map((call) => String(call.arguments[0])) };
      } finally {
        list.mock.restore();
      }
    };
    const agreesWithCore = async (services: unknown) =>
      assert.deepEqual(services, (await inspectPlan(changed(), ports)).services);

    beforeEach(() => {
      addBase(cache, IMAGE);
      addPrepared(cache, 'app', { prepare_commands: ['make'] });
    });

    it('reads a small cache in the thread that asks', async () => {
      const { services, directories } = await listedHere();
      assert.deepEqual(services[0]?.why, [{ input: 'command 2', before: '(none)', after: 'test' }]);
      assert.ok(directories.includes(path.join(cache, 'prepared')));
      await agreesWithCore(services);
    });

    it('reads a big directory in a worker', async () => {
      for (let count = 0; count < 2001; count++)
        fs.writeFileSync(path.join(cache, 'prepared', `${count}.lock`), '');
      const { services, directories } = await listedHere();
      assert.deepEqual(directories, []);
      assert.equal(services[0]?.why.length, 1);
      await agreesWithCore(services);
    });

    it('reads what was recorded for the spec in a worker when that is much', async () => {
      const images = MANY_IMAGES.map((name) => path.join(cache, 'prepared', name));
      recordUse(cache, changed().specPath, images);
      const { services, directories } = await listedHere();
      assert.deepEqual(directories, []);
      await agreesWithCore(services);
    });

    it('leaves nothing behind at a signal that outlives it', async () => {
      recordUse(
        cache,
        changed().specPath,
        MANY_IMAGES.map((name) => path.join(cache, 'prepared', name)),
      );
      const { signal } = new AbortController();
      await inspectPlan(changed(), ports, { explain, signal });
      assert.equal(getEventListeners(signal, 'abort').length, 0);
    });

    it('stops when it is cancelled', async () => {
      const stopped = inspectPlan(changed(), ports, { explain, signal: AbortSignal.abort() });
      await assert.rejects(stopped, { name: 'AbortError' });
    });
  });

  it('plans prunes as the core does, and fails as it does', async () => {
    addBase(cache, 'docker://redis:7', { last_used_at: OLD, created_at: OLD });
    addPrepared(cache, 'young');
    addPrepared(cache, 'gone', { artifact: false });
    fs.writeFileSync(path.join(cache, 'prepared', '0123456789abcdef-orphan.sqsh'), 'x');
    const now = OLD + 95 * 86_400;
    const still = { ...ports, now: () => now };
    const age = { cacheDir: cache, mode: 'age', days: 90 } as const;
    const requests: PruneRequest[] = [
      age,
      { ...age, removalsOnly: true },
      { cacheDir: cache, mode: 'orphans' },
      { ...age, cacheDir: '/' },
      { cacheDir: cache, mode: 'budget', budget: 1 },
      { cacheDir: cache, mode: 'older_versions', toolVersion: '999.0.0', grace: 60 },
    ];
    const planned = (asked: readonly PruneRequest[], signal?: AbortSignal) =>
      core.planPrunesInBackground(
        asked.map((request) => ({ request, env: ports.env })),
        now,
        signal,
      );
    const plans = await planned(requests);
    for (const [index, request] of requests.entries()) {
      const [expected] = await Promise.allSettled([planPrune(request, still)]);
      const plan = plans[index];
      if (plan?.status === 'fulfilled')
        assert.deepEqual({ status: 'fulfilled', value: readPlan(plan.value) }, expected);
      else assert.equal((plan?.reason as OperationFailure).code, 'not-a-cache');
    }
    assert.deepEqual(
      plans.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    );
    const removed = plans.map((plan) => {
      const entries = plan.status === 'fulfilled' ? readPlan(plan.value).entries : [];
      return entries.filter(({ action }) => action === 'remove').length;
    });
    assert.deepEqual(removed, [1, 1, 2, 0, 2, 1]);
    await assert.rejects(planned([age], AbortSignal.abort()), { name: 'AbortError' });
  });

  describe('applying a plan', () => {
    const planned = async (count: number) => {
      const times = { last_used_at: OLD, created_at: OLD };
      const images = Array.from({ length: count }, (_, index) =>
        addBase(cache, `docker://r:${index}`, times),
      );
      const plan = await planPrune({ cacheDir: cache, mode: 'age', days: 90 }, ports);
      return { plan, images: images.sort() };
    };

    it('removes what is still as planned, names the rest, tells its progress and keeps a report', async () => {
      const { plan, images } = await planned(250);
      const [first = '', ...others] = images;
      fs.writeFileSync(first, 'changed');
      const told: number[][] = [];
      const options = { onProgress: (...progress: number[]) => void told.push(progress) };
      const result = await core.applyInBackground(plan, options, ports);
      assert.deepEqual([...result.removed_paths].sort(), others);
      assert.deepEqual(
        result.skipped.map((one) => one.path),
        [first],
      );
      assert.ok(others.every((file) => !fs.existsSync(file)));
      assert.deepEqual(told.at(-1), [250, 250, result.bytes_freed]);
      assert.deepEqual(readReports(cache)[0]?.result, result);
      const again = await core.applyInBackground(plan, {}, ports);
      assert.deepEqual(again.removed_paths, []);
      const packed = await core.packReportsInBackground(cache);
      const texts = packed.map(({ bytes }) => Buffer.from(bytes).toString('utf8'));
      assert.deepEqual(JSON.parse(`[${texts.join(',')}]`), readReports(cache));
      assert.equal(packed.length, 2);
    });

    it('stops between batches when it is cancelled, and says what it left', async () => {
      const { plan, images } = await planned(250);
      const stop = new AbortController();
      const options = { signal: stop.signal, onProgress: () => stop.abort() };
      const { removed_paths, skipped } = await core.applyInBackground(plan, options, ports);
      const left = images.filter((file) => fs.existsSync(file));
      assert.deepEqual(skipped.map((one) => one.path).sort(), left);
      assert.equal(removed_paths.length + left.length, 250);
      assert.ok(skipped.every(({ why }) => why === 'cancelled'));
    });

    it('reads a request that is text, and tells what else it says before it removes anything', async () => {
      const { plan, images } = await planned(3);
      const text = `${JSON.stringify({ plan, partialResultToken: 'käse' })},"more":{"of":"the message"}`;
      const bytes = Buffer.from(text);
      const pieces = [bytes.subarray(0, 100), bytes.subarray(100)];
      const told: unknown[] = [];
      const onAsked = (asked: AskedToApply) => void told.push(asked);
      const onProgress = (done: number) => void told.push(done);
      const result = await core.applyTextInBackground(pieces, { onAsked, onProgress }, ports);
      assert.deepEqual(told, [{ cacheDir: cache, partialResultToken: 'käse' }, 3]);
      assert.deepEqual([...result.removed_paths].sort(), images);
      assert.deepEqual(readReports(cache)[0]?.plan, plan);
    });

    it('removes nothing of a request that is no JSON, or that was cancelled before', async () => {
      const { plan, images } = await planned(2);
      const onAsked = () => undefined;
      const broken = core.applyTextInBackground([Buffer.from('{"plan":')], { onAsked }, ports);
      await assert.rejects(broken, /JSON/);
      const text = [Buffer.from(JSON.stringify({ plan }))];
      const signal = AbortSignal.abort();
      const { skipped } = await core.applyTextInBackground(text, { onAsked, signal }, ports);
      assert.equal(skipped.length, 2);
      assert.ok(images.every((file) => fs.existsSync(file)));
    });

    it('fails as the core does', async () => {
      const { plan } = await planned(1);
      fs.rmSync(cache, { recursive: true });
      await assert.rejects(core.applyInBackground(plan, {}, ports), { code: 'plan-stale' });
    });
  });
});
