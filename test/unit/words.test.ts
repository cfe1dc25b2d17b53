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
      hover('/project/c', { cacheDir: '/project/c' })?.text ?? '',
      /Cache directory: ` \/project\/c `/,
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
});
