// Where a spec names its services, for going to definitions, finding uses and renaming.
import assert from 'node:assert/strict';
import { badServiceName, serviceNameAt, serviceNames } from '../../server/src/language/serviceNames.ts';
import { parseYaml } from '../../server/src/spec/parse.ts';

const spec = `x-slurm: {}
services:
  store:
    image: redis:7
  "loader":
    image: a
    depends_on: [store, other]
    extends: store
  trainer:
    image: store
    depends_on:
      loader:
        condition: service_started
      store: {}
    extends: {service: store, file: base.yaml}
    x-slurm:
      placement:
        share_with: 'store'
  last:
    image: a
    extends: store.yaml
`;

const names = () => serviceNames(parseYaml(spec, '/p/c.yaml').root);
const written = (name: string) =>
  names()
    .filter((one) => one.name === name)
    .map(({ span, isDefinition }) => [
      spec.slice(0, span.start).split('\n').length,
      spec.slice(span.start, span.end),
      isDefinition,
    ]);

describe('names of services', () => {
  it('are found where they are defined and wherever they are meant', () => {
    assert.deepEqual(written('store'), [
      [3, 'store', true],
      [7, 'store', false],
      [8, 'store', false],
      [14, 'store', false],
      [18, "'store'", false],
    ]);
    assert.deepEqual(written('loader'), [
      [5, '"loader"', true],
      [12, 'loader', false],
    ]);
  });

  it('are none where another file, an image or an unknown service is meant', () => {
    assert.deepEqual(written('other'), []);
    assert.deepEqual(written('store.yaml'), []);
  });

  it('are found by a place in them, its ends included', () => {
    const start = spec.indexOf('store, other');
    assert.equal(serviceNameAt(names(), start)?.name, 'store');
    assert.equal(serviceNameAt(names(), start + 5)?.name, 'store');
    assert.equal(serviceNameAt(names(), start + 8), undefined);
  });

  it('can become any name that is free', () => {
    assert.equal(badServiceName('cache-1', names(), 'store'), undefined);
    assert.equal(badServiceName('store', names(), 'store'), undefined);
    assert.match(badServiceName('loader', names(), 'store') ?? '', /already/);
    assert.match(badServiceName('a b', names(), 'store') ?? '', /letters/);
  });

  it('are told once where an anchor and its aliases share them', () => {
    const shared = 'services:\n  a: {}\n  b:\n    depends_on: &d [a]\n  c:\n    depends_on: *d\n';
    const found = serviceNames(parseYaml(shared, '/c.yaml').root).filter(({ name }) => name === 'a');
    assert.equal(found.length, 2);
  });

  it('are none in text that has no services', () => {
    assert.deepEqual(serviceNames(parseYaml('x-slurm: {}\nservices: 3\n', '/c.yaml').root), []);
    assert.deepEqual(serviceNames(undefined), []);
  });
});
