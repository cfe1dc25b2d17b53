// Faults on prune: a kill at any step, a failing disk, planted links and swapped directories, other projects' images.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { narrowPlan } from '../../client/src/prunePresets.ts';
import { listCache } from '../../server/src/core/list.ts';
import { applyPrune } from '../../server/src/core/prune/applyPrune.ts';
import { planPrune } from '../../server/src/core/prune/planPrune.ts';
import type { Manifest, PruneResult } from '../../server/src/model/cache.ts';
import { recordUse } from '../../server/src/core/registry.ts';
import {
  addBase,
  addPrepared,
  addStaged,
  keyOf,
  makeCache,
  VERSION,
  type ImageOptions,
} from '../helpers/cacheBuilder.ts';
import { runCli, startCli, type Ended } from '../helpers/cli.ts';
import { useFolder } from '../helpers/folder.ts';
import { assertInvariants, plantSentinel, type Sentinel } from '../helpers/invariants.ts';
import { INJECTORS } from '../helpers/inject.ts';
import { testPorts } from '../helpers/ports.ts';
import { skipBecause } from '../helpers/skip.ts';

const now = Math.floor(Date.now() / 1000);
const old = { created_at: now - 40 * 86_400, last_used_at: now - 40 * 86_400 };

describe('faults on pruning a cache', function () {
  this.timeout(120_000);
  let sentinel: Sentinel;
  let cache: string;
  afterEach(() => assertInvariants(cache, sentinel));
  const folder = useFolder();
  beforeEach(() => {
    sentinel = plantSentinel(folder());
    cache = makeCache(path.join(folder(), 'cache'));
  });

  const cli = (args: readonly string[], prefix: readonly string[] = []): Promise<Ended> =>
    runCli(['cache', ...args], { cwd: folder(), prefix });
  const prune = (args: readonly string[], prefix?: readonly string[]) =>
    cli(['prune', '--cache-dir', cache, '--yes', '--format', 'json', ...args], prefix);
  const byAge = async (prefix?: readonly string[]) => {
    const ended = await prune(['--age', '30'], prefix);
    return { ended, result: ended.stdout === '' ? undefined : (JSON.parse(ended.stdout) as PruneResult) };
  };
  /** Saves the plan of a prune by age, as it was printed but for what `edit` does to it. */
  const savePlan = async (edit = (text: string) => text) => {
    const args = ['prune', '--age', '30', '--cache-dir', cache, '--dry-run', '--format', 'json'];
    const { stdout } = await cli(args);
    const file = path.join(folder(), 'plan.json');
    fs.writeFileSync(file, edit(stdout));
    return file;
  };
  const states = async () => {
    const { stdout } = await cli(['list', '--long', '--format', 'json', '--cache-dir', cache]);
    const { entries } = JSON.parse(stdout) as { entries: (Manifest & { state: string })[] };
    return Object.fromEntries(entries.map((entry) => [entry.artifact_path, entry.state]));
  };
  const ports = testPorts();
  /** In this process: what others see, and what finishes, needs no command line each time. */
  const seen = async () =>
    Object.fromEntries(
      (await listCache(cache, ports)).entries.map(({ artifact_path, state }) => [artifact_path, state]),
    );
  const finish = async () => {
    const plan = await planPrune({ cacheDir: cache, mode: 'age', days: 30 }, ports);
    assert.deepEqual((await applyPrune(plan, {}, ports)).failed, []);
  };
  const olds = (count: number, options: ImageOptions = {}) =>
    Array.from({ length: count }, (_, index) => addPrepared(cache, `old-${index}`, { ...old, ...options }));
  const remaining = () =>
    fs.readdirSync(path.join(cache, 'prepared')).filter((name) => /\.sqsh(\.json)?$/.test(name));

  for (const injector of INJECTORS) {
    it(`F08 a kill at each unlink leaves entries that are shown, and a repeat finishes (${injector.name})`, async function () {
      if (injector.missing !== undefined) skipBecause(this, injector.missing);
      const kept = addPrepared(cache, 'kept');
      for (let step = 1; ; step++) {
        const files = olds(2);
        const prefix = injector.prefix({ call: 'unlink', fault: 'kill', when: step });
        const { ended } = await byAge(prefix);
        if (ended.code === 0) {
          assert.ok(step > 4, `${step} steps`);
          break;
        }
        const shown = await seen();
        for (const file of files) {
          const [artifact, manifest] = [fs.existsSync(file), fs.existsSync(`${file}.json`)];
          assert.ok(manifest || !artifact, 'an image without manifest would be invisible');
          if (manifest) assert.equal(shown[file], artifact ? 'ok' : 'being-removed');
        }
        await finish();
        assert.deepEqual(remaining().sort(), [path.basename(kept), `${path.basename(kept)}.json`].sort());
      }
    });

    it(`F08 a kill while a data set goes away never leaves half of one that looks complete (${injector.name})`, async function () {
      if (injector.missing !== undefined) skipBecause(this, injector.missing);
      const staged = addStaged(cache, 'dataset', 'hf://demo/data', old);
      fs.writeFileSync(path.join(staged, '.hpc-compose-hf-complete'), '');
      for (let index = 0; index < 5; index++) fs.writeFileSync(path.join(staged, `part-${index}`), 'x');
      const prefix = injector.prefix({ call: 'unlink', fault: 'kill', when: 3 });
      await byAge(prefix);
      assert.ok(!fs.existsSync(staged));
      const hidden = fs.readdirSync(path.join(cache, 'datasets')).filter((name) => name.includes('removing'));
      assert.equal(hidden.length, 1);
      assert.equal((await prune(['--orphans'])).code, 0);
      assert.ok(!fs.readdirSync(path.join(cache, 'datasets')).some((name) => name.includes('removing')));
    });

    it(`F22 goes on after a failing unlink and names what failed (${injector.name})`, async function () {
      if (injector.missing !== undefined) skipBecause(this, injector.missing);
      const files = olds(4);
      for (let step = 1; step <= 3; step++) {
        const prefix = injector.prefix({ call: 'unlink', fault: 'EIO', when: step });
        const { ended, result } = await byAge(prefix);
        assert.equal(ended.code, 1);
        assert.equal(result?.failed.length, 1);
        assert.ok(files.includes(result.failed[0]?.path ?? ''));
        assert.equal(result.removed_count, 3);
        await finish();
        assert.deepEqual(remaining(), []);
        olds(4);
      }
    });
  }

  it('F08 without strace: what a killed prune was about to remove is shown as being removed', async () => {
    const [file = ''] = olds(1);
    fs.rmSync(file);
    const journal = path.join(cache, '.hpc-compose-vscode/journal');
    fs.mkdirSync(journal, { recursive: true });
    fs.writeFileSync(
      path.join(journal, 'x.jsonl'),
      `${JSON.stringify({ removing: [path.relative(cache, file)] })}\n{"path":"cu`,
    );
    assert.equal((await states())[file], 'being-removed');
    assert.equal((await byAge()).result?.removed_count, 1);
    assert.deepEqual(remaining(), []);
  });

  it('F09 a kill in the middle of a big prune: a repeat finishes, and the journal tells what went', async () => {
    olds(1500, { size: 0 });
    const { child, ended } = startCli(['cache', 'prune', '--cache-dir', cache, '--yes', '--age', '30'], {
      cwd: folder(),
    });
    while (remaining().length > 2800) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await ended;
    const left = remaining();
    const journal = path.join(cache, '.hpc-compose-vscode/journal');
    const text = fs
      .readdirSync(journal)
      .map((name) => fs.readFileSync(path.join(journal, name), 'utf8'))
      .join('');
    assert.match(text, /"removing"/);
    assert.doesNotMatch(text, /"done"/);
    const again = await byAge();
    assert.equal(again.ended.code, 0);
    assert.ok((again.result?.removed_count ?? 0) >= left.length / 2 - 1);
    assert.deepEqual(remaining(), []);
  });

  it('F11 a prune whose output cannot be written keeps a record of what went', async () => {
    const files = olds(3);
    const ended = await prune(['--age', '30'], ['sh', '-c', 'exec "$0" "$@" > /dev/full']);
    assert.equal(ended.code, 1);
    const journal = path.join(cache, '.hpc-compose-vscode/journal');
    const text = fs
      .readdirSync(journal)
      .map((name) => fs.readFileSync(path.join(journal, name), 'utf8'))
      .join('');
    for (const file of files) assert.ok(text.includes(path.basename(file)));
  });

  it('F37 F38 never removes what lies outside, wherever manifests and links point', async () => {
    const outside = path.join(folder(), 'sentinel');
    addPrepared(cache, 'outside', { ...old, artifact_path: path.join(outside, 'image.sqsh') });
    const linked = addPrepared(cache, 'linked', { ...old, artifact: false });
    fs.symlinkSync(path.join(outside, 'image.sqsh'), linked);
    const manifest = addPrepared(cache, 'manifest', old);
    fs.renameSync(`${manifest}.json`, path.join(folder(), 'moved.json'));
    fs.symlinkSync(path.join(folder(), 'moved.json'), `${manifest}.json`);
    const { ended, result } = await byAge();
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(result?.removed_count, 3);
    assert.deepEqual(remaining(), []);
    assert.ok(fs.existsSync(path.join(folder(), 'moved.json')));
  });

  it('F39 refuses a planted lock and leaves the foreign file as it is', async () => {
    const [file = '', other = ''] = olds(2);
    const foreign = path.join(folder(), 'foreign');
    fs.writeFileSync(foreign, '', { mode: 0o644 });
    for (const lock of ['.build.lock', '.json.lock']) {
      fs.rmSync(file + lock);
      fs.symlinkSync(foreign, file + lock);
    }
    const { ended, result } = await byAge();
    assert.equal(ended.code, 1);
    assert.deepEqual(result?.failed, [{ path: file, code: 'lock-unsafe' }]);
    assert.deepEqual(result.removed_paths, [other]);
    assert.equal(fs.statSync(foreign).mode & 0o777, 0o644);
    for (const lock of ['.build.lock', '.json.lock']) fs.rmSync(file + lock);
  });

  it('F41 a directory swapped for a link while pruning leads nowhere', async () => {
    const elsewhere = path.join(folder(), 'elsewhere');
    fs.cpSync(path.join(cache, 'prepared'), elsewhere, { recursive: true });
    const files = olds(40, { size: 0 });
    for (const file of files)
      for (const suffix of ['', '.json'])
        fs.copyFileSync(file + suffix, path.join(elsewhere, path.basename(file) + suffix));
    const before = fs.readdirSync(elsewhere).sort();
    const [prepared, aside] = [path.join(cache, 'prepared'), path.join(cache, 'aside')];
    const script = `
      const fs = require('node:fs'); const [prepared, aside, elsewhere] = process.argv.slice(1);
      process.on('SIGTERM', () => { try { fs.unlinkSync(prepared); } catch {} try { fs.renameSync(aside, prepared); } catch {} process.exit(0); });
      const swap = () => { for (let i = 0; i < 50; i++) {
        try { fs.renameSync(prepared, aside); fs.symlinkSync(elsewhere, prepared); } catch {}
        try { fs.unlinkSync(prepared); fs.renameSync(aside, prepared); } catch {} } setImmediate(swap); };
      swap();`;
    const swapper = spawn(process.execPath, ['-e', script, prepared, aside, elsewhere]);
    try {
      for (let round = 0; round < 4; round++) await prune(['--age', '30']);
    } finally {
      swapper.kill('SIGTERM');
      await new Promise((resolve) => swapper.once('close', resolve));
    }
    assert.deepEqual(fs.readdirSync(elsewhere).sort(), before);
    assert.equal((await byAge()).ended.code, 0);
    assert.deepEqual(remaining(), []);
  });

  it('F42 does not remove a directory at the place of an image', async () => {
    const file = addPrepared(cache, 'directory', { ...old, artifact: false });
    fs.mkdirSync(path.join(file, 'inner'), { recursive: true });
    const { ended, result } = await byAge();
    assert.deepEqual([ended.code, result?.removed_count], [0, 0]);
    assert.ok(fs.existsSync(path.join(file, 'inner')));
  });

  it('F46 leaves foreign files alone', async () => {
    const files = ['base/notes.txt', 'package-lock.json', 'thesis/chapter.tex'].map((name) =>
      path.join(cache, name),
    );
    for (const file of files) {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, 'mine');
    }
    olds(1);
    for (const mode of [['--age', '0'], ['--orphans'], ['--budget', '0'], ['--layers']])
      assert.equal((await prune(mode)).code, 0);
    for (const file of files) assert.equal(fs.readFileSync(file, 'utf8'), 'mine');
  });

  const SPEC = (service: string) =>
    `name: ${service}\nx-slurm:\n  cache_dir: ${cache}\nservices:\n  ${service}:\n    image: redis:7\n    command: "true"\n    x-runtime:\n      prepare:\n        commands: ["echo ${service}"]\n`;
  const project = (service: string) => {
    const spec = path.join(folder(), `${service}.yaml`);
    fs.writeFileSync(spec, SPEC(service));
    const base = addBase(cache, 'docker://redis:7');
    const commands = [`echo ${service}`];
    const image = addPrepared(cache, service, {
      source_image: 'docker://redis:7',
      prepare_commands: commands,
      cache_key: keyOf('prepared', VERSION, 'pyxis', 'docker://redis:7', ...commands, 'root=true'),
    });
    recordUse(cache, spec, [base, image]);
    return { spec, base, image };
  };

  it('F59 removes nothing that a spec refers to, by whatever spelling the cache is named', async () => {
    const { spec, base, image } = project('mine');
    const link = path.join(folder(), 'link');
    fs.symlinkSync(cache, link);
    for (const spelling of [cache, './cache', `${cache}/`, `${folder()}/./sentinel/../cache`, link]) {
      const ended = await cli([
        'prune',
        '--all-unused',
        '--include-unrecorded',
        '-f',
        spec,
        '--cache-dir',
        spelling,
        '--yes',
        '--format',
        'json',
      ]);
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal((JSON.parse(ended.stdout) as PruneResult).removed_count, 0, spelling);
    }
    assert.ok(fs.existsSync(base) && fs.existsSync(image));
  });

  it('F60 keeps other projects’ images and names them', async () => {
    const mine = project('mine');
    const other = project('other');
    const unused = addPrepared(cache, 'mine', { prepare_commands: ['before'] });
    recordUse(cache, mine.spec, [unused]);
    const plan = await cli(['prune', '--all-unused', '-f', mine.spec, '--dry-run']);
    assert.match(plan.stdout, new RegExp(`keep\\t${other.image}\\t.*referenced by ${other.spec}`));
    const ended = await cli(['prune', '--all-unused', '-f', mine.spec, '--yes', '--format', 'json']);
    assert.deepEqual((JSON.parse(ended.stdout) as PruneResult).removed_paths, [unused]);
    fs.rmSync(other.spec);
    const later = await cli(['prune', '--all-unused', '-f', mine.spec, '--yes', '--format', 'json']);
    assert.deepEqual((JSON.parse(later.stdout) as PruneResult).removed_paths, [other.image]);
  });

  it('F61 takes an entry for a hit through a link to the cache, and adopts what was moved', async () => {
    const { spec, image } = project('mine');
    const link = path.join(folder(), 'link');
    fs.symlinkSync(cache, link);
    fs.writeFileSync(spec, SPEC('mine').replace(cache, link));
    const linked = await cli(['inspect', '-f', spec]);
    assert.match(linked.stdout, /current reuse expectation: cache hit/);
    fs.rmSync(link);
    fs.renameSync(cache, link);
    const moved = await cli(['inspect', '-f', spec]);
    assert.match(moved.stdout, /cache miss/);
    assert.match(moved.stdout, /why: recorded at/);
    assert.equal((await cli(['adopt', '--cache-dir', link])).code, 0);
    assert.match((await cli(['inspect', '-f', spec])).stdout, /cache hit/);
    fs.renameSync(link, cache);
    assert.ok(fs.existsSync(image));
  });

  it('F35 F36 says that an image without manifest will be built again, and names a moved one', async () => {
    const { spec, image } = project('mine');
    const text = fs.readFileSync(`${image}.json`, 'utf8');
    fs.rmSync(`${image}.json`);
    assert.match(
      (await cli(['inspect', '-f', spec])).stdout,
      /present but not committed, will be built again/,
    );
    fs.writeFileSync(`${image}.json`, text.replace(image, '/elsewhere/image.sqsh'));
    assert.match((await cli(['inspect', '-f', spec])).stdout, /recorded at \/elsewhere\/image.sqsh/);
  });

  it('F54 does not wait behind a build: what is locked is skipped and named', async () => {
    const [file = '', other = ''] = olds(2);
    const holder = spawn('flock', ['-x', `${file}.build.lock`, 'sh', '-c', 'echo held; sleep 60'], {
      detached: true,
    });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    try {
      const { ended, result } = await byAge();
      assert.equal(ended.code, 0);
      assert.deepEqual(result?.removed_paths, [other]);
      assert.deepEqual(result.skipped, [{ path: file, why: 'in use: another process holds its lock' }]);
    } finally {
      process.kill(-(holder.pid ?? 0));
      await new Promise((resolve) => holder.once('close', resolve));
    }
  });

  it('F68 refuses the root, home, projects and what is no cache, and says what is missing', async () => {
    const project = path.join(folder(), 'project');
    fs.mkdirSync(path.join(project, 'base'), { recursive: true });
    fs.writeFileSync(path.join(project, 'compose.yaml'), '');
    const at = (directory: string, ...more: string[]) =>
      runCli(['cache', 'prune', '--age', '0', '--yes', '--cache-dir', directory, ...more], {
        cwd: folder(),
        env: { HOME: cache },
      });
    for (const directory of ['/', cache]) {
      assert.equal((await at(directory)).code, 1);
      assert.equal((await at(directory, '--force-dir')).code, 1);
    }
    const refused = await at(project);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /does not look like a cache: it holds compose\.yaml/);
    assert.equal((await at(project, '--force-dir')).code, 0);
  });

  it('F69 gets along with few descriptors', async () => {
    olds(60, { size: 0 });
    const { ended, result } = await byAge(['sh', '-c', 'ulimit -n 48; exec "$0" "$@"']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(result?.removed_count, 60);
  });

  it('applies a plan to its own directory only, by any spelling, also with its numbers written as numbers', async () => {
    olds(1);
    const file = await savePlan((text) => text.replace(/"ino": "(\d+)"/, '"ino": $1'));
    const other = await cli(['prune', '--plan', file, '--yes', '--cache-dir', folder()]);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /the plan is for .*, not for the --cache-dir/);
    const link = path.join(folder(), 'link');
    fs.symlinkSync(cache, link);
    const applied = await cli(['prune', '--plan', file, '--yes', '--cache-dir', link, '--format', 'json']);
    assert.equal(applied.code, 0, applied.stderr);
    assert.equal((JSON.parse(applied.stdout) as PruneResult).removed_count, 1);
  });

  it('pins nothing outside of a cache, and makes no file there', async () => {
    const other = path.join(folder(), 'other/files');
    fs.mkdirSync(other, { recursive: true });
    fs.writeFileSync(path.join(other, 'a'), '');
    for (const words of [
      ['pin', path.join(other, 'a')],
      ['unpin', path.join(other, 'a')],
      ['pin', '/etc/passwd'],
    ]) {
      const { code, stderr } = await cli(words);
      assert.equal(code, 1);
      assert.match(stderr, /does not look like a cache/);
    }
    assert.deepEqual(fs.readdirSync(path.dirname(other)), ['files']);
    const missing = await cli(['pin', path.join(cache, 'base/none.sqsh')]);
    assert.match(missing.stderr, /none\.sqsh cannot be used: there is no such entry/);
  });

  it('adopts no image that was cut short', async () => {
    const [image = ''] = olds(1);
    const moved = path.join(folder(), 'moved');
    fs.renameSync(cache, moved);
    const there = path.join(moved, path.relative(cache, image));
    fs.truncateSync(there, 0);
    const { stdout } = await cli(['adopt', '--cache-dir', moved, '--format', 'json']);
    const { adopted, skipped } = JSON.parse(stdout) as { adopted: string[]; skipped: { path: string }[] };
    assert.deepEqual([adopted, skipped.map((entry) => entry.path)], [[], [there]]);
    assert.match(fs.readFileSync(`${there}.json`, 'utf8'), new RegExp(image));
  });

  it('applies a saved plan as it is, and asks for a yes without a terminal', async () => {
    const files = olds(2);
    const file = await savePlan();
    addPrepared(cache, 'later', old);
    assert.equal((await cli(['prune', '--plan', file])).code, 1);
    const applied = await cli(['prune', '--plan', file, '--yes', '--format', 'json']);
    assert.deepEqual((JSON.parse(applied.stdout) as PruneResult).removed_paths.sort(), files.sort());
    assert.equal(remaining().length, 2);
    assert.equal((await cli(['prune', '--age', '1', '--orphans'])).code, 2);
    assert.equal((await cli(['prune'])).code, 2);
    assert.equal((await cli(['prune', '--all-unused'])).code, 2);
  });

  it('applies a saved plan that names only what goes', async () => {
    const [chosen, other] = olds(2);
    const request = { cacheDir: cache, mode: 'age', days: 30, removalsOnly: true } as const;
    const plan = await planPrune(request, ports);
    const file = path.join(folder(), 'plan.json');
    fs.writeFileSync(file, JSON.stringify(narrowPlan(plan, new Set([chosen!]))));
    const shown = await cli(['prune', '--plan', file, '--dry-run']);
    assert.ok(shown.stdout.includes('would remove: 1') && !shown.stdout.includes(other!), shown.stdout);
    const applied = await cli(['prune', '--plan', file, '--yes', '--format', 'json']);
    assert.deepEqual((JSON.parse(applied.stdout) as PruneResult).removed_paths, [chosen]);
    assert.ok(fs.existsSync(other!));
  });
});
