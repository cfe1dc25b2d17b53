import assert from 'node:assert/strict';
import fs from 'node:fs';
import { decidesVerdict, type Finding } from '../../../server/src/model/finding.ts';
import { CASE_DIR, CASE_HOME, judgeCase } from '../../helpers/judge.ts';
import { needShared, sharedRecords } from '../../helpers/shared.ts';

interface RecordedLint {
  readonly code: string;
  readonly field?: string;
  readonly service?: string;
}
interface Recorded {
  readonly id: string;
  readonly operator: string;
  readonly detail?: string;
  readonly files: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly validate: { readonly ok: boolean; readonly error?: string };
  readonly rule?: string;
  readonly lint: readonly RecordedLint[];
}

class Tally {
  private readonly rows = new Map<string, { all: number; equal: number }>();

  count(name: string, isEqual: boolean): void {
    const row = this.rows.get(name) ?? { all: 0, equal: 0 };
    row.all += 1;
    if (isEqual) row.equal += 1;
    this.rows.set(name, row);
  }

  get total(): { all: number; equal: number } {
    const rows = [...this.rows.values()];
    const sum = (pick: (row: { all: number; equal: number }) => number) =>
      rows.reduce((total, row) => total + pick(row), 0);
    return { all: sum((row) => row.all), equal: sum((row) => row.equal) };
  }

  print(title: string): void {
    const { all, equal } = this.total;
    console.log(`    ${title}: ${equal}/${all} (${percent(equal, all)})`);
    const cells = [...this.rows].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
    const text = cells.map(([name, row]) => `${name} ${row.equal}/${row.all}`);
    for (let at = 0; at < text.length; at += 8) console.log(`      ${text.slice(at, at + 8).join(' · ')}`);
  }
}

const percent = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(2)} %`;
const lintKey = ({ code, field = '', service = '' }: RecordedLint) => `${code} ${field} ${service}`;

describe('recorded verdicts of hpc-compose', () => {
  const corpus = 'conformance/spec-corpus.jsonl';
  const verdicts = new Tally();
  const byRule = new Tally();
  const firstErrors = new Tally();
  const lint = new Tally();
  const falseErrors: string[] = [];
  const outside: string[] = [];
  const differences: string[] = [];

  const put = (text: string) => text.replaceAll('$DIR', CASE_DIR).replaceAll('$HOME', CASE_HOME);
  const judge = (recorded: Recorded): readonly Finding[] =>
    judgeCase({
      files: recorded.files,
      env: Object.fromEntries(Object.entries(recorded.env ?? {}).map(([name, value]) => [name, put(value)])),
      strictEnv: recorded.args?.includes('--strict-env') === true,
    });

  function compare(recorded: Recorded): void {
    const findings = judge(recorded);
    const errors = findings.filter(decidesVerdict);
    const isEqual = recorded.validate.ok === (errors.length === 0);
    verdicts.count(recorded.operator.replace(/:.*/, ''), isEqual);
    if (recorded.rule) byRule.count(recorded.rule, isEqual);
    if (!isEqual) differences.push(`${recorded.id} (${recorded.rule ?? 'valid'}; ${recorded.detail ?? ''})`);
    if (recorded.validate.ok && errors.length > 0) falseErrors.push(recorded.id);
    if (recorded.rule) {
      const codes = errors.flatMap(({ code, suppressed = [] }) => [code, ...suppressed]);
      firstErrors.count(recorded.rule, codes.includes(recorded.rule));
    }
    if (recorded.validate.ok) compareLint(recorded, findings);
    const length = recorded.files['compose.yaml']?.length ?? 0;
    for (const { span, code } of findings) {
      const isInside = !span.file.endsWith('/compose.yaml') || (span.start <= span.end && span.end <= length);
      if (!isInside || span.start < 0) outside.push(`${recorded.id} ${code}`);
    }
  }

  function compareLint(recorded: Recorded, findings: readonly Finding[]): void {
    const ours = findings.filter(({ code }) => code.startsWith('HPC')).map(lintKey);
    for (const expected of recorded.lint) {
      const at = ours.indexOf(lintKey(expected));
      if (at >= 0) ours.splice(at, 1);
      lint.count(expected.code, at >= 0);
    }
    for (const key of ours) lint.count(key.slice(0, 6), false);
  }

  before(function () {
    this.timeout(300_000);
    needShared(this, corpus);
    for (const recorded of sharedRecords<Recorded>(corpus)) compare(recorded);
    verdicts.print('verdicts by operator');
    byRule.print('verdicts by rule');
    firstErrors.print('the first error of hpc-compose is among ours, by rule');
    lint.print('lint findings (code, field, service) by rule');
    for (const difference of differences) console.log(`    differs: ${difference}`);
  });

  it('are ours in at least 99.5 % of all cases', () => {
    const { all, equal } = verdicts.total;
    assert.ok(equal / all >= 0.995, `${equal} of ${all}`);
  });
  it('never become an error on a valid spec', () => assert.deepEqual(falseErrors, []));
  it('give the lint findings that we give, in at least 99 %', () => {
    const { all, equal } = lint.total;
    assert.ok(equal / all >= 0.99, `${equal} of ${all}`);
  });
  it('rest on an error that is among ours, in at least 99 %', () => {
    const { all, equal } = firstErrors.total;
    assert.ok(equal / all >= 0.99, `${equal} of ${all}`);
  });
  it('get findings that lie inside the document', () => assert.deepEqual(outside, []));
  it('differ only where test/golden/spec/differences.md says why', () => {
    const listed = fs.readFileSync(new URL('differences.md', import.meta.url), 'utf8');
    const unlisted = differences.filter(
      (difference) => !listed.includes(`\`${difference.split(' ')[0] ?? ''}\``),
    );
    assert.deepEqual(unlisted, []);
  });
});
