// Findings of an invalid spec as JSON: in pieces where there are many, and the same text as in one.
import assert from 'node:assert/strict';
import { findingJson, findingsJson, jsonText } from '../../server/src/cli/findingOutput.ts';
import type { Finding } from '../../server/src/model/finding.ts';

const FILE = '/p/compose.yaml';
const TEXT = 'services: ]\n'.repeat(3000);
const textOf = () => TEXT;

const findingsOf = (count: number): Finding[] =>
  Array.from({ length: count }, (_, index) => ({
    code: 'R004',
    severity: 'error',
    message: `of line ${index}: [\n  ] and ","`,
    span: { file: FILE, start: index * 12 + 10, end: index * 12 + 11 },
  }));

describe('findings as JSON', () => {
  for (const isOnly of [true, false])
    for (const count of [0, 1, 999, 1000, 1001, 2500])
      it(`are the text of one object, ${isOnly ? 'pretty' : 'on one line'}: ${count}`, () => {
        const rest = { schema_version: 1, valid: false, compose_file: `${FILE} []` };
        const findings = findingsOf(count);
        const pieces = [...findingsJson(rest, findings, textOf, isOnly)];
        const whole = { ...rest, findings: findings.map((finding) => findingJson(finding, textOf)) };
        assert.equal(pieces.join(''), jsonText(whole, isOnly));
        const longest = Math.max(...pieces.map(({ length }) => length));
        assert.ok(longest < 500_000, `a piece has ${longest} characters`);
      });
});
