// A cache that somebody laid out to make a prune or a sweep remove what it must not: names that mean a whole folder, manifests
// that lie about their kind, links and mounts that lead out, edited plans, and records that cannot be read.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { changePins, readPins } from '../../server/src/core/pins.ts';
import { realPorts } from '../../server/src/core/ports.ts';
import { applyPrune } from '../../server/src/core/prune/applyPrune.ts';
import { identityOf } from '../../server/src/core/prune/candidates.ts';
import { planPrune } from '../../server/src/core/prune/planPrune.ts';
import { resolveReferences } from '../../server/src/core/prune/references.ts';
import { recordUse } from '../../server/src/core/registry.ts';
import { sweepCache } from '../../server/src/core/sweep.ts';
import type { PrunePlan, PrunePlanEntry } from '../../server/src/model/cache.ts';
import {
  addBase,
  addPrepared,
  addStaged,
  makeCache,
  manifestText,
  planOf,
  planService,
  silentLog,
} from '../helpers/cacheBuilder.ts';
import { CLI, runCli, runProgram } from '../helpers/cli.ts';
import { useFolder } from '../helpers/folder.ts';
import { assertInvariants, plantSentinel, walk, type Sentinel } from '../helpers/invariants.ts';
import { canMount, NAMESPACE } from '../helpers/namespace.ts';
import { skipBecause } from '../helpers/skip.ts';

const ports = realPorts(silentLog, process.env);
const now = Math.floor(Date.now() / 1000);
const old = { created_at: now - 40 * 86_400, last_used_at: now - 40 * 86_400 };

describe('faults: a cache that was laid out to mislead a prune', function () {
  this.timeout(60_000);
  let sentinel: Sentinel;
  let cache: string;
  afterEach(() => assertInvariants(cache, sentinel));
  const folder = useFolder();
  const outside = () => path.join(folder(), 'sentinel');
  beforeEach(() => {
    sentinel = plantSentinel(folder());
    cache = makeCache(path.join(folder(), 'cache'));
  });

  const byAge = async () =>
    applyPrune(await planPrune({ cacheDir: cache, mode: 'age', days: 30 }, ports), {}, ports);
  const orphans = async () =>
    applyPrune(await planPrune({ cacheDir: cache, mode: 'orphans' }, ports), {}, ports);
  const files = () =>
    walk(cache).filter((file) => !file.includes('.lock') && !file.includes('.hpc-compose-vscode'));
  const write = (relative: string, text: string) => {
    const file = path.join(cache, relative);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    return file;
  };

  it('F37 a sidecar without a key, or with dots as one, never stands for the folder that holds it', async () => {
    const staged = addStaged(cache, 'dataset', 'hf://demo/young');
    write('datasets/mine/thesis.tex', 'mine');
    for (const name of ['.dataset.json', '..dataset.json', '...dataset.json', '.model.json', '.source.json'])
      for (const at of ['.', 'datasets', 'datasets/mine', 'base'])
        write(`${at}/${name}`, manifestText({ kind: 'dataset', cache_key: '', ...old }));
    const before = files();
    assert.equal((await byAge()).removed_count, 0);
    assert.equal((await orphans()).removed_count, 0);
    assert.deepEqual(files(), before);
    assert.ok(fs.existsSync(staged));
  });

  it('F37 a sidecar or a mark never makes an entry of a folder of the cache itself', async () => {
    const app = addPrepared(cache, 'app');
    const base = addBase(cache, 'docker://redis:7');
    for (const name of ['base', 'prepared', 'datasets'])
      write(`${name}.dataset.json`, manifestText({ kind: 'dataset', cache_key: name, ...old }));
    write(
      'models/.hpc-compose-staged-complete.json',
      JSON.stringify({ kind: 'model', cache_key: 'x', uri: 'x' }),
    );
    fs.utimesSync(path.join(cache, 'models/.hpc-compose-staged-complete.json'), 1, 1);
    const before = files();
    assert.equal((await byAge()).removed_count, 0);
    assert.deepEqual(files(), before);
    assert.ok(fs.existsSync(app) && fs.existsSync(base));
  });

  it('F42 a manifest that calls an image a data set does not make a directory in its place removable', async () => {
    const file = addPrepared(cache, 'liar', { ...old, artifact: false });
    write(`prepared/${path.basename(file)}/inner/thesis.tex`, 'mine');
    const image = addBase(cache, 'docker://redis:7', old);
    for (const manifest of [file, image])
      fs.writeFileSync(`${manifest}.json`, manifestText({ kind: 'dataset', cache_key: 'k', ...old }));
    const staged = addStaged(cache, 'model', 'hf://demo/model', old);
    fs.writeFileSync(`${staged}.model.json`, manifestText({ kind: 'base', cache_key: 'k', ...old }));
    const before = files();
    assert.equal((await byAge()).removed_count, 0);
    assert.deepEqual(files(), before);
  });

  it('F38 a data set that is a link goes as a link; what it leads to stays', async () => {
    const staged = addStaged(cache, 'dataset', 'hf://demo/data', old);
    fs.rmSync(staged, { recursive: true });
    fs.symlinkSync(outside(), staged);
    assert.deepEqual((await byAge()).removed_paths, [staged]);
    assert.deepEqual(
      files().filter((file) => file.includes('/datasets/')),
      [],
    );
  });

  it('F40 a store of enroot that is a link is neither swept nor pruned of layers', async () => {
    const elsewhere = path.join(folder(), 'elsewhere');
    fs.renameSync(path.join(cache, 'enroot'), elsewhere);
    fs.symlinkSync(elsewhere, path.join(cache, 'enroot'));
    const dead = spawnSync('true').pid;
    const laid = [`tmp/hpc-compose-enroot-${dead}`, `data/hpc-compose-a-${dead}-1-0`, 'cache/layer'];
    for (const name of laid) fs.mkdirSync(path.join(elsewhere, name));
    for (const name of laid) fs.utimesSync(path.join(elsewhere, name), 1, 1);
    assert.deepEqual((await sweepCache(cache, ports)).removed, []);
    const plan = await planPrune({ cacheDir: cache, mode: 'layers' }, ports);
    assert.deepEqual(plan.entries, []);
    for (const name of laid) assert.ok(fs.existsSync(path.join(elsewhere, name)), name);
  });

  it('F40 our own folder being a link to somewhere else, nothing there is tidied up', async () => {
    const elsewhere = path.join(folder(), 'elsewhere');
    for (const name of ['', 'inputs', 'journal', 'owners', 'kept']) {
      fs.mkdirSync(path.join(elsewhere, name), { recursive: true });
      fs.writeFileSync(path.join(elsewhere, name, 'draft.tmp.txt'), 'mine');
      fs.utimesSync(path.join(elsewhere, name, 'draft.tmp.txt'), 1, 1);
    }
    fs.writeFileSync(path.join(elsewhere, 'journal/old.jsonl'), 'mine');
    fs.utimesSync(path.join(elsewhere, 'journal/old.jsonl'), 1, 1);
    fs.writeFileSync(
      path.join(elsewhere, 'owners/mine.owner'),
      JSON.stringify({ pid: 1, host: '', boot_id: '', start_time: '', scratch: [] }),
    );
    const before = walk(elsewhere);
    fs.symlinkSync(elsewhere, path.join(cache, '.hpc-compose-vscode'));
    addPrepared(cache, 'app', old);
    assert.equal((await byAge()).removed_count, 1);
    await sweepCache(cache, ports);
    assert.deepEqual(walk(elsewhere), before);
  });

  it('F46 an edited plan removes nothing but what belongs where it lies', async () => {
    addPrepared(cache, 'app');
    const mine = [
      write('thesis/chapter.tex', 'mine'),
      write('base/notes.txt', 'mine'),
      write('notes.sqsh.d/x', 'mine'),
      write('datasets/mine/data.bin', 'mine'),
      write('runtime.txt', 'mine'),
    ];
    const targets = [
      ...mine,
      ...mine.map((file) => path.dirname(file)),
      cache,
      outside(),
      path.join(cache, 'prepared'),
    ];
    const spelled = [
      `${cache}/../sentinel/file`,
      `${cache}/prepared/../../sentinel`,
      `${cache}/base/..`,
      `${cache}/base/.`,
    ];
    const kinds = [
      'base',
      'prepared',
      'dataset',
      'model',
      'source',
      'unknown',
      'orphan',
      'layer',
      'runtime',
    ] as const;
    const entries = [...targets, ...spelled].flatMap((file) => kinds.map((kind) => entryAt(file, kind)));
    const before = files();
    const result = await applyPrune(planWith(entries), {}, ports);
    assert.deepEqual(
      [result.removed_count, result.skipped.length],
      [0, entries.length - result.failed.length],
    );
    assert.deepEqual(files(), before);
  });

  it('F46 a saved plan does not take what a living process works on', async () => {
    const scratch = path.join(cache, `enroot/tmp/hpc-compose-enroot-${process.pid}`);
    const staged = path.join(
      cache,
      `base/.0123456789abcdef-x.hpc-compose-stage-${process.pid}-${Date.now()}000000-0.sqsh`,
    );
    fs.mkdirSync(scratch);
    fs.writeFileSync(staged, 'half');
    fs.utimesSync(scratch, 2_000_000_000, 2_000_000_000);
    const result = await applyPrune(
      planWith([scratch, staged].map((file) => entryAt(file, 'orphan'))),
      {},
      ports,
    );
    assert.deepEqual(
      result.skipped.map(({ why }) => why),
      ['its owner may be alive', 'its owner may be alive'],
    );
    assert.ok(fs.existsSync(scratch) && fs.existsSync(staged));
  });

  function entryAt(file: string, kind: PrunePlanEntry['kind']): PrunePlanEntry {
    const { ino, mtimeNs } = identityOf(fs.lstatSync(file, { bigint: true }));
    return {
      path: file,
      kind,
      cache_key: '',
      ino,
      mtime_ns: mtimeNs,
      bytes: 0,
      reason: '',
      action: 'remove',
    };
  }
  const planWith = (entries: PrunePlanEntry[]): PrunePlan => ({
    schema_version: 1,
    created_at: now,
    cache_dir: cache,
    mode: 'orphans',
    entries,
    bytes: 0,
  });

  it('F41 what is mounted inside of a tree that goes stays whole', async function () {
    if (!canMount()) skipBecause(this, 'no mount namespace here');
    const staged = addStaged(cache, 'dataset', 'hf://demo/data', old);
    fs.mkdirSync(path.join(staged, 'a/mounted'), { recursive: true });
    const script = 'mount --bind "$OUTSIDE" "$AT" || exit 77; "$@"';
    const command = [process.execPath, CLI, 'cache', 'prune', '--age', '30', '--yes', '--format', 'json'];
    const ended = await runProgram(
      [...NAMESPACE, 'sh', '-c', script, 'sh', ...command, '--cache-dir', cache],
      {
        cwd: folder(),
        env: { OUTSIDE: outside(), AT: path.join(staged, 'a/mounted') },
      },
    );
    if (ended.code === 77) skipBecause(this, 'nothing can be mounted on a folder here');
    assert.equal(ended.code, 1);

    assert.match(ended.stderr, /something is mounted there/);
  });

  it('F68 refuses what holds home, and root or home under another name', async () => {
    const home = path.join(cache, 'base/home');
    fs.mkdirSync(home);
    const at = (directory: string, env: Record<string, string>) =>
      runCli(['cache', 'prune', '--age', '0', '--yes', '--force-dir', '--cache-dir', directory], {
        cwd: folder(),
        env,
      });
    const inside = await at(cache, { HOME: home });
    assert.equal(inside.code, 1);
    assert.match(inside.stderr, /the home directory .* lies in it/);
    fs.symlinkSync(cache, path.join(folder(), 'link'));
    for (const [directory, HOME] of [
      [path.join(folder(), 'link'), cache],
      [cache, path.join(folder(), 'link')],
      ['/proc/self/root', '/nonexistent'],
      ['//', '/nonexistent'],
    ] as const) {
      const ended = await at(directory, { HOME });
      assert.equal(ended.code, 1, directory);
      assert.match(ended.stderr, /it is (a home|the root) directory/);
    }
    if (!canMount()) return;
    const twice = [...NAMESPACE, 'sh', '-c', 'mkdir "$AT" && mount --rbind / "$AT" || exit 77; "$@"', 'sh'];
    const mounted = await runCli(
      ['cache', 'prune', '--age', '0', '--yes', '--force-dir', '--cache-dir', `${folder()}/again`],
      {
        cwd: folder(),
        env: { AT: `${folder()}/again` },
        prefix: twice,
      },
    );
    // Some containers let nobody mount their root again.
    if (mounted.code !== 77) assert.match(mounted.stderr, /it is the root directory/);
  });

  it('F60 pins and records of uses that cannot be read protect everything', async () => {
    const app = addPrepared(cache, 'app', old);
    await changePins(cache, [addPrepared(cache, 'pinned', old)], true, ports);
    const pins = path.join(cache, '.hpc-compose-vscode/pins.json');
    const good = fs.readFileSync(pins, 'utf8');
    for (const bad of ['', good.slice(0, 20), '[]', '{"pins":[1]}']) {
      fs.writeFileSync(pins, bad);
      await assert.rejects(byAge(), /what is pinned is not known/);
      await assert.rejects(changePins(cache, [app], true, ports), /what is pinned is not known/);
      assert.equal(fs.readFileSync(pins, 'utf8'), bad);
      assert.equal(readPins(cache).size, 0);
    }
    fs.writeFileSync(pins, good);
    recordUse(cache, '/specs/gone.yaml', [app]);
    recordUse(cache, '/specs/other.yaml', [app]);
    const mine = planOf(cache, [planService(cache, 'mine', 'docker://redis:7')]);
    const unused = async () => {
      const references = await resolveReferences(cache, [mine], () => Promise.resolve({ gone: true }));
      return planPrune({ cacheDir: cache, mode: 'all_unused', references, includeUnrecorded: true }, ports);
    };
    assert.equal((await unused()).entries.filter(({ action }) => action === 'remove').length, 1);
    const record = walk(path.join(cache, '.hpc-compose-vscode/registry')).find((file) =>
      file.endsWith('.use'),
    );
    fs.writeFileSync(record!, '{"cut');
    const kept = (await unused()).entries;
    assert.ok(kept.every(({ action }) => action === 'keep'));
    assert.match(kept[0]?.reason ?? '', /who uses it is not known for sure: .*\.use cannot be read/);
  });

  it('F60 another project’s images are judged by that project’s settings, not by ours', async () => {
    const project = (name: string, tag: string) => {
      const at = path.join(folder(), name);
      fs.mkdirSync(path.join(at, '.hpc-compose'), { recursive: true });
      fs.writeFileSync(
        path.join(at, '.hpc-compose/settings.toml'),
        `version = 1\n[defaults.env]\nTAG = "${tag}"\n`,
      );
      const spec = path.join(at, 'compose.yaml');
      fs.writeFileSync(
        spec,
        `x-slurm: {cache_dir: ${cache}}\nservices:\n  a: {image: "redis:\${TAG:-1}", command: "true"}\n`,
      );
      const image = addBase(cache, `docker://redis:${tag}`);
      recordUse(cache, spec, [image]);
      return { at, spec, image };
    };
    const [mine, other] = [project('mine', '7'), project('other', '8')];
    const ended = await runCli(
      ['cache', 'prune', '--all-unused', '-f', mine.spec, '--yes', '--format', 'json'],
      {
        cwd: mine.at,
        env: { TAG: undefined },
      },
    );
    assert.equal(ended.code, 0, ended.stderr);
    assert.ok(fs.existsSync(mine.image) && fs.existsSync(other.image));
  });

  it('F33 a completion mark of any size is not read whole', async () => {
    const staged = addStaged(cache, 'dataset', 'hf://demo/data');
    fs.rmSync(`${staged}.dataset.json`);
    const mark = path.join(staged, '.hpc-compose-staged-complete.json');
    fs.writeFileSync(mark, '');
    fs.truncateSync(mark, 3 * 1024 ** 3);
    assert.equal((await planPrune({ cacheDir: cache, mode: 'age', days: 0 }, ports)).entries.length, 1);
  });

  it('F44 names that are no UTF-8 are left alone, whole trees of them can be removed', async () => {
    const odd = (directory: string, end: string) =>
      Buffer.concat([Buffer.from(`${directory}/0123456789abcdef-`), Buffer.from([0xff]), Buffer.from(end)]);
    const staged = addStaged(cache, 'dataset', 'hf://demo/data', old);
    fs.mkdirSync(odd(staged, ''));
    fs.writeFileSync(Buffer.concat([odd(staged, '/'), Buffer.from([0xfe])]), 'x');
    const image = odd(path.join(cache, 'base'), '.sqsh');
    fs.writeFileSync(image, 'x');
    fs.writeFileSync(Buffer.concat([image, Buffer.from('.json')]), manifestText({ ...old }));
    assert.deepEqual((await byAge()).removed_paths, [staged]);
    assert.equal((await orphans()).removed_count, 0);
    assert.ok(fs.existsSync(image) && !fs.existsSync(staged));
  });
});
