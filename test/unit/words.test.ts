// Hover and completion: the schema's words at the right place, also while the text does not parse.
import assert from 'node:assert/strict';
import { completionsAt } from '../../server/src/language/completion.ts';
import { hoverAt } from '../../server/src/language/hover.ts';
import { parseYaml } from '../../server/src/spec/parse.ts';

const spec = `x-slurm:
  time: "00:10:00"
  cache_dir: /project/c
services:
  app:
    image: redis:7
    readiness:
      type: tcp
      port: 6379
`;

function hover(word: string, facts: { cacheDir?: string; state?: string } = {}) {
  const offset = spec.indexOf(word) + 1;
  const found = hoverAt(parseYaml(spec, '/p/c.yaml').root, offset, {
    ...(facts.cacheDir === undefined ? {} : { cacheDir: facts.cacheDir }),
    stateOf: () => facts.state,
  });
  return found && { text: found.markdown, at: spec.slice(found.span.start, found.span.end) };
}

/** Labels offered where `|` stands. */
function labels(text: string): string[] {
  const offset = text.indexOf('|');
  return completionsAt(text.replace('|', ''), offset).map(({ label }) => label);
}

describe('hover', () => {
  it('shows the words of the schema on a key', () => {
    assert.match(hover('time')?.text ?? '', /time/i);
    assert.equal(hover('time')?.at, 'time');
    assert.match(hover('readiness')?.text ?? '', /ready/);
  });

  it('finds words in shapes that depend on a type', () => {
    assert.match(hover('port:')?.text ?? '', /[Pp]ort/);
  });

  it('says nothing on values that it knows nothing of', () => {
    assert.equal(hover('00:10:00'), undefined);
  });

  it('shows the resolved cache directory and the state of an image', () => {
    assert.match(
      hover('/project/c', { cacheDir: 'Cache directory: /project/c' })?.text ?? '',
      /Cache directory: \/project\/c/,
    );
    assert.equal(hover('redis:7', { state: 'Cached' })?.text, 'Cached');
    assert.match(hover('image', { state: 'Cached' })?.text ?? '', /^Cached\n/);
  });
});

describe('completion', () => {
  it('offers keys of the place, without those that are there', () => {
    const found = labels('x-slurm:\n  time: "1"\n  |\n');
    assert.ok(found.includes('cache_dir') && found.includes('partition'));
    assert.ok(!found.includes('time') && !found.includes('image'));
  });

  it('offers keys of a service and of the root', () => {
    assert.ok(labels('x-slurm: {}\nservices:\n  app:\n    im|').includes('image'));
    assert.ok(labels('x-slurm: {}\n|').includes('services'));
    assert.ok(!labels('x-slurm: {}\nservices:\n  app:\n    image: a\n    |').includes('image'));
  });

  it('offers the values that the schema lists', () => {
    const found = labels('x-slurm: {}\nservices:\n  app:\n    image: a\n    readiness:\n      type: |');
    assert.deepEqual(found.sort(), ['http', 'log', 'sleep', 'tcp']);
  });

  it('goes on while the text above does not parse', () => {
    assert.ok(labels('x-slurm:\n  time: "1\n  |').includes('cache_dir'));
  });

  it('replaces what is typed and does not write a second colon', () => {
    const text = 'x-slurm:\n  cach: x\n';
    const [found] = completionsAt(text, text.indexOf('cach') + 4).filter(
      ({ label }) => label === 'cache_dir',
    );
    assert.deepEqual([found?.start, found?.newText], [text.indexOf('cach'), 'cache_dir']);
  });

  it('offers nothing in plain values', () => {
    assert.deepEqual(labels('x-slurm:\n  job_name: my|'), []);
    assert.deepEqual(labels('services:\n  app:\n    command: echo he|'), []);
  });

  const services = 'x-slurm: {}\nservices:\n  a:\n    image: x\n  b:\n    image: y\n  c:\n';

  it('offers other services where one is named', () => {
    assert.deepEqual(labels(`${services}    depends_on:\n      - |`), ['a', 'b']);
    assert.deepEqual(labels(`${services}    depends_on:\n      - a\n      - |`), ['b']);
    assert.deepEqual(labels(`${services}    depends_on: [a, |`), ['a', 'b']);
    assert.deepEqual(labels(`${services}    depends_on:\n      |`), ['a', 'b']);
    assert.deepEqual(labels(`${services}    x-slurm:\n      placement:\n        share_with: |`), ['a', 'b']);
  });

  it('offers the conditions of a dependency', () => {
    const found = labels(`${services}    depends_on:\n      a:\n        condition: |`);
    assert.deepEqual(found, ['service_started', 'service_healthy', 'service_completed_successfully']);
  });

  it('offers directories for the cache and images that it holds', () => {
    const facts = { cacheDirectories: ['/project/me/cache'], images: ['redis:7'] };
    const at = (text: string) => completionsAt(text.replace('|', ''), text.indexOf('|'), facts);
    const [directory] = at('x-slurm:\n  cache_dir: /pro|');
    assert.deepEqual([directory?.newText, directory?.start], ['/project/me/cache', 22]);
    assert.deepEqual(
      at(`${services}    image: re|`).map(({ label }) => label),
      ['redis:7'],
    );
  });

  it('begins a block where the value is one, and goes on where something can be chosen', () => {
    const text = `${services}    `;
    const found = new Map(completionsAt(text, text.length).map((one) => [one.label, one]));
    assert.equal(found.get('volumes')?.newText, 'volumes:\n      - ');
    assert.equal(found.get('x-slurm')?.newText, 'x-slurm:\n      ');
    assert.equal(found.get('image')?.newText, 'image: ');
    assert.equal(found.get('x-slurm')?.goesOn, true);
    const root = new Map(completionsAt('x-slurm:\n  ', 11).map((one) => [one.label, one]));
    assert.equal(root.get('cache_dir')?.goesOn, true);
    assert.equal(found.get('working_dir')?.goesOn, undefined);
    assert.equal(found.get('volumes')?.detail, 'list');
  });
});
