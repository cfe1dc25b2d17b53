// Code lenses: their places, their constant number, their words.
import assert from 'node:assert/strict';
import { lensesByKey, lensPlaces, type LensFacts } from '../../server/src/language/lenses.ts';
import { headerText, serviceText, type ServiceState } from '../../server/src/language/lensState.ts';
import type { InspectService, ReuseExpectation, Why } from '../../server/src/model/cache.ts';
import { parseYaml } from '../../server/src/spec/parse.ts';

const style = { units: 'binary', now: 1_000_000 } as const;
const spec = 'x-slurm:\n  time: "1"\nservices:\n  app:\n    image: a\n  worker:\n    image: b\n';
const places = lensPlaces(parseYaml(spec, '/p/compose.yaml').root)!;

const codeLenses = (...given: Parameters<typeof lensesByKey>) => [...lensesByKey(...given)].flat();

function inspected(reuse: ReuseExpectation, why: Why[] = [], lastUsed?: number): ServiceState {
  const service: InspectService = {
    service_name: 'app',
    source_image: 'docker://a',
    base_registry: null,
    base_artifact: null,
    runtime_artifact: {
      path: '/c/a.sqsh',
      artifact_present: true,
      manifest_path: '/c/a.sqsh.json',
      manifest: lastUsed === undefined ? null : ({ last_used_at: lastUsed } as never),
    },
    current_reuse_expectation: reuse,
    note: null,
    why,
  };
  return { kind: 'inspected', service, bytes: 1.2 * 1024 ** 3 };
}

function factsWith(state: ServiceState, detail: LensFacts['detail'] = 'full'): LensFacts {
  return { uri: 'file:///p/compose.yaml', detail, header: { kind: 'unknown' }, stateOf: () => state };
}

describe('code lenses', () => {
  it('stand over services and each service, in the order of the document', () => {
    assert.equal(spec.slice(places.services.start, places.services.end), 'services');
    assert.deepEqual(
      places.each.map(({ name, span }) => [name, spec.slice(span.start, span.end)]),
      [
        ['app', 'app'],
        ['worker', 'worker'],
      ],
    );
  });

  it('know `steps` as another name for services', () => {
    const root = parseYaml('x-slurm: {}\nsteps:\n  one: {image: a}\n', '/p/c.yaml').root;
    assert.deepEqual(
      lensPlaces(root)?.each.map(({ name }) => name),
      ['one'],
    );
  });

  it('are none without services', () => {
    assert.equal(lensPlaces(parseYaml('x-slurm: {}\n', '/p/c.yaml').root), undefined);
    assert.equal(lensPlaces(undefined), undefined);
  });

  it('keep their number in every state', () => {
    const step = { service: 'app', phase: 'import', message: 'importing', fraction: 0.4 } as const;
    const states: ServiceState[] = [
      { kind: 'unknown' },
      { kind: 'untrusted' },
      { kind: 'unreachable' },
      { kind: 'spec-errors' },
      { kind: 'running', step },
      { kind: 'failed', at: 0, message: 'x' },
      inspected('cache hit'),
      inspected('cache miss'),
      inspected('host runtime'),
    ];
    const counts = new Set(states.map((state) => codeLenses(places, factsWith(state), style).length));
    assert.deepEqual([...counts], [4 + 2 * 3]);
  });

  it('show states alone when compact and nothing when off', () => {
    assert.equal(codeLenses(places, factsWith({ kind: 'unknown' }, 'compact'), style).length, 3);
    assert.equal(codeLenses(places, factsWith({ kind: 'unknown' }, 'off'), style).length, 0);
  });

  it('carry one argument with uri and service, and no command that removes anything but the asking prune', () => {
    const lenses = codeLenses(places, factsWith(inspected('cache hit')), style);
    assert.deepEqual(lenses.at(-1)?.argument, { uri: 'file:///p/compose.yaml', service: 'worker' });
    const commands = new Set(lenses.map(({ command }) => command));
    assert.deepEqual([...commands].sort(), [
      'cache.inspect',
      'cache.prune',
      'prepareAll',
      'prepareService',
      'stateMenu',
    ]);
  });

  it('offer Cancel in the place of Prepare while a prepare runs', () => {
    const step = { service: 'app', phase: 'import', message: 'importing', fraction: 0.425 } as const;
    const lenses = codeLenses(places, factsWith({ kind: 'running', step }), style);
    assert.deepEqual(
      lenses.slice(4, 7).map(({ title }) => title),
      ['$(sync~spin) importing · 42 %', 'Cancel', 'Inspect'],
    );
  });
});

describe('words of a lens', () => {
  it('say what the next prepare does', () => {
    const text = (reuse: ReuseExpectation) => serviceText(inspected(reuse), style);
    assert.equal(
      serviceText(inspected('cache hit', [], 1_000_000 - 3 * 86_400), style),
      '$(check) cached · 1.2 GiB · used 3 d ago',
    );
    assert.equal(text('cache miss'), '$(circle-outline) not prepared');
    assert.equal(text('rebuild on prepare'), '$(history) rebuilds each prepare: mounts');
    assert.equal(text('local image missing'), '$(error) local image does not exist');
  });

  it('name the input that made an image stale', () => {
    const image: Why = { input: 'image', before: 'a:1', after: 'a:2' };
    const version: Why = { input: 'tool version', before: 'v0.9', after: 'v1.0' };
    assert.equal(serviceText(inspected('cache miss', [image]), style), '$(warning) stale: image changed');
    assert.equal(
      serviceText(inspected('cache miss', [image, version]), style),
      '$(warning) stale: image and 1 more changed',
    );
    assert.equal(
      serviceText(inspected('cache miss', [version]), style),
      '$(warning) built by v0.9, tool is v1.0',
    );
  });

  it('compare the cache with its budget', () => {
    const cache = {
      schema_version: 1,
      cache_dir: '/project/p/cache',
      exists: true,
      totals: { entries: 2, bytes: 3 * 1024 ** 3 },
      free_bytes: null,
    } as const;
    const at = (budget: number | undefined) =>
      headerText({ kind: 'listed', cache: { ...cache, problems: [] }, budget }, style);
    assert.equal(at(undefined), '$(database) 3.0 GiB · /project/p/cache');
    assert.equal(at(4 * 1024 ** 3), '$(database) 3.0 GiB of 4.0 GiB · /project/p/cache');
    assert.equal(at(2 * 1024 ** 3), '$(warning) 3.0 GiB of 2.0 GiB · /project/p/cache');
  });
});
