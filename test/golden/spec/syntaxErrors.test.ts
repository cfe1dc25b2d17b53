// Mistakes of YAML that people make, each with one finding, on the words that are wrong, in words that name the lines beside it.
// «» marks the place. Where there is a fix, its text is judged as well: it is mended by it.
import assert from 'node:assert/strict';
import { judgeText, SPEC_FILE } from '../../helpers/judgeText.ts';

interface Mistake {
  readonly title: string;
  /** Lines below `services:` and `  a:`; the place is marked. */
  readonly lines: readonly string[];
  readonly says: RegExp;
  readonly advises?: RegExp;
  /** The marked line once the fix is done. */
  readonly mended?: string;
}

const HEAD = ['services:', '  a:', '    image: x'];

const MISTAKES: readonly Mistake[] = [
  {
    title: 'a key among list items',
    lines: [...HEAD, '    environment:', '      - K', '      «K2»: b'],
    says: /no list item, but the entries above it are: `- K`/,
    advises: /^Begin it with `- `/,
  },
  {
    title: 'a list item among keys',
    lines: [...HEAD, '    environment:', '      K: 1', '      «-» b'],
    says: /list item among entries with keys: `K: 1`/,
  },
  {
    title: 'a list item with a space too few',
    lines: [...HEAD, '    volumes:', '      - /a:/b', '     «-» /c:/d'],
    says: /indented by 5 spaces, the entries beside it by 6/,
    advises: /^Indent it by 6 spaces, like `- \/a:\/b`\.$/,
    mended: '      - /c:/d',
  },
  {
    title: 'a list item in the column of the list’s key',
    lines: [...HEAD, '    volumes:', '      - /a:/b', '    «-» /c:/d'],
    says: /indented by 4 spaces, the entries beside it by 6/,
    mended: '      - /c:/d',
  },
  {
    title: 'a key with a space too few',
    lines: [...HEAD, '   «command»: foo'],
    says: /indented by 3 spaces, the entries beside it by 4/,
    advises: /like `image: x`/,
    mended: '    command: foo',
  },
  {
    title: 'a key that is indented below a value',
    lines: [...HEAD, '      «command»: foo'],
    says: /indented deeper than `image` above, which has a value already/,
    mended: '    command: foo',
  },
  {
    title: 'the second key of a list item with a space too few',
    lines: [...HEAD, '    volumes:', '      - K: 1', '       «J»: 2'],
    says: /indented by 7 spaces, the entries beside it by 8/,
    mended: '        J: 2',
  },
  {
    title: 'the second key of a list item in the column of its dash',
    lines: [...HEAD, '    volumes:', '      - K: 1', '      «J»: 2'],
    says: /indented by 6 spaces, the entries beside it by 8/,
    advises: /or begin it with `- `/,
    mended: '        J: 2',
  },
  {
    title: 'text of a block that is not indented',
    lines: [...HEAD, '    script: |', '    «foo»', '    bar'],
    says: /the text of `script: \|` must be indented deeper than its key/,
  },
  {
    title: 'text of a block that is indented less than its first line',
    lines: [...HEAD, '    script: |', '      key: foo', '      - x', '     «bar»'],
    says: /of the text of `script: \|` is indented by 5 spaces, its first line by 6/,
    mended: '      bar',
  },
  {
    title: 'no space after a colon',
    lines: [...HEAD, '    «command:»foo'],
    says: /a space is missing after `command:`/,
    mended: '    command: foo',
  },
  {
    title: 'no space after a colon, with lines below',
    lines: [...HEAD, '    «command:»foo', '    env_file: b'],
    says: /a space is missing after `command:`/,
    mended: '    command: foo',
  },
  {
    title: 'a key without a colon',
    lines: [...HEAD, '    «command foo»', '    working_dir: /b'],
    says: /neither `key: value` nor a list item/,
    advises: /^Write `command: foo`/,
    mended: '    command: foo',
  },
  {
    title: 'a key that is not typed to its end',
    lines: [...HEAD, '    «comm»'],
    says: /a key without `:`/,
    advises: /^Write `comm: value`/,
  },
  {
    title: 'a tab, and nothing about the lines below it',
    lines: ['x-slurm:', '«\t»nodes: 4', '  gpus_per_node: 8', '  mem: 4G', ...HEAD],
    says: /indented with a tab/,
    mended: '  nodes: 4',
  },
  {
    title: 'a variable inside braces',
    lines: [...HEAD, '    x-slurm: {hint: «${H}», distribution: block}'],
    says: /a variable must stand in quotes/,
    advises: /^Write "\$\{H\}"/,
    mended: '    x-slurm: {hint: "${H}", distribution: block}',
  },
  {
    title: 'a variable inside brackets',
    lines: [...HEAD, '    command: [echo, «${HOME}/x»]'],
    says: /a variable must stand in quotes/,
    mended: '    command: [echo, "${HOME}/x"]',
  },
  {
    title: 'a mark of a merge conflict',
    lines: ['services:', '«<<<<<<< HEAD»', '  a:', '    image: x'],
    says: /merge conflict/,
    advises: /Keep one of the two/,
  },
  {
    title: 'a bracket that is not closed, on the bracket',
    lines: [...HEAD, '    command: «[»a, "b ]"', '    working_dir: /b'],
    says: /its \] is missing; `working_dir: \/b` is taken for a part/,
  },
  {
    title: 'a brace that is not closed, over several lines',
    lines: [...HEAD, '    environment: «{»', '      A: "1", # }', '    working_dir: /b'],
    says: /its \} is missing/,
  },
  {
    title: 'a missing comma in a list',
    lines: [...HEAD, '    command: ["a" «"»b"]'],
    says: /a comma is missing/,
  },
  {
    title: 'a bracket that closes nothing',
    lines: [...HEAD, '    volumes: [x]«]»'],
    says: /this bracket closes nothing/,
  },
  {
    title: 'a second colon in a value',
    lines: [...HEAD, '    command: «echo foo: bar» # and more'],
    says: /a second `: ` in one line/,
    advises: /into quotes/,
    mended: '    command: "echo foo: bar" # and more',
  },
  {
    title: 'a second colon in a value, with a deeper line below',
    lines: [...HEAD, '    command: «echo foo: bar»', '      more'],
    says: /a second `: ` in one line/,
  },
  {
    title: 'a single quote inside single quotes',
    lines: [...HEAD, "    command: 'it'«s'»"],
    says: /text after the closing quote/,
    advises: /^Write '' for a '/,
  },
  {
    title: 'a list that begins in the line of its key',
    lines: [...HEAD, '    command: «-» a'],
    says: /a list cannot begin in the line of its key `command`/,
  },
  {
    title: 'a value that starts with a reserved character',
    lines: [...HEAD, '    command: «@»foo'],
    says: /cannot start with @/,
  },
  {
    title: 'an alias without an anchor',
    lines: [...HEAD, '    command: «*.py»'],
    says: /unknown anchor '\.py'/,
    advises: /into quotes if the \* is part of it/,
  },
];

describe('syntax errors of YAML', () => {
  for (const mistake of MISTAKES) {
    it(`tell ${mistake.title}, on the words that are wrong`, () => checkMistake(mistake));
  }

  it('tell a key of a service that stands where services do', () => {
    const { findings } = judgeText('services:\n  a:\n    image: x:1\n  command: foo\n');
    assert.deepEqual(
      findings.map(({ code, message }) => [code, message.slice(0, 50)]),
      [['R029', '`command` stands where names of services do, as if']],
    );
  });

  it('tell a misspelt `services` once', () => {
    const { findings } = judgeText('service:\n  a:\n    image: x\n');
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['R020'],
    );
  });

  it('are told line by line also where there are many, and no more of them than anybody reads', () => {
    const told = (mistakes: number) =>
      judgeText(`services:\n${'  a:\n    b: c: d\n'.repeat(mistakes)}`)
        .findings.filter(({ code }) => code === 'R004')
        .map(({ span }) => span.start);
    const all = told(900);
    assert.equal(all.length, 900);
    assert.equal(told(5000).length, 1000);
    assert.deepEqual(told(5000).slice(0, 900), all);
  });
});

function checkMistake({ lines, says, advises, mended }: Mistake): void {
  const marked = `${lines.join('\n')}\n`;
  const start = marked.indexOf('«');
  const text = marked.replace(/[«»]/g, '');
  const found = judgeText(text).findings.filter(({ code }) => code === 'R004');
  assert.equal(found.length, 1, found.map(({ message }) => message).join('\n'));
  const [finding] = found;
  assert.ok(finding);
  assert.match(finding.message, says);
  if (advises) assert.match(finding.recommendation ?? '', advises);
  assert.deepEqual(finding.span, { file: SPEC_FILE, start, end: marked.indexOf('»') - 1 });
  const edit = finding.fixes?.[0]?.edits[0];
  assert.equal(edit === undefined, mended === undefined, 'there is a fix exactly where one is expected');
  if (!edit) return;
  const changed = text.slice(0, edit.span.start) + edit.newText + text.slice(edit.span.end);
  assert.ok(changed.split('\n').includes(mended ?? ''), changed);
  assert.deepEqual(
    judgeText(changed).findings.filter(({ code }) => code === 'R004'),
    [],
  );
}
