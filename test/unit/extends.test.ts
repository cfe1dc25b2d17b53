import assert from 'node:assert/strict';
import { resolveExtends } from '../../server/src/spec/extends.ts';
import type { FileState, SpecFiles } from '../../server/src/spec/files.ts';
import { stringOf, valueAt } from '../../server/src/spec/node.ts';
import { parseYaml } from '../../server/src/spec/parse.ts';

const SPEC = '/p/compose.yaml';

function filesOf(texts: Readonly<Record<string, string | FileState>>): SpecFiles {
  return {
    read: (path) => {
      const state = texts[path] ?? { kind: 'missing' };
      return typeof state === 'string' ? { kind: 'text', text: state } : state;
    },
  };
}

function resolve(text: string, texts: Readonly<Record<string, string | FileState>> = {}) {
  const all: Record<string, string | FileState> = { ...texts, [SPEC]: text };
  const { root } = parseYaml(text, SPEC);
  const result = resolveExtends(SPEC, root, filesOf(all), parseYaml);
  const findings = result.findings.map(({ code, span }) => {
    const source = all[span.file];
    return [code, span.file, typeof source === 'string' ? source.slice(span.start, span.end) : ''];
  });
  return { ...result, places: findings };
}

const image = (result: ReturnType<typeof resolve>, service: string) =>
  stringOf(valueAt(result.root, 'services', service, 'image'));

describe('extends', () => {
  it('merges mappings, joins lists, replaces the rest, and merges volumes by container path', () => {
    const result = resolve(
      'extends: b.yaml\nservices:\n  a:\n    image: new\n    command: [c]\n    volumes: ["/x:/one:ro", "/y:/two"]\n',
      {
        '/p/b.yaml':
          'steps:\n  a: {image: old, command: [b], volumes: ["/o:/one", "/k:/keep"], environment: {A: "1"}}\n',
      },
    );
    assert.deepEqual(result.places, []);
    const service = valueAt(result.root, 'services', 'a');
    const items = (key: string) => {
      const node = valueAt(service, key);
      return node?.kind === 'seq' ? node.items.map(stringOf) : undefined;
    };
    assert.equal(image(result, 'a'), 'new');
    assert.deepEqual(items('command'), ['b', 'c']);
    assert.deepEqual(items('volumes'), ['/x:/one:ro', '/k:/keep', '/y:/two']);
    assert.equal(valueAt(service, 'environment')?.span.file, '/p/b.yaml');
  });

  it('resolves relative bases against the file that names them', () => {
    const result = resolve('services:\n  a: {extends: sub/b.yaml}\n', {
      '/p/sub/b.yaml': 'services:\n  a: {extends: {file: c.yaml, service: z}}\n',
      '/p/sub/c.yaml': 'services:\n  z: {image: deep}\n',
    });
    assert.deepEqual(result.places, []);
    assert.equal(image(result, 'a'), 'deep');
  });

  it('follows 30,000 services that extend each other', () => {
    const count = 30_000;
    const services = Array.from({ length: count }, (_, index) =>
      index === 0 ? '  s0: {image: first}' : `  s${index}: {extends: s${index - 1}}`,
    );
    const result = resolve(`services:\n${services.toReversed().join('\n')}\n`);
    assert.equal(image(result, `s${count - 1}`), 'first');
  }).timeout(20_000);

  const problems: readonly (readonly [string, string, Record<string, string | FileState>, string[][]])[] = [
    ['R008 a root base that is no text', 'extends: [a]\n', {}, [['R008', SPEC, 'extends']]],
    ['R009 a base that is missing', 'extends: no.yaml\n', {}, [['R009', SPEC, 'no.yaml']]],
    [
      'R009 a base that cannot be read',
      'services:\n  a: {extends: x/b.yaml}\n',
      { '/p/x/b.yaml': { kind: 'unreadable', reason: 'EACCES' } },
      [['R009', SPEC, 'x/b.yaml']],
    ],
    [
      'R010 files that extend each other',
      'extends: b.yaml\n',
      { '/p/b.yaml': 'extends: ./compose.yaml\n' },
      [['R010', SPEC, 'b.yaml']],
    ],
    [
      'R010 a ring that the root only leads to, once',
      'extends: b.yaml\n',
      { '/p/b.yaml': 'extends: c.yaml\n', '/p/c.yaml': 'extends: b.yaml\n' },
      [['R010', '/p/b.yaml', 'c.yaml']],
    ],
    [
      'R012 an unknown key',
      'services:\n  a: {extends: {service: b, fil: c}}\n  b: {}\n',
      {},
      [['R012', SPEC, 'fil']],
    ],
    ['R013 another type', 'services:\n  a: {extends: 5}\n', {}, [['R013', SPEC, '5']]],
    ['R013 no service', 'services:\n  a: {extends: {file: b.yaml}}\n', {}, [['R013', SPEC, 'extends']]],
    ['R014 an unknown service', 'services:\n  a: {extends: nope}\n', {}, [['R014', SPEC, 'nope']]],
    ['R015 a service that extends itself', 'services:\n  a: {extends: a}\n', {}, [['R015', SPEC, 'a']]],
    [
      'R015 a ring of services, once',
      'services:\n  a: {extends: b}\n  b: {extends: {service: c}}\n  c: {extends: a}\n',
      {},
      [['R015', SPEC, 'b']],
    ],
    [
      'R016 a base without that service',
      'services:\n  a: {extends: {file: b.yaml, service: z}}\n',
      { '/p/b.yaml': 'services:\n  y: {}\n' },
      [['R016', SPEC, 'z']],
    ],
    [
      'damage of a base, in the base, once for two users',
      'services:\n  a: {extends: {file: b.yaml, service: a}}\n  b: {extends: {file: b.yaml, service: b}}\n',
      { '/p/b.yaml': 'services: {a: {}, b: {}, a: {}}\n' },
      [['R006', '/p/b.yaml', 'a']],
    ],
  ];
  for (const [title, text, texts, expected] of problems) {
    it(`finds ${title}`, () => assert.deepEqual(resolve(text, texts).places, expected));
  }

  it('names what is incomplete and what is still to be read, and reports neither', () => {
    const result = resolve(
      'services:\n  a: {extends: {file: b.yaml, service: x}}\n  c: {extends: a}\n  d: {}\n',
      {
        '/p/b.yaml': { kind: 'pending' },
      },
    );
    assert.deepEqual(result.places, []);
    assert.deepEqual(result.pending, ['/p/b.yaml']);
    assert.deepEqual([...result.incompleteServices], ['a', 'c']);
  });
});
