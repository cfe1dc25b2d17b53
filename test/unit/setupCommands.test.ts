// Exit codes and JSON of setup, preflight and rendezvous, by the built command line.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PreflightReport } from '../../server/src/model/preflight.ts';
import { runCli } from '../helpers/cli.ts';
import { useFolder } from '../helpers/folder.ts';

describe('commands for the surroundings of a spec', function () {
  this.timeout(30_000);
  const folder = useFolder();
  const run = (...args: string[]) => runCli(args, { cwd: folder(), env: { HOME: join(folder(), 'home') } });

  it('rendezvous: 0 and JSON when it worked, 1 when there is none, 2 for wrong use', async () => {
    const where = ['--cache-dir', './c', '--format', 'json'];
    const register = ['rendezvous', 'register', 'n', '--host', 'h', '--port', '80', ...where];
    const registered = await run(...register, '--job-id', '7');
    assert.equal(registered.code, 0, registered.stderr);
    const { record_path, cache_dir } = JSON.parse(registered.stdout) as Record<string, string>;
    assert.deepEqual([record_path, cache_dir], ['./c/rendezvous/n/7-manual.json', './c']);
    const listed = await run('rendezvous', 'list', ...where);
    assert.equal((JSON.parse(listed.stdout) as unknown[]).length, 1);
    assert.equal((await run('rendezvous', 'resolve', 'nope', ...where)).code, 1);
    const withoutJob = await runCli(register, { cwd: folder(), env: { SLURM_JOB_ID: undefined } });
    assert.equal(withoutJob.code, 2);
  });

  it('setup: starts a new profile with the spec of the defaults, and makes the file private', async () => {
    const file = join(folder(), 'settings.toml');
    const text =
      'default_profile = "a"\n[defaults]\ncompose_file = "d.yaml"\n[profiles.a]\ncompose_file = "a.yaml"\n';
    writeFileSync(file, text, { mode: 0o644 });
    const set = (...args: string[]) =>
      run('setup', '--non-interactive', '--settings-file', file, '--format', 'json', ...args);
    assert.equal((await set()).code, 0);
    assert.equal(readFileSync(file, 'utf8'), text);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const { stdout } = await set('--profile-name', 'b');
    assert.equal((JSON.parse(stdout) as { compose_file: string }).compose_file, 'd.yaml');
    assert.match(readFileSync(file, 'utf8'), /\[profiles\.b\]\ncompose_file = "d\.yaml"/);
  });

  it('setup: takes binaries without the blanks around them, and none without a path', async () => {
    const set = (value: string) => run('setup', '--non-interactive', '--binary', value, '--format', 'json');
    const { stdout } = await set(' srun = /y ');
    assert.equal((JSON.parse(stdout) as { binaries: { srun: string } }).binaries.srun, '/y');
    const { code, stderr } = await set('srun= ');
    assert.equal(code, 1);
    assert.match(stderr, /--binary srun= names no executable/);
  });

  it('setup: writes without asking, clears, and refuses unknown binaries with 1', async () => {
    mkdirSync(join(folder(), '.git'));
    const written = await run('setup', '--non-interactive', '--cache-dir', '/tmp/x', '--format', 'json');
    assert.equal(written.code, 0, written.stderr);
    assert.match(written.stderr, /warning: .*local to each node/);
    assert.equal((JSON.parse(written.stdout) as { cache_dir: string }).cache_dir, '/tmp/x');
    const cleared = await run('setup', '--non-interactive', '--clear', 'cache-dir', '--format', 'json');
    assert.equal((JSON.parse(cleared.stdout) as { cache_dir: null }).cache_dir, null);
    const refused = await run('setup', '--non-interactive', '--binary', 'nope=/x');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /unknown binaries: nope/);
  });

  it('gives 1 where a file that the settings name is missing, and 2 for the spec itself', async () => {
    const settings = join(folder(), '.hpc-compose/settings.toml');
    mkdirSync(join(folder(), '.hpc-compose'));
    writeFileSync(settings, 'version = 1\n[defaults]\nenv_files = ["gone.env"]\n');
    const commands = [['preflight'], ['cache', 'inspect'], ['prepare'], ['validate']];
    const codes = async () =>
      (await Promise.all(commands.map((words) => run(...words)))).map(({ code }) => code);
    writeFileSync(join(folder(), 'compose.yaml'), 'services: {a: {image: x, command: y}}\n');
    assert.deepEqual(await codes(), [1, 1, 1, 1]);
    rmSync(settings);
    writeFileSync(join(folder(), 'compose.yaml'), 'services: {a: {image: 3}}\n');
    assert.deepEqual(await codes(), [2, 2, 2, 2]);
  });

  it('preflight: 3 when something stands in the way; the text is on stderr, JSON on stdout', async () => {
    const spec = 'x-slurm: {cache_dir: ./cache}\nservices: {a: {image: ./no.sqsh, command: x}}\n';
    writeFileSync(join(folder(), 'compose.yaml'), spec);
    const json = await run('preflight', '--format', 'json');
    assert.equal(json.code, 3);
    const { blockers } = JSON.parse(json.stdout) as PreflightReport;
    assert.ok(blockers.some(({ message }) => message.includes(join(folder(), 'no.sqsh'))));
    const text = await run('preflight');
    assert.equal(text.stdout, '');
    assert.match(text.stderr, /Blockers:\n- .*\n {2}remediation: /);
  });
});
