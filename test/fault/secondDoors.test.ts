// The same fault at the other doors that the catalogue names: what prepare survives, list, inspect, prune and sweep must, too.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { inspectPlan } from '../../server/src/core/inspect.ts';
import { listCache } from '../../server/src/core/list.ts';
import { applyPrune } from '../../server/src/core/prune/applyPrune.ts';
import { planPrune, type PruneRequest } from '../../server/src/core/prune/planPrune.ts';
import { resolveReferences } from '../../server/src/core/prune/references.ts';
import { recordUse } from '../../server/src/core/registry.ts';
import { sweepCache } from '../../server/src/core/sweep.ts';
import { runProcess } from '../../server/src/core/process.ts';
import type { CacheState, PrunePlan } from '../../server/src/model/cache.ts';
import type { CachePlan } from '../../server/src/model/plan.ts';
import { addBase, addPrepared, addStaged, makeCache, planOf, planService } from '../helpers/cacheBuilder.ts';
import { runCli } from '../helpers/cli.ts';
import { useFolder } from '../helpers/folder.ts';
import { assertInvariants, plantSentinel, walk, type Sentinel } from '../helpers/invariants.ts';
import { LspClient } from '../helpers/lspClient.ts';
import { NAMESPACE } from '../helpers/namespace.ts';
import { STAND_IN } from '../helpers/plans.ts';
import { testPorts } from '../helpers/ports.ts';
import { skipBecause } from '../helpers/skip.ts';

const now = Math.floor(Date.now() / 1000);
const old = { created_at: now - 40 * 86_400, last_used_at: now - 40 * 86_400 };
const IMAGE = 'docker://redis:7';

type Choice = PruneRequest extends infer R ? (R extends unknown ? Omit<R, 'cacheDir'> : never) : never;

describe('faults at their second doors', function () {
  this.timeout(60_000);
  let sentinel: Sentinel;
  let cache: string;
  afterEach(() => assertInvariants(cache, sentinel));
  const folder = useFolder();
  const outside = (name: string) => path.join(folder(), 'sentinel', name);
  beforeEach(() => {
    sentinel = plantSentinel(folder());
    cache = makeCache(path.join(folder(), 'cache'));
  });

  const ports = testPorts();
  const plan = (choice: Choice, cacheDir = cache) => planPrune({ cacheDir, ...choice }, ports);
  const prune = async (choice: Choice, cacheDir = cache) =>
    (await applyPrune(await plan(choice, cacheDir), {}, ports)).removed_paths;
  const list = async () => (await listCache(cache, ports)).entries;
  const why = async (...services: ReturnType<typeof planService>[]) =>
    JSON.stringify(
      (await inspectPlan(planOf(cache, services), ports)).services.map((service) => service.why),
    );
  const expectation = async (service: ReturnType<typeof planService>) =>
    (await inspectPlan(planOf(cache, [service]), ports)).services[0]?.current_reuse_expectation;

  it('F36 list marks a moved entry and where it was recorded; prune goes by where it lies', async () => {
    const app = addPrepared(cache, 'app', { ...old, artifact_path: '/before/prepared/app.sqsh' });
    const [entry] = await list();
    assert.deepEqual([entry?.artifact_path, entry?.state], [app, 'moved']);
    assert.deepEqual(await prune({ mode: 'age', days: 30 }), [app]);
    assert.deepEqual(
      walk(path.join(cache, 'prepared')).filter((file) => !file.endsWith('.lock')),
      [],
    );
  });

  it('F37 list and inspect name a path that leads out of the cache, and touch nothing there', async () => {
    const service = planService(cache, 'app', IMAGE, { prepare: false });
    addBase(cache, IMAGE, { artifact_path: outside('sub/image.sqsh') });
    assert.equal((await list())[0]?.state, 'moved');
    assert.equal(await expectation(service), 'cache miss');
    assert.match(await why(service), /recorded at .*sentinel\/sub\/image\.sqsh/);
  });

  it('F38 list and inspect take a link in place of an image or manifest for neither', async () => {
    const base = addBase(cache, IMAGE, { artifact: false });
    fs.symlinkSync(outside('sub/image.sqsh'), base);
    const service = planService(cache, 'app', IMAGE, { prepare: false });
    assert.notEqual((await list())[0]?.state, 'ok');
    assert.equal(await expectation(service), 'cache miss');
    fs.rmSync(base);
    fs.writeFileSync(base, 'image');
    fs.renameSync(`${base}.json`, path.join(folder(), 'manifest'));
    fs.symlinkSync(path.join(folder(), 'manifest'), `${base}.json`);
    assert.match(await why(service), /\S/);
    assert.equal((await prune({ mode: 'age', days: 0 })).length, 1);
    assert.ok(fs.existsSync(path.join(folder(), 'manifest')));
  });

  it('F41 a folder swapped for a link while leftovers are swept, or staged data goes, leads nowhere', async () => {
    const elsewhere = path.join(folder(), 'elsewhere');
    const dead = spawnSync('true').pid;
    const scratch = Array.from({ length: 30 }, (_, index) => `hpc-compose-a${index}-${dead}-1-0`);
    const data = [path.join(cache, 'enroot/data'), path.join(elsewhere, 'data')] as const;
    const sets = [path.join(cache, 'datasets'), path.join(elsewhere, 'datasets')] as const;
    for (const place of data)
      for (const name of scratch) fs.mkdirSync(path.join(place, name), { recursive: true });
    for (let index = 0; index < 10; index++) addStaged(cache, 'dataset', `hf://demo/${index}`, old);
    fs.cpSync(sets[0], sets[1], { recursive: true });
    const before = walk(elsewhere);
    const swapper = spawn(process.execPath, ['-e', SWAP, JSON.stringify([data, sets])], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await new Promise((resolve) => swapper.stdout.once('data', resolve));
      for (let round = 0; round < 5; round++) {
        await sweepCache(cache, ports);
        await prune({ mode: 'age', days: 30 });
      }
    } finally {
      swapper.stdin.end();
      await new Promise((resolve) => swapper.once('close', resolve));
    }
    assert.deepEqual(walk(elsewhere), before);
    await sweepCache(cache, ports);
    await prune({ mode: 'age', days: 30 });
    assert.deepEqual(
      [fs.readdirSync(data[0]), fs.readdirSync(sets[0]).filter((name) => !name.endsWith('.lock'))],
      [[], []],
    );
  });

  it('F42 a directory in place of an image: shown as unusable, and no mode of prune takes it', async () => {
    const file = addPrepared(cache, 'directory', { ...old, artifact: false, tool_version: '0.1.0' });
    fs.mkdirSync(path.join(file, 'inner'), { recursive: true });
    assert.notEqual((await list())[0]?.state, 'ok');
    for (const choice of everyMode([file])) assert.deepEqual(await prune(choice), [], choice.mode);
    assert.ok(fs.existsSync(path.join(file, 'inner')));
  });

  it('F46 foreign files stay in every mode and in a sweep, and are no entries', async () => {
    addPrepared(cache, 'app', { ...old, tool_version: '0.1.0' });
    const names = [
      'base/notes.txt',
      'base/data.json',
      'prepared/.hidden',
      'thesis/a.tex',
      'enroot/data/mine',
      'runtime.json',
    ];
    for (const name of names) {
      fs.mkdirSync(path.dirname(path.join(cache, name)), { recursive: true });
      fs.writeFileSync(path.join(cache, name), '{"kind": "base"}');
      fs.utimesSync(path.join(cache, name), 1, 1);
    }
    assert.equal((await list()).length, 1);
    for (const choice of everyMode(names.map((name) => path.join(cache, name)))) await prune(choice);
    await sweepCache(cache, ports);
    for (const name of names) assert.ok(fs.existsSync(path.join(cache, name)), name);
  });

  const references = (plans: CachePlan[], cacheDir: string) =>
    resolveReferences(cacheDir, plans, () => Promise.resolve({ gone: true }));

  it('F59 staged models that a spec refers to stay, whatever the spelling; pins hold in each', async () => {
    const model = addStaged(cache, 'model', 'hf://demo/model', old);
    const app = addPrepared(cache, 'app', old);
    recordUse(cache, '/specs/gone.yaml', [model, app]);
    const link = path.join(folder(), 'link');
    fs.symlinkSync(cache, link);
    const staged = {
      kind: 'model',
      path: model,
      key: path.basename(model),
    } as unknown as CachePlan['stagedInputs'][number];
    const mine = {
      ...planOf(cache, [planService(cache, 'app', IMAGE, { commands: ['other'] })]),
      stagedInputs: [staged],
    };
    const pinned = await runCli(['cache', 'pin', app, '--cache-dir', cache], { cwd: folder() });
    assert.equal(pinned.code, 0, pinned.stderr);
    for (const spelling of [link, `${cache}/`, path.relative(process.cwd(), cache)]) {
      const known = await references([mine], spelling);
      const unused = { mode: 'all_unused', references: known, includeUnrecorded: true } as const;
      assert.deepEqual(await prune(unused, spelling), [], spelling);
      assert.ok(!(await prune({ mode: 'budget', budget: 1e12 }, spelling)).includes(app));
    }
    assert.ok(fs.existsSync(model) && fs.existsSync(app));
  });

  it('F60 a saved plan that is applied later spares what another project used or pinned meanwhile', async () => {
    const [used, pinned, free] = ['used', 'pinned', 'free'].map((name) => addPrepared(cache, name, old));
    const saved = { ...(await plan({ mode: 'age', days: 30 })), created_at: now - 10 };
    recordUse(cache, '/specs/other.yaml', [used!]);
    await runCli(['cache', 'pin', pinned!, '--cache-dir', cache], { cwd: folder() });
    const result = await applyPrune(JSON.parse(JSON.stringify(saved)) as PrunePlan, {}, ports);
    assert.deepEqual(result.removed_paths, [free]);
    assert.deepEqual(result.skipped.map((item) => item.path).sort(), [used, pinned].sort());
  });

  describe('in the editor', () => {
    let client: LspClient;
    afterEach(() => client.stop());
    const spec = (tag: string) =>
      `x-slurm: {cache_dir: ${path.join(folder(), 'link')}}\nservices:\n  a: {image: "redis:${tag}", command: "true"}\n`;

    it('F59 F60 F61 images of open and of recorded specs are hits and stay, though the cache is reached through a link', async () => {
      fs.symlinkSync(cache, path.join(folder(), 'link'));
      const images = ['7', '8', '9'].map((tag) => addBase(cache, `docker://redis:${tag}`, old));
      const file = (name: string) => path.join(folder(), `${name}.yaml`);
      fs.writeFileSync(file('open'), spec('7'));
      fs.writeFileSync(file('other'), spec('8'));
      recordUse(cache, file('other'), [images[1]!]);
      recordUse(cache, file('gone'), [images[2]!]);
      client = await LspClient.start({
        run: runProcess,
        env: { HOME: folder(), PATH: process.env.PATH },
        settings: { enroot: { path: STAND_IN } },
      });
      const uri = `file://${file('open')}`;
      await client.open(uri, spec('7'));
      const state = await client.request<CacheState>('hpcCompose/cache/list', { uri });
      assert.deepEqual(
        state.entries.map((entry) => entry.state),
        ['ok', 'ok', 'ok'],
      );
      for (const cacheDir of [cache, path.join(folder(), 'link')]) {
        const made = await client.request<PrunePlan>('hpcCompose/prune/plan', {
          mode: 'all_unused',
          includeUnrecorded: true,
          uri,
          cacheDir,
        });
        const chosen = made.entries
          .filter(({ action }) => action === 'remove')
          .map((entry) => path.basename(entry.path));
        assert.deepEqual(chosen, [path.basename(images[2]!)], cacheDir);
      }
    });
  });

  it('F45 inspect and list get along with names of any length, prepare refuses in its result before it writes', async () => {
    for (const [name, fits] of [
      ['n'.repeat(180), true],
      ['n'.repeat(210), false],
      ['é'.repeat(240), false],
    ] as const) {
      const text = `x-slurm: {cache_dir: ./long}\nservices:\n  ${name}:\n    image: redis:7\n    command: "true"\n    x-runtime: {prepare: {commands: ["x"]}}\n`;
      fs.writeFileSync(path.join(folder(), 'compose.yaml'), text);
      const inspected = await runCli(['cache', 'inspect', '--format', 'json'], { cwd: folder() });
      assert.equal(inspected.code, 0, inspected.stderr);
      assert.match(inspected.stdout, /"cache miss"/);
      if (fits) continue;
      const ended = await runCli(['prepare', '--format', 'json', '--enroot-bin', STAND_IN], {
        cwd: folder(),
      });
      assert.equal(ended.code, 1);
      assert.match(ended.stdout, /"name-too-long"/);
      assert.ok(!fs.existsSync(path.join(folder(), 'long/base')));
    }
  });

  it('F27 a read that the kernel fails with an input/output error hides nothing else, and is gone after a prune', async () => {
    const [bad, good] = [addPrepared(cache, 'bad', old), addPrepared(cache, 'good')];
    fs.rmSync(`${bad}.json`);
    // A regular file whose first byte cannot be read: nothing is mapped at address 0.
    fs.symlinkSync('/proc/self/mem', `${bad}.json`);
    const state = await listCache(cache, ports);
    assert.deepEqual(
      state.entries.filter((entry) => entry.state === 'ok').map((entry) => entry.artifact_path),
      [good],
    );
    const listed = await runCli(['cache', 'list', '--cache-dir', cache], { cwd: folder() });
    assert.equal(listed.code, 0);
    assert.match(listed.stderr, /bad\.sqsh\.json: the manifest cannot be read \(EIO\)/);
    assert.deepEqual(await prune({ mode: 'orphans' }), [bad]);
    assert.ok(fs.existsSync(good) && !fs.existsSync(bad));
  });

  it('F27 a disk that takes writes and fails when it must keep them: nothing is committed, the cause is named', async function () {
    if (process.getuid?.() !== 0) skipBecause(this, 'a failing disk needs root; its twins ran');
    // A file system of 32 MB on a file that has room for 2.
    const script = `set -e; mkdir "$B" "$C"; mount -t tmpfs -o size=2m none "$B"; truncate -s 32m "$B/disk"
      mke2fs -q -F -t ext4 -O ^has_journal "$B/disk"; mount -o loop "$B/disk" "$C" || exit 77; set +e
      "$@"; code=$?; find "$C" -name '*.sqsh*' ! -name '*.lock' >&2; umount "$C"; exit $code`;
    fs.writeFileSync(
      path.join(folder(), 'compose.yaml'),
      'x-slurm: {cache_dir: ./disk}\nservices: {a: {image: "redis:7", command: "true"}}\n',
    );
    const ended = await runCli(['prepare', '--format', 'json', '--enroot-bin', STAND_IN], {
      cwd: folder(),
      env: { B: path.join(folder(), 'backing'), C: path.join(folder(), 'disk'), FAKE_BYTES: '4000000' },
      prefix: [...NAMESPACE, 'sh', '-c', script, 'sh'],
    });
    if (ended.stdout === '')
      skipBecause(this, 'no file system can be mounted from a file here; its twins ran');
    assert.equal(ended.code, 1);
    assert.match(ended.stdout, /"code": "(?:io|no-space)"/);
    assert.doesNotMatch(ended.stderr, /redis-7\.sqsh(?:\.json)?$|stage/m);
  });
});

/** Every mode, made to choose as much as it can. */
function everyMode(paths: readonly string[]): Choice[] {
  const references = { referenced: {}, recorded: {}, unreadable: {} };
  return [
    { mode: 'age', days: 0 },
    { mode: 'budget', budget: 0 },
    { mode: 'older_versions', toolVersion: '9.9.9' },
    { mode: 'orphans' },
    { mode: 'layers' },
    { mode: 'runtime', jobs: {} },
    { mode: 'selection', paths },
    { mode: 'all_unused', includeUnrecorded: true, references },
  ];
}

/** Swaps folders for links and back until its input ends, then leaves them as they were. */
const SWAP = `
  const fs = require('node:fs');
  const pairs = JSON.parse(process.argv[1]);
  let ending = false;
  process.stdin.on('end', () => (ending = true)).resume();
  const swap = () => {
    for (let i = 0; i < 50; i++) for (const [place, elsewhere] of pairs) {
      try { fs.renameSync(place, place + '.aside'); fs.symlinkSync(elsewhere, place); } catch {}
      try { fs.unlinkSync(place); } catch {}
      try { fs.renameSync(place + '.aside', place); } catch {}
    }
    if (ending) process.exit(0);
    setImmediate(swap);
  };
  console.log('swapping');
  swap();`;
