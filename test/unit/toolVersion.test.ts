import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProcess } from '../../server/src/core/process.ts';
import { detectTool } from '../../server/src/core/toolVersion.ts';
import { loadPlan } from '../../server/src/load/loadPlan.ts';
import { useFolder } from '../helpers/folder.ts';

describe('version of the tool on PATH', () => {
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

  it('is an error when asked for and not there', async () => {
    writeFileSync(join(folder(), 'compose.yaml'), 'services: {a: {image: redis, command: x}}\n');
    await assert.rejects(loadPlan({ cwd: folder(), env: { PATH: folder() }, toolVersion: 'detected' }), {
      code: 'tool-missing',
    });
  });
});
