import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { diskUsage } from '../../server/src/core/diskUsage.ts';
import { changePins } from '../../server/src/core/pins.ts';
import { realPorts } from '../../server/src/core/ports.ts';
import { applyPrune } from '../../server/src/core/prune/applyPrune.ts';
import { compareVersions } from '../../server/src/core/prune/modes.ts';
import { planPrune, type PruneRequest } from '../../server/src/core/prune/planPrune.ts';
import { parsePrunePlan } from '../../server/src/core/prune/savedPlan.ts';
import { resolveReferences, type SpecState } from '../../server/src/core/prune/references.ts';
import { recordUse } from '../../server/src/core/registry.ts';
import type { PrunePlan } from '../../server/src/model/cache.ts';
import type { CachePlan } from '../../server/src/model/plan.ts';
import {
  addBase,
  addPrepared,
  addStaged,
  makeCache,
  makeFolder,
  planOf,
  planService,
  removeFolder,
  silentLog,
} from '../helpers/cacheBuilder.ts';

const ports = realPorts(silentLog, process.env);
const DAY = 86_400;
const IMAGE = 'docker://redis:7';

describe('prune of a cache', () => {
  let folder: string;
  let cache: string;
  const now = Math.floor(Date.now() / 1000);
  const aged = (days: number) => ({ created_at: now - days * DAY, last_used_at: now - days * DAY });

  beforeEach(() => {
    folder = makeFolder();
    cache = makeCache(path.join(folder, 'cache'));
  });
  afterEach(() => removeFolder(folder));

  const plan = (request: DistributiveOmit<PruneRequest, 'cacheDir'> & { cacheDir?: string }) =>
    planPrune({ cacheDir: cache, ...request }, ports);
  const chosen = (made: PrunePlan) =>
    made.entries.filter(({ action }) => action === 'remove').map(({ path: file }) => file);
  const unused = async (
    plans: CachePlan[],
    specs: Record<string, SpecState> = {},
    more: object = {},
    cacheDir = cache,
  ) => {
    const load = (spec: string): Promise<SpecState> => Promise.resolve(specs[spec] ?? { gone: true });
    const references = await resolveReferences(cacheDir, plans, load);
    return await plan({ mode: 'all_unused', references, cacheDir, ...more });
  };

  it('lists only what goes when asked to, tells how much stays, and such a plan can be saved and applied', async () => {
    const old = addPrepared(cache, 'old', { ...aged(40), size: 50_000 });
    for (const name of ['young', 'younger', 'youngest'])
      addPrepared(cache, name, { ...aged(5), size: 9_000 });
    const request = { mode: 'age', days: 30 } as const;
    const [whole, made] = [await plan(request), await plan({ ...request, removalsOnly: true })];
    const stays = whole.entries.filter(({ action }) => action === 'keep');
    assert.deepEqual(
      made.entries,
      whole.entries.filter(({ action }) => action === 'remove'),
    );
    assert.deepEqual(made.kept, { entries: 3, bytes: stays.reduce((sum, { bytes }) => sum + bytes, 0) });
    assert.ok(made.kept.bytes > 18_000);
    assert.equal(made.bytes, whole.bytes);
    const saved = parsePrunePlan(JSON.stringify(made));
    assert.deepEqual(saved, made);
    const result = await applyPrune(made, {}, ports);
    assert.deepEqual(result.removed_paths, [old]);
    assert.equal((await plan(request)).entries.length, 3);
  });

  it('removes by age, with artifact, manifest and byte count, and leaves the locks', async () => {
    const old = addPrepared(cache, 'old', { ...aged(40), size: 50_000 });
    const young = addPrepared(cache, 'young', aged(5));
    const ahead = addPrepared(cache, 'ahead', { created_at: now + DAY, last_used_at: now - 90 * DAY });
    const made = await plan({ mode: 'age', days: 30 });
    assert.deepEqual(chosen(made), [old]);
    assert.equal(made.entries.length, 3);
    const before = diskUsage(cache);
    const result = await applyPrune(made, {}, ports);
    assert.deepEqual(result.removed_paths, [old]);
    assert.deepEqual([result.skipped, result.failed], [[], []]);
    assert.equal(result.bytes_freed, made.bytes);
    assert.ok(before - diskUsage(cache) <= made.bytes);
    assert.deepEqual(
      fs
        .readdirSync(path.join(cache, 'prepared'))
        .filter((name) => name.includes('-old'))
        .sort(),
      [`${path.basename(old)}.build.lock`, `${path.basename(old)}.json.lock`],
    );
    assert.ok(fs.existsSync(young) && fs.existsSync(ahead));
  });

  it('changes nothing while planning', async () => {
    addPrepared(cache, 'old', aged(40));
    const before = fs.readdirSync(cache, { recursive: true }).sort();
    await plan({ mode: 'age', days: 0 });
    assert.deepEqual(fs.readdirSync(cache, { recursive: true }).sort(), before);
  });

  it('keeps what other recorded specs use, what nobody recorded, and what unreadable specs used', async () => {
    const mine = planOf(cache, [planService(cache, 'mine', IMAGE)], '/specs/mine.yaml');
    const base = addBase(cache, IMAGE);
    const used = addPrepared(cache, 'mine');
    const stale = addPrepared(cache, 'mine', { prepare_commands: ['old'] });
    const other = addPrepared(cache, 'other');
    const locked = addPrepared(cache, 'locked');
    const abandoned = addPrepared(cache, 'abandoned');
    const unrecorded = addPrepared(cache, 'unrecorded');
    recordUse(cache, '/specs/mine.yaml', [base, used, stale]);
    recordUse(cache, '/specs/other.yaml', [other]);
    recordUse(cache, '/specs/locked.yaml', [locked]);
    recordUse(cache, '/specs/gone.yaml', [abandoned]);
    const specs: Record<string, SpecState> = {
      '/specs/other.yaml': { plan: planOf(cache, [planService(cache, 'other', IMAGE)], '/specs/other.yaml') },
      '/specs/locked.yaml': { unreadable: 'permission denied' },
    };
    assert.deepEqual(chosen(await unused([mine], specs)).sort(), [stale, abandoned].sort());
    const all = await unused([mine], specs, { includeUnrecorded: true });
    assert.deepEqual(chosen(all).sort(), [stale, abandoned, unrecorded].sort());
    assert.match(
      all.entries.find((entry) => entry.path === locked)?.reason ?? '',
      /cannot be read: permission denied/,
    );
  });

  it('refuses when no given spec uses the cache', async () => {
    addPrepared(cache, 'app');
    const elsewhere = planOf('/elsewhere', [planService('/elsewhere', 'app', IMAGE)]);
    await assert.rejects(unused([elsewhere]), /no given spec uses the cache/);
  });

  it('removes the least recently used until the rest fits the budget', async () => {
    const files = [30, 10, 20].map((days) =>
      addPrepared(cache, `s${days}`, { ...aged(days), size: 100_000 }),
    );
    await changePins(cache, [files[0]!], true, ports);
    const made = await plan({ mode: 'budget', budget: 250_000 });
    assert.deepEqual(chosen(made), [files[2]]);
    assert.equal(made.entries.find((entry) => entry.path === files[0])?.reason, 'pinned');
    const spelled = await plan({ mode: 'budget', budget: 250_000, cacheDir: `${cache}/./` });
    assert.equal(chosen(spelled).length, 1);
  });

  it('removes images of older tool versions only', async () => {
    const old = addPrepared(cache, 'old', { tool_version: '0.2.2' });
    addPrepared(cache, 'new', { tool_version: '0.3.0' });
    addPrepared(cache, 'same');
    addStaged(cache, 'model', 'hf://demo/model', { tool_version: '0.1.0' });
    assert.deepEqual(chosen(await plan({ mode: 'older_versions', toolVersion: '0.2.3' })), [old]);
    assert.ok(compareVersions('0.2.10', '0.2.9') > 0 && compareVersions('1.0.0-rc1', '1.0.0') < 0);
  });

  it('removes selected entries, in any spelling of the cache', async () => {
    const app = addPrepared(cache, 'app');
    addPrepared(cache, 'other');
    const link = path.join(folder, 'link');
    fs.symlinkSync(cache, link);
    const made = await plan({ mode: 'selection', paths: [path.join(link, 'prepared', path.basename(app))] });
    assert.deepEqual(chosen(made), [app]);
  });

  it('removes orphans and broken entries', async () => {
    const missing = addPrepared(cache, 'missing', { artifact: false });
    const damaged = addPrepared(cache, 'damaged');
    fs.writeFileSync(`${damaged}.json`, '{');
    const orphan = path.join(cache, 'base', '0123456789abcdef-x.sqsh');
    fs.writeFileSync(orphan, 'x');
    const leftover = path.join(cache, 'base', '.abc.hpc-compose-stage-999999999-1-0.sqsh');
    fs.writeFileSync(leftover, 'x');
    const good = addPrepared(cache, 'good');
    const made = await plan({ mode: 'orphans' });
    assert.deepEqual(chosen(made).sort(), [missing, damaged, orphan, leftover].sort());
    const result = await applyPrune(made, {}, ports);
    assert.equal(result.removed_count, 4);
    assert.ok(!fs.readdirSync(path.join(cache, 'base')).some((name) => name.includes('stage')));
    assert.ok(fs.existsSync(good) && !fs.existsSync(`${damaged}.json`) && !fs.existsSync(`${missing}.json`));
  });

  it('removes a staged directory with its sidecar, following no link inside', async () => {
    const outside = path.join(folder, 'outside');
    fs.mkdirSync(outside);
    fs.writeFileSync(path.join(outside, 'keep'), 'keep');
    const staged = addStaged(cache, 'dataset', 'hf://demo/data', aged(40));
    fs.symlinkSync(outside, path.join(staged, 'link'));
    fs.mkdirSync(path.join(staged, 'closed'), { mode: 0o500 });
    const result = await applyPrune(await plan({ mode: 'age', days: 30 }), {}, ports);
    assert.deepEqual(result.removed_paths, [staged]);
    assert.deepEqual(fs.readdirSync(path.join(cache, 'datasets')), [`${path.basename(staged)}.json.lock`]);
    assert.deepEqual(fs.readdirSync(outside), ['keep']);
  });

  it('removes layers and ended jobs, keeps what is in use or not known', async () => {
    const layer = path.join(cache, 'enroot/cache/abc');
    fs.writeFileSync(layer, 'layer');
    fs.utimesSync(layer, now - DAY, now - DAY);
    fs.writeFileSync(path.join(cache, 'enroot/cache/fresh'), 'layer');
    for (const job of ['17', '18', '19'])
      fs.mkdirSync(path.join(cache, 'runtime', job, 'data'), { recursive: true });
    assert.deepEqual(chosen(await plan({ mode: 'layers' })), [layer]);
    const made = await plan({ mode: 'runtime', jobs: { 17: 'ended', 18: 'active' } });
    assert.deepEqual(chosen(made), [path.join(cache, 'runtime/17')]);
    await applyPrune(made, {}, ports);
    assert.deepEqual(fs.readdirSync(path.join(cache, 'runtime')).sort(), ['18', '19']);
  });

  it('skips what changed, was pinned, was used or is locked since the plan, and names each', async () => {
    const names = ['rebuilt', 'pinned', 'used', 'recorded', 'locked', 'gone', 'free'];
    const files = Object.fromEntries(names.map((name) => [name, addPrepared(cache, name, aged(40))]));
    const made = { ...(await plan({ mode: 'age', days: 30 })), created_at: now - 10 };
    fs.rmSync(files.rebuilt!);
    fs.writeFileSync(files.rebuilt!, 'rebuilt image');
    await changePins(cache, [files.pinned!], true, ports);
    const manifest = fs.readFileSync(`${files.used!}.json`, 'utf8');
    fs.writeFileSync(
      `${files.used!}.json`,
      manifest.replace(/"last_used_at": \d+/, `"last_used_at": ${now}`),
    );
    recordUse(cache, '/specs/app.yaml', [files.recorded!]);
    for (const file of [files.gone!, `${files.gone!}.json`]) fs.rmSync(file);
    const holder = spawn('flock', ['-x', `${files.locked!}.build.lock`, 'sh', '-c', 'echo held; sleep 30'], {
      detached: true,
    });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    try {
      const result = await applyPrune(made, {}, ports);
      assert.deepEqual(result.removed_paths, [files.free]);
      const why = Object.fromEntries(result.skipped.map((item) => [item.path, item.why]));
      assert.match(why[files.rebuilt!] ?? '', /changed since/);
      assert.match(why[files.pinned!] ?? '', /pinned since/);
      assert.match(why[files.used!] ?? '', /used since/);
      assert.match(why[files.recorded!] ?? '', /used since the plan was made, by \/specs\/app.yaml/);
      assert.match(why[files.locked!] ?? '', /in use/);
      assert.match(why[files.gone!] ?? '', /gone already/);
    } finally {
      process.kill(-holder.pid!);
    }
  });

  it('never removes a directory at the place of an image', async () => {
    const app = addPrepared(cache, 'app', { ...aged(40), artifact: false });
    fs.mkdirSync(path.join(app, 'inner'), { recursive: true });
    const made = await plan({ mode: 'age', days: 0 });
    assert.deepEqual(chosen(made), []);
    const forced = {
      ...made,
      entries: made.entries.map((entry) => ({ ...entry, action: 'remove' as const })),
    };
    const result = await applyPrune(forced, {}, ports);
    assert.match(result.skipped[0]?.why ?? '', /directory stands/);
    assert.ok(fs.existsSync(path.join(app, 'inner')));
  });

  it('refuses home, the root, projects and what is no cache; --force-dir overrides only the last two', async () => {
    const home = path.join(folder, 'home');
    makeCache(home);
    const at = (directory: string, forceDir = false) =>
      planPrune({ cacheDir: directory, mode: 'age', days: 1, forceDir }, { ...ports, env: { HOME: home } });
    const project = path.join(folder, 'project');
    fs.mkdirSync(path.join(project, 'base'), { recursive: true });
    fs.writeFileSync(path.join(project, 'compose.yaml'), '');
    const foreign = path.join(folder, 'foreign');
    fs.mkdirSync(path.join(foreign, 'stuff'), { recursive: true });
    for (const directory of ['/', home, project, foreign])
      await assert.rejects(at(directory), { code: 'not-a-cache' });
    for (const directory of ['/', home]) await assert.rejects(at(directory, true), { code: 'not-a-cache' });
    for (const directory of [project, foreign]) assert.deepEqual((await at(directory, true)).entries, []);
    await assert.rejects(at(foreign), /none of the folders base, prepared/);
    await assert.rejects(at(project), /compose.yaml/);
  });

  it('never touches a path that a plan puts outside of its cache', async () => {
    const outside = path.join(folder, 'outside.sqsh');
    fs.writeFileSync(outside, 'keep');
    const app = addPrepared(cache, 'app', aged(40));
    const made = await plan({ mode: 'age', days: 30 });
    const entry = made.entries[0]!;
    for (const file of [
      outside,
      path.join(cache, '../outside.sqsh'),
      `${cache}/prepared/../../outside.sqsh`,
      cache,
    ]) {
      const result = await applyPrune({ ...made, entries: [{ ...entry, path: file }] }, {}, ports);
      assert.equal(result.removed_count, 0, file);
    }
    assert.ok(fs.existsSync(outside) && fs.existsSync(app));
  });

  it('finishes what an interrupted prune began and shows it meanwhile', async () => {
    const app = addPrepared(cache, 'app', aged(40));
    const made = await plan({ mode: 'age', days: 30 });
    fs.rmSync(app);
    const again = await plan({ mode: 'age', days: 30 });
    assert.deepEqual(chosen(again), [app]);
    assert.equal((await applyPrune(made, {}, ports)).removed_count, 0);
    assert.equal((await applyPrune(again, {}, ports)).removed_count, 1);
    assert.ok(!fs.existsSync(`${app}.json`));
  });

  it('keeps what was used within the grace period', async () => {
    const old = addPrepared(cache, 'old', aged(1));
    addPrepared(cache, 'now');
    assert.deepEqual(chosen(await plan({ mode: 'age', days: 0, grace: 600 })), [old]);
  });

  it('gives an empty plan for a cache that does not exist', async () => {
    const made = await plan({ mode: 'age', days: 0, cacheDir: path.join(folder, 'none') });
    assert.deepEqual([made.entries, made.bytes], [[], 0]);
    assert.equal((await applyPrune(made, {}, ports)).removed_count, 0);
  });
});

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
