// Cases of our own for every rule, as text files. A case is a heading `## CODE words`, a spec, and what is expected:
// `«…»` around the place of the finding and `> part of its message`, or `>> CODE "marked text" part of its message`.
// A case without either is a near miss: the rule stays silent, and the spec is valid.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { judgeText } from '../../helpers/judgeText.ts';
import { RULES } from '../../../server/src/spec/rules/catalogue.ts';

interface Case {
  readonly code: string;
  readonly title: string;
  readonly spec: string;
  readonly mark: { readonly start: number; readonly end: number } | undefined;
  readonly message: string | undefined;
  readonly marked: string | undefined;
}

const FOLDER = new URL('./rules/', import.meta.url);

function readCases(name: string): Case[] {
  const [, ...sections] = readFileSync(new URL(name, FOLDER), 'utf8').split(/^## /m);
  return sections.map((section) => {
    const [heading = '', ...lines] = section.trimEnd().split('\n');
    const [code = '', ...words] = heading.split(' ');
    const expectation = lines.find((line) => line.startsWith('> ') || line.startsWith('>> '));
    const text =
      lines
        .filter((line) => line !== expectation)
        .join('\n')
        .trimEnd() + '\n';
    const start = text.indexOf('«');
    const end = text.indexOf('»') - 1;
    const quotedPlace = /^>> \S+ "([^"]*)" (.*)$/.exec(expectation ?? '');
    return {
      code,
      title: words.join(' '),
      spec: text.replace('«', '').replace('»', ''),
      mark: start < 0 ? undefined : { start, end },
      message: quotedPlace?.[2] ?? expectation?.slice(2),
      marked: quotedPlace?.[1],
    };
  });
}

function check(example: Case): void {
  const judgement = judgeText(example.spec);
  const found = judgement.findings.filter(({ code }) => code === example.code);
  const seen = judgement.findings.map(({ code, message, span }) => {
    return `${code} ${JSON.stringify(example.spec.slice(span.start, span.end))} ${message}`;
  });
  if (example.message === undefined) {
    assert.deepEqual(found, [], `silent, but: ${seen.join('\n')}`);
    assert.ok(judgement.valid, `valid, but: ${seen.join('\n')}`);
    return;
  }
  const { mark, marked, message } = example;
  const hit = found.find(({ span }) =>
    mark
      ? span.start === mark.start && span.end === mark.end
      : example.spec.slice(span.start, span.end) === marked,
  );
  assert.ok(hit, `no ${example.code} at the marked place, but: ${seen.join('\n')}`);
  assert.ok(hit.message.includes(message), `"${message}" is not in "${hit.message}"`);
}

describe('rules, each with a case that fires and a near miss', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));
  const cases = files.flatMap(readCases);
  for (const example of cases) it(`${example.code} ${example.title}`, () => check(example));

  for (const code of Object.keys(RULES).filter(isOurs))
    it(`${code} has both`, () => {
      const own = cases.filter((example) => example.code === code);
      assert.ok(
        own.some(({ message }) => message !== undefined),
        'one that fires',
      );
      assert.ok(
        own.some(({ message }) => message === undefined),
        'a near miss',
      );
    });
});

/** Rules whose cases live here: values, layout and lint. */
function isOurs(code: string): boolean {
  const number = Number(/^R(\d+)$/.exec(code)?.[1] ?? NaN);
  if (code.startsWith('H')) return code === 'HX002' || !/^(HPC900|HX0[01]\d)$/.test(code);
  return number >= 68 && number !== 170 && number !== 171;
}
