// Damaged specs for the fuzz suites: golden specs with random edits, among them everything that YAML readers stumble over.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CASE_DIR, judgeCase } from './judge.ts';

const SEEDS = [
  'x-slurm:\n  nodes: 2\n  time: "04:00:00"\n  cache_dir: /project/${USER}/cache\nservices:\n  app:\n    image: alpine:3.20\n    command: run\n    depends_on: [db]\n  db:\n    image: redis:7\n    readiness: {type: tcp, port: 6379}\n',
  'name: a\nsweep: {parameters: {lr: [0.1, 1]}, matrix: full}\nservices:\n  a: &a\n    image: x:1\n    environment: {A: "1", B: ${C:-d}}\n  b: *a\n',
  'extends: base.yaml\nsteps:\n  s:\n    extends: {service: s, file: base.yaml}\n    script: |\n      set -e\n      echo hi\n    x-slurm: {placement: {node_range: "0-3"}, mpi: {type: pmix}}\n',
  '\ufeff# hpc-compose: ignore-file[HPC007] x\r\nservices:\r\n  a:\r\n    image: "x"\r\n    volumes: [./d:/d:ro]\r\n',
];
const BASE = 'services:\n  s:\n    image: y:2\n    volumes: ["/a:/b"]\n';
const PIECES = [
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  ':',
  '- ',
  '\n',
  '  ',
  '#',
  '&a ',
  '*a',
  '!x ',
  '!!int ',
  '\t',
  '\0',
];
const RARE = [
  '\ud800',
  '${',
  '<<: ',
  '---\n',
  '...\n',
  '? ',
  '|\n',
  '%YAML 1.2\n',
  '\ufeff',
  '\r',
  '99999999999999999999',
  '1e400',
];

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(12),
  insert: fc.oneof(fc.constantFrom(...PIECES, ...RARE), fc.string({ maxLength: 6, unit: 'binary' })),
});
const mutated = fc.tuple(fc.constantFrom(...SEEDS), fc.array(edit, { maxLength: 6 })).map(([seed, edits]) =>
  edits.reduce((text, { at, remove, insert }) => {
    const start = Math.floor(at * text.length);
    return text.slice(0, start) + insert + text.slice(start + remove);
  }, seed),
);
const damagedSpec = fc.oneof(
  { weight: 9, arbitrary: mutated },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
);

/** Judges that many damaged specs: nothing is thrown, and every range lies inside the document. */
export function judgeDamagedSpecs(count: number): void {
  const property = fc.property(damagedSpec, (text) => {
    for (const { code, span } of judgeCase({ files: { 'compose.yaml': text, 'base.yaml': BASE } })) {
      if (span.file !== `${CASE_DIR}/compose.yaml`) continue;
      assert.ok(span.start >= 0 && span.start <= span.end && span.end <= text.length, `${code} outside`);
    }
  });
  fc.assert(property, { numRuns: count });
}
