// What a look at a plan found is given again, the very same value, only while nothing that it says could have changed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { createCommitmentMemory } from '../../server/src/core/commitmentMemory.ts';
import { createInspectMemory, type InspectWithSizes } from '../../server/src/core/inspectMemory.ts';
import { inspectWithSizes, type SizedInspection } from '../../server/src/core/inspectSizes.ts';
import type { CachePlan } from '../../server/src/model/plan.ts';
import { addBase, makeCache, planOf, planService } from '../helpers/cacheBuilder.ts';
import { useFolder } from '../helpers/folder.ts';
import { testPorts } from '../helpers/ports.ts';

const IMAGE = 'docker://redis:7';

describe('the memory of looks at plans', () => {
  const folder = useFolder();
  const ports = testPorts();
  let cache: string;
  let image: string;
  let plan: CachePlan;
  let inspect: InspectWithSizes;
  /** What is found, which always equals a look without memory. */
  const look = async (): Promise<SizedInspection> => {
    const found = await inspect(plan, ports);
    assert.deepEqual(found, await inspectWithSizes(plan, ports));
    return found;
  };
  beforeEach(() => {
    cache = makeCache(path.join(folder(), 'cache'));
    image = addBase(cache, IMAGE);
    plan = planOf(
      cache,
      ['a', 'b'].map((name) => planService(cache, name, IMAGE, { prepare: false })),
    );
    inspect = createInspectMemory(createCommitmentMemory(() => Date.now() + 60_000));
  });

  it('gives the same value while plan and images are the same', async () => {
    const found = await look();
    assert.equal(found.inspected.services[0]?.current_reuse_expectation, 'cache hit');
    assert.equal(await look(), found);
    // Another plan object of the same services, as requests make it.
    plan = { ...plan };
    assert.equal(await look(), found);
  });

  it('looks again when an image or its manifest changed', async () => {
    const found = await look();
    fs.appendFileSync(image, 'x'.repeat(10_000));
    const grown = await look();
    assert.notEqual(grown, found);
    fs.rmSync(image);
    assert.equal((await look()).inspected.services[0]?.current_reuse_expectation, 'cache miss');
    assert.notEqual(await look(), grown);
  });

  it('looks again when the plan masks other values', async () => {
    const found = await look();
    plan = { ...plan, secretValues: ['redis'] };
    assert.notDeepEqual(await look(), found);
  });

  it('looks at services that are missing an image each time', async () => {
    plan = { ...plan, services: [...plan.services, planService(cache, 'c', 'docker://other:1')] };
    const found = await look();
    assert.notEqual(await look(), found);
  });

  it('looks each time at an image of a service that no manifest tells of', async () => {
    const file = path.join(folder(), 'own.sqsh');
    const { base: _base, ...service } = planService(cache, 'own', file, { prepare: false });
    plan = planOf(cache, [{ ...service, source: { kind: 'local-sqsh', path: file }, runtimePath: file }]);
    assert.equal((await look()).inspected.services[0]?.current_reuse_expectation, 'local image missing');
    fs.writeFileSync(file, 'x');
    assert.equal((await look()).inspected.services[0]?.current_reuse_expectation, 'local image present');
  });
});
