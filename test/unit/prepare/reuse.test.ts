// What a reuse costs and what it must notice, where hpc-compose does too much or says nothing.
import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from '../../../server/src/core/prepare/prepare.ts';
import type { ServicePlan } from '../../../server/src/model/plan.ts';
import { createFingerprints } from '../../../server/src/load/fingerprints.ts';
import { planOf, type ServiceSketch } from '../../helpers/plans.ts';
import { faultyFiles } from '../../helpers/faultyFiles.ts';
import { useFolder } from '../../helpers/folder.ts';
import { testPorts } from '../../helpers/ports.ts';

describe('reuse', function () {
  this.timeout(60_000);
  const folder = useFolder();
  const run = async (services: readonly ServiceSketch[], files = faultyFiles()) => {
    const ports = testPorts({ files }, { FAKE_BYTES: '4096' });
    const plan = planOf({ cacheDir: join(folder(), 'cache'), services });
    await prepare(plan, {}, ports);
    return { calls: files.calls };
  };

  it('of a base that is the image of its service writes its manifest once', async () => {
    await run([{ name: 'a', image: 'redis:7' }]);
    const { calls } = await run([{ name: 'a', image: 'redis:7' }]);
    assert.equal(calls.filter((call) => call.startsWith('rename') && call.endsWith('.json')).length, 1);
  });

  it('reads each manifest once', async () => {
    const services = [{ name: 'a', image: 'redis:7', prepare: { commands: ['x'] } }];
    await run(services);
    const { calls } = await run(services);
    const opened = calls.filter((call) => call.startsWith('open ') && call.endsWith('.sqsh.json'));
    assert.equal(opened.length, 2);
    assert.equal(new Set(opened).size, 2);
  });

  it('warns when the key that is found was made by other commands', async () => {
    const sketch = { name: 'a', image: 'redis:7', prepare: { commands: ['x', 'A=b'] } };
    const plan = planOf({ cacheDir: join(folder(), 'cache'), services: [sketch] });
    const [service] = plan.services;
    const other = { ...service!, prepare: { ...service!.prepare!, commands: ['x'], env: ['A=b'] } };
    const logOf = async (services: readonly ServicePlan[]) => {
      const ports = testPorts({}, { FAKE_BYTES: '4096' });
      const result = await prepare({ ...plan, services }, {}, ports);
      return `${result.services[0]?.runtime_image.action ?? ''} ${ports.logged.join('\n')}`;
    };
    assert.match(await logOf(plan.services), /^built/);
    assert.match(await logOf([other]), /^reused .*was made by other commands, mounts or variables/s);
    assert.doesNotMatch(await logOf(plan.services), /was made by other/);
  });

  it('hashes a local image once for as long as it does not change', async function () {
    const bytesRead = () => Number(/^rchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
    const image = join(folder(), 'a.sqsh');
    writeFileSync(image, 'one');
    truncateSync(image, 64 * 1024 * 1024);
    const fingerprints = createFingerprints();
    const first = await fingerprints.of(image);
    const before = bytesRead();
    assert.equal(await fingerprints.of(image), first);
    assert.ok(bytesRead() - before < 16 * 1024 * 1024);
    writeFileSync(image, 'two');
    assert.notEqual(await fingerprints.of(image), first);
  });
});
