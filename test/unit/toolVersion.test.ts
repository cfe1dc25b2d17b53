import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProcess } from '../../server/src/core/process.ts';
import { detectTool } from '../../server/src/core/toolVersion.ts';
import { loadPlan } from '../../server/src/load/loadPlan.ts';
import { runCli } from '../helpers/cli.ts';
import { useFolder } from '../helpers/folder.ts';

describe('version of the tool on PATH', function () {
  this.timeout(30_000);
  const folder = useFolder();
  const env = () => ({ HOME: folder(), PATH: `${folder()}:${process.env.PATH ?? ''}` });
  function install(script: string): void {
    const file = join(folder(), 'hpc-compose');
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }
  const load = (toolVersion?: string) =>
    loadPlan({ cwd: folder(), env: env(), ...(toolVersion === undefined ? {} : { toolVersion }) });

  it('is read from --version', async () => {
    install('[ "$1" = --version ] && echo "hpc-compose 0.9.1"');
    assert.deepEqual(await detectTool(env(), runProcess), {
      path: join(folder(), 'hpc-compose'),
      version: '0.9.1',
    });
  });

  it('is unknown when there is no tool, or it says something else', async () => {
    assert.equal(await detectTool({ PATH: folder() }, runProcess), undefined);
    install('echo hello; exit 3');
    assert.equal(await detectTool(env(), runProcess), undefined);
  });

  it('enters the keys only when asked for', async () => {
    install('echo "hpc-compose 0.9.1"');
    writeFileSync(join(folder(), 'compose.yaml'), 'services: {a: {image: redis, command: x}}\n');
    const [plain, adopted, given] = [await load(), await load('detected'), await load('0.9.1')];
    assert.equal(plain.plan.toolVersion, '0.2.3');
    assert.equal(adopted.plan.toolVersion, '0.9.1');
    assert.equal(adopted.plan.services[0]?.base?.key, given.plan.services[0]?.base?.key);
    assert.notEqual(adopted.plan.services[0]?.base?.key, plain.plan.services[0]?.base?.key);
  });

  it('is told by prepare and inspect when it makes other keys, and a miss for it is explained', async () => {
    install('echo "hpc-compose 0.9.1"');
    writeFileSync(
      join(folder(), 'compose.yaml'),
      'x-slurm: {cache_dir: ./c}\nservices: {a: {image: redis}}\n',
    );
    const cli = (...args: string[]) => runCli(args, { cwd: folder(), env: env() });
    const tool = ['--enroot-bin', join(import.meta.dirname, '../helpers/enroot/enroot.mjs')];
    const prepared = await cli('prepare', ...tool);
    assert.equal(prepared.code, 0, prepared.stderr);
    const told =
      /hint: .*\/hpc-compose is hpc-compose 0\.9\.1, these keys are of 0\.2\.3.*--tool-version detected/;
    assert.match(prepared.stderr, told);
    const inspected = await cli('cache', 'inspect');
    assert.match(inspected.stderr, told);
    assert.match(inspected.stdout, /current reuse expectation: cache hit/);
    const adopted = await cli('cache', 'inspect', '--tool-version', 'detected');
    assert.doesNotMatch(adopted.stderr, /hint/);
    assert.match(adopted.stdout, /why: tool version changed: 0\.2\.3 -> 0\.9\.1/);
  });

  it('is an error when asked for and not there', async () => {
    writeFileSync(join(folder(), 'compose.yaml'), 'services: {a: {image: redis, command: x}}\n');
    await assert.rejects(loadPlan({ cwd: folder(), env: { PATH: folder() }, toolVersion: 'detected' }), {
      code: 'tool-missing',
    });
  });
});

describe('prepare --format json', function () {
  this.timeout(30_000);
  const folder = useFolder();

  it('gives one object with the findings for a spec that cannot be used', async () => {
    writeFileSync(join(folder(), 'compose.yaml'), 'services:\n  a:\n    imag: redis\n');
    const ended = await runCli(['prepare', '--format', 'json'], { cwd: folder() });
    assert.equal(ended.code, 2);
    const answer = JSON.parse(ended.stdout) as Record<string, unknown>;
    assert.deepEqual(
      { ...answer, findings: (answer.findings as { code: string }[]).map(({ code }) => code) },
      {
        schema_version: 1,
        valid: false,
        compose_file: join(folder(), 'compose.yaml'),
        services: [],
        error: { code: 'spec-invalid', message: `The spec ${join(folder(), 'compose.yaml')} has errors.` },
        findings: ['R030'],
      },
    );
  });
});
