// Values of `secrets:` and of variables with secret names, as every command of ours shows them: never, but in paths of images and
// in the bytes of manifests, which are hpc-compose's.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../helpers/cli.ts';
import { useFolder } from '../helpers/folder.ts';
import { walk } from '../helpers/invariants.ts';
import { STAND_IN } from '../helpers/plans.ts';

const SECRETS = ['file-s3cret', 'env-s3cret', 'pass-s3cret'];
const SPEC = `x-slurm: {cache_dir: ./cache}
secrets:
  one: {file: one.txt}
  two: {env: TWO}
services:
  app:
    image: "reg.example/\${one}/app:1"
    command: "true"
    x-runtime:
      prepare:
        commands: ["echo file-s3cret", "login pass-s3cret", "echo plain"]
        env: {PLAIN: "\${one}", MIXED: "a-\${two}-b", DB_PASSWORD: pass-s3cret}
        mounts: ["./\${two}:/data"]
`;

describe('secret values in what is shown', function () {
  this.timeout(60_000);
  const folder = useFolder();
  const cli = (...args: string[]) => {
    const tool = args[0] === 'prepare' ? ['--enroot-bin', STAND_IN] : [];
    return runCli([...args, ...tool], { cwd: folder(), env: { HOME: folder(), TWO: 'env-s3cret' } });
  };
  const assertHidden = (text: string, about: string) => {
    for (const value of SECRETS) assert.ok(!text.includes(value), `${value} in ${about}: ${text}`);
  };

  const isFile = (path: string) => statSync(path).isFile();

  beforeEach(() => {
    writeFileSync(join(folder(), 'one.txt'), 'file-s3cret\n');
    writeFileSync(join(folder(), 'compose.yaml'), SPEC);
    mkdirSync(join(folder(), 'env-s3cret'));
  });

  it('are in no output of any command, with a spec and without one, nor in files of ours', async () => {
    const prepared = await cli('prepare', '--debug', '--format', 'json');
    assert.equal(prepared.code, 0, prepared.stderr);
    assertHidden(prepared.stdout + prepared.stderr, 'prepare');
    const cache = ['--cache-dir', join(folder(), 'cache')];
    const commands = [
      ['cache', 'list', ...cache],
      ['cache', 'list', ...cache],
      ['cache', 'list', '--long', ...cache],
      ['cache', 'inspect'],
      ['cache', 'prune', '--age', '0', '--dry-run', ...cache],
      ['cache', 'verify', ...cache],
      ['preflight', '--verbose'],
    ];
    for (const command of commands)
      for (const format of ['text', 'json']) {
        const { stdout, stderr } = await cli(...command, '--format', format);
        assertHidden(stdout + stderr, `${command.join(' ')} as ${format}`);
      }
    const listed = JSON.parse((await cli('cache', 'list', ...cache, '--format', 'json')).stdout) as {
      prepare_commands: string[];
      prepare_env: string[];
      source_image: string;
    }[];
    assert.deepEqual(
      listed.map(({ source_image }) => source_image),
      Array(2).fill('docker://reg.example/<redacted>/app:1'),
    );
    assert.deepEqual(listed[1]?.prepare_commands, ['echo <redacted>', 'login <redacted>', 'echo plain']);
    assert.deepEqual(listed[1].prepare_env, [
      'DB_PASSWORD=<redacted>',
      'MIXED=<redacted>',
      'PLAIN=<redacted>',
    ]);
    const own = walk(join(folder(), 'cache/.hpc-compose-vscode'));
    assert.ok(own.some((file) => file.endsWith('.masks')));
    for (const file of own.filter(isFile)) assertHidden(readFileSync(file, 'utf8'), file);
    const manifests = walk(join(folder(), 'cache')).filter((file) => file.endsWith('.sqsh.json'));
    assert.ok(manifests.some((file) => readFileSync(file, 'utf8').includes('PLAIN=file-s3cret')));
  });

  it('explain a rebuild when they change, without showing them', async () => {
    writeFileSync(
      join(folder(), 'compose.yaml'),
      SPEC.replace(/ {8}mounts.*\n/, '').replace('"echo file-s3cret", ', ''),
    );
    await cli('prepare');
    writeFileSync(join(folder(), 'one.txt'), 'file-s3cret-2\n');
    const { stdout } = await cli('cache', 'inspect', '--service', 'app');
    assertHidden(stdout, 'inspect');
    assert.match(
      stdout,
      /why: image changed: docker:\/\/reg\.example\/<redacted>\/app:1 \(\w{8}\) -> .*<redacted>/,
    );
  });

  it('are forgotten with the image', async () => {
    await cli('prepare');
    const where = ['--cache-dir', join(folder(), 'cache')];
    const { code, stderr } = await cli('cache', 'prune', '--age', '0', '--yes', ...where);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      walk(join(folder(), 'cache/.hpc-compose-vscode')).filter((file) => file.endsWith('.masks')),
      [],
    );
  });

  it('are in no finding about a spec', async () => {
    writeFileSync(
      join(folder(), 'compose.yaml'),
      `secrets: {one: {file: one.txt}}\nx-slurm: {time: "\${one}"}\nservices:\n  app: {image: "./\${one}", command: x}\n`,
    );
    for (const command of [['cache', 'inspect'], ['prepare'], ['preflight'], ['validate']])
      for (const format of ['text', 'json']) {
        const { code, stdout, stderr } = await cli(...command, '--format', format);
        assert.equal(code, 2);
        assert.match(stdout + stderr, /R143/);
        assertHidden(stdout + stderr, command.join(' '));
      }
  });
});
