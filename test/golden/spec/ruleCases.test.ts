// Cases of our own for every rule, as text files. A case is a heading `## CODE words`, a spec, and what is expected:
// `«…»` around the place of the finding and `> part of its message`, or `>> CODE "marked text" part of its message`.
// A case without either is a near miss: the rule stays silent, and the spec is valid. `@@ PATH` starts another file beside the
// spec, `@@ env NAME=value` sets a variable, `@@ strict` wants no defaults, `@@ no spec` leaves the spec itself out.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createJudge } from '../../../server/src/load/judgeFile.ts';
import type { Finding } from '../../../server/src/model/finding.ts';
import { decidesVerdict } from '../../../server/src/model/finding.ts';
import { RULES } from '../../../server/src/spec/rules/catalogue.ts';
import { CASE_DIR, CASE_HOME, caseFiles } from '../../helpers/judge.ts';
import { judgeText, SPEC_FILE } from '../../helpers/judgeText.ts';

interface Case {
  readonly code: string;
  readonly title: string;
  /** Texts by path; `compose.yaml` is the spec. Without the marks. */
  readonly files: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly strict: boolean;
  readonly mark: { readonly file: string; readonly start: number; readonly end: number } | undefined;
  readonly message: string | undefined;
  readonly marked: string | undefined;
}

const SPEC = 'compose.yaml';
const FOLDER = new URL('./rules/', import.meta.url);

function readCases(name: string): Case[] {
  const [, ...sections] = readFileSync(new URL(name, FOLDER), 'utf8').split(/^## /m);
  return sections.map((section) => {
    const [heading = '', ...lines] = section.trimEnd().split('\n');
    const [code = '', ...words] = heading.split(' ');
    const expectation = lines.find((line) => line.startsWith('> ') || line.startsWith('>> '));
    const texts = lines.filter((line) => line !== expectation).join('\n');
    const quotedPlace = /^>> \S+ "([^"]*)" (.*)$/.exec(expectation ?? '');
    return {
      code,
      title: words.join(' '),
      ...readFiles(texts),
      message: quotedPlace?.[2] ?? expectation?.slice(2),
      marked: quotedPlace?.[1],
    };
  });
}

function readFiles(text: string): Pick<Case, 'files' | 'env' | 'strict' | 'mark'> {
  const [spec = '', ...others] = text.split(/^@@ /m);
  const files: Record<string, string> = others.some((other) => other.startsWith('no spec'))
    ? {}
    : { [SPEC]: spec };
  const env: Record<string, string> = {};
  let strict = false;
  for (const other of others) {
    const [line = '', ...rest] = other.split('\n');
    const [, name, value = ''] = /^env (\w+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) env[name] = value;
    else if (line === 'strict') strict = true;
    else if (line !== 'no spec') files[line] = rest.join('\n');
  }
  const holder = Object.entries(files).find(([, content]) => content.includes('«'));
  const mark = holder && {
    file: holder[0],
    start: holder[1].indexOf('«'),
    end: holder[1].indexOf('»') - 1,
  };
  const clean = Object.entries(files).map(([path, content]) => [
    path,
    `${content.replace('«', '').replace('»', '').trimEnd()}\n`,
  ]);
  return { files: Object.fromEntries(clean) as Record<string, string>, env, strict, mark };
}

interface Judged {
  readonly findings: readonly Finding[];
  readonly valid: boolean;
  /** Path of a finding's file as the case names it. */
  readonly nameOf: (file: string) => string;
}

function judge({ files, env, strict }: Case): Judged {
  const isAlone = Object.keys(files).join() === SPEC && Object.keys(env).length === 0 && !strict;
  if (isAlone)
    return { ...judgeText(files[SPEC] ?? ''), nameOf: (file) => (file === SPEC_FILE ? SPEC : file) };
  const { judge: judgeFile } = createJudge({
    cwd: CASE_DIR,
    env: { HOME: CASE_HOME, ...env },
    strictEnv: strict,
    files: caseFiles(files),
  });
  const { findings } = judgeFile(`${CASE_DIR}/${SPEC}`);
  const nameOf = (file: string) => file.replace(`${CASE_DIR}/`, '');
  return { findings, valid: !findings.some(decidesVerdict), nameOf };
}

function check(example: Case): void {
  const { findings, valid, nameOf } = judge(example);
  const found = findings.filter(({ code }) => code === example.code);
  const textAt = ({ span }: Finding) => (example.files[nameOf(span.file)] ?? '').slice(span.start, span.end);
  const seen = findings.map(
    (finding) =>
      `${finding.code} ${nameOf(finding.span.file)} ${JSON.stringify(textAt(finding))} ${finding.message}`,
  );
  if (example.message === undefined) {
    assert.deepEqual(found, [], `silent, but: ${seen.join('\n')}`);
    assert.ok(valid, `valid, but: ${seen.join('\n')}`);
    return;
  }
  const { mark, marked, message } = example;
  const hit = found.find((finding) =>
    mark
      ? nameOf(finding.span.file) === mark.file &&
        finding.span.start === mark.start &&
        finding.span.end === mark.end
      : textAt(finding) === marked,
  );
  assert.ok(hit, `no ${example.code} at the marked place, but: ${seen.join('\n')}`);
  assert.ok(hit.message.includes(message), `"${message}" is not in "${hit.message}"`);
}

/** Rules that no text alone breaks, with the tests that have both their cases. */
const ELSEWHERE: readonly (readonly [RegExp, string])[] = [
  [/^HX001$/, '../../lsp/server.test.ts'],
  [/^HX00[34]$/, '../../unit/rules/shellCheck.test.ts'],
  [/^HX0(0[5-9]|1[0-5])$/, '../../unit/rules/pathEvidence.test.ts'],
  [/^RC\d+$/, '../../unit/rootfs/rules.test.ts'],
];

describe('rules, each with a case that fires and a near miss', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));
  const cases = files.flatMap(readCases);
  for (const example of cases) it(`${example.code} ${example.title}`, () => check(example));

  for (const code of Object.keys(RULES))
    it(`${code} has both`, () => {
      const elsewhere = ELSEWHERE.find(([codes]) => codes.test(code))?.[1];
      if (elsewhere !== undefined) {
        assert.ok(readFileSync(new URL(elsewhere, import.meta.url), 'utf8').includes(code), elsewhere);
        return;
      }
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

  it('has no case of a rule that does not exist', () =>
    assert.deepEqual(
      cases.map(({ code }) => code).filter((code) => !(code in RULES)),
      [],
    ));
});
