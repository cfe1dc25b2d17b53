import assert from 'node:assert/strict';
import fc from 'fast-check';
import { analyse, type Analysis, type Surroundings } from '../../../server/src/spec/analyse.ts';
import { followEdits } from '../../../server/src/spec/analyseEdits.ts';
import { plainNode } from '../../helpers/blockTrees.ts';
import { AROUND, assertSameAnalysis, followStates } from '../../helpers/editedAnalysis.ts';
import { caseSurroundings } from '../../helpers/judge.ts';
import { journeys } from '../../helpers/specJourneys.ts';

const service = (name: string, more = '') => `  ${name}:\n    image: ${name}:1\n${more}`;
const specOf = (...services: readonly string[]) => `x-slurm:\n  nodes: 2\nservices:\n${services.join('')}`;

describe('analysing edits block by block', () => {
  it('equals the whole analysis after every edit of random journeys', () => {
    fc.assert(
      fc.property(journeys(12), (states) => void followStates(states)),
      { numRuns: 15 },
    );
  });

  it('has one fix for all dependencies of a list, however long it is', () => {
    const names = Array.from({ length: 40 }, (_, index) => `s${index}`);
    const waiting = service('a', `    depends_on: [${names.join(', ')}]\n`);
    const text = specOf(...names.map((name) => service(name)), waiting, waiting.replace('a:', 'b:'));
    for (const { findings } of [analyse(text, AROUND), followEdits().analyse(text, AROUND)]) {
      const fixes = findings.flatMap(({ code, fixes = [] }) => (code === 'HPC006' ? fixes : []));
      assert.equal(fixes.length, 80);
      assert.equal(new Set(fixes).size, 2);
    }
  });

  it('tells of what other blocks say of an unchanged one', () => {
    const waiting = service('a', '    depends_on: {b: {condition: service_healthy}}\n');
    const ready = service('b', '    readiness: {type: sleep, seconds: 1}\n');
    followStates([
      specOf(waiting, ready),
      specOf(waiting, service('b')),
      specOf(waiting),
      specOf(service('z'), waiting, ready),
      specOf(waiting, waiting, ready),
      specOf(ready, waiting).replace('nodes: 2', 'nodes: 1'),
    ]);
  });

  it('points to the service that counts where another one has the very same text', () => {
    const ready = '  s:\n    command: x\n';
    const waiting = '  own:\n    image: d:1\n    depends_on: {s: {condition: service_healthy}}\n';
    const section = `steps:\n${ready}${waiting}`;
    followStates([section, `steps:\n${ready}  own:\n${section}`, section, `name: x\n${section}`]);
  });

  it('follows services that come, go and change places, in any order of names', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => service(name, '    depends_on: [b, d]\n'));
    followStates([
      specOf(a ?? '', b ?? '', c ?? ''),
      specOf(c ?? '', b ?? '', a ?? ''),
      specOf(c ?? '', service('d'), b ?? '', a ?? ''),
      specOf(service('d'), a ?? '', c ?? '', b ?? ''),
      specOf(service('d'), a ?? '', a ?? '', b ?? ''),
      specOf(service('d'), a ?? '', b ?? ''),
    ]);
  });

  it('follows who waits for whom, through rings, gaps and names that come twice', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'nobody');
    const conditions = fc.constantFrom('', 'started', 'healthy', 'completed_successfully');
    const waiting = fc.dictionary(names, conditions, { maxKeys: 3 });
    const extras = fc.constantFrom('', '    readiness: {type: sleep, seconds: 1}\n', '    x-slurm: {failure_policy: {mode: ignore}}\n'); // prettier-ignore
    const block = fc.tuple(names, waiting, extras).map(([name, targets, extra]) => {
      const edges = Object.entries(targets).map(([target, condition]) =>
        condition === '' ? `${target}: {}` : `${target}: {condition: service_${condition}}`,
      );
      return service(name, `${edges.length === 0 ? '' : `    depends_on: {${edges.join(', ')}}\n`}${extra}`);
    });
    const changes = fc.array(fc.tuple(fc.nat(7), fc.nat(2), fc.array(block, { maxLength: 1 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.array(block, { minLength: 4, maxLength: 8 }), changes, (first, steps) => {
        const states = [first];
        for (const [at, gone, come] of steps) states.push((states.at(-1) ?? []).toSpliced(at, gone, ...come));
        followStates(states.filter(({ length }) => length > 0).map((blocks) => specOf(...blocks)));
      }),
      { numRuns: 150 },
    );
  });

  it('tells of a ring that another one hid', () => {
    const [a, c, z] = ['depends_on: [z]', 'depends_on: [a]', 'depends_on: [c, z]'];
    const rest = `${service('c', `    ${c}\n`)}${service('z', `    ${z}\n`)}`;
    followStates([specOf(service('a', `    ${a}\n`), rest), specOf(service('a'), rest)]);
  });

  it('follows a base that changes, moves, or is renamed', () => {
    const base = service('base', '    environment: [X]\n');
    const child = '  child:\n    extends: base\n    x-runtime: {prepare: {commands: [a]}}\n';
    const other = service('base', '    x-enroot: {prepare: {commands: [b]}}\n');
    followStates([
      specOf(base, child),
      specOf(service('n'), base, child),
      specOf(other, child),
      specOf(child, other),
      specOf(other, child),
      specOf(child, other.replace('base', 'bass')),
      specOf(other, service('n'), child),
    ]);
  });

  it('sees variables, secrets and base files change under the same text', () => {
    const text = `extends: base.yaml\nsecrets: {t: {env: T}}\n${specOf(service('a', '    command: ${t} ${V}\n'))}`;
    const around = (V: string | undefined, base: string): Surroundings =>
      caseSurroundings({ files: { 'base.yaml': base }, env: V === undefined ? {} : { V, T: V } }).around;
    const spec = followEdits();
    const base = 'services:\n  b: {image: "b:1"}\n';
    for (const around_ of [
      around(undefined, base),
      around('x', base),
      around('x', `# moved\n${base}`),
      around('x', base.replace('"b:1"', 'b')),
      around('y', base.replace('"b:1"', '${V')),
      around(undefined, base),
    ])
      assertSameAnalysis(spec, text, around_);
  });

  it('judges the same blocks against two surroundings in turn', () => {
    const spec = followEdits();
    const beside = spec.beside();
    const other = caseSurroundings({ files: {}, env: { V: 'y' } }).around;
    const first = service('a', '    command: ${V}\n');
    const second = service('b', '    extends: a\n');
    for (const text of [specOf(first, second), specOf(first), specOf(second, first), specOf(first, second)]) {
      for (const [judge, around] of [
        [spec, AROUND],
        [beside, other],
      ] as const)
        assert.deepEqual(judge.analyse(text, around).findings, analyse(text, around).findings);
    }
  });

  it('forgets an unclosed quote when it is closed, and needs no whole reading for it', () => {
    const good = specOf(service('a'), service('b', '    command: "x"\n'), service('c'));
    const broken = good.replace('a:1', '"a:1');
    assert.deepEqual(followStates([good, broken, good, `${broken}#\n`, good]).fallbacks, {
      whole: 0,
      rest: 0,
    });
  });

  it('goes on where it was stopped, and comes to the same', () => {
    const text = specOf(...Array.from({ length: 40 }, (_, index) => service(`s${index}`, '    imagge: x\n')));
    const spec = followEdits();
    let calls = 1;
    let analysis = spec.analyseUntil(text, AROUND, () => true);
    assert.equal(analysis, undefined);
    for (; !analysis; calls += 1) analysis = spec.analyseUntil(text, AROUND, () => true);
    assert.ok(calls > 40, `${calls} calls`);
    assert.deepEqual(analysis.findings, analyse(text, AROUND).findings);
    assertSameAnalysis(spec, text.replace('s3:1', 's3:2'), AROUND);
  });

  it('tells mistakes in shapes while the rest is judged', () => {
    const odd = '    imagge: x\n    depends_on: [nobody]\n';
    const text = specOf(...Array.from({ length: 9 }, (_, index) => service(`s${index}`, odd)));
    const spec = followEdits();
    const codes = (analysis: Analysis | undefined) => analysis?.findings.map(({ code }) => code);
    let [analysis, early] = [spec.analyseUntil(text, AROUND, () => true), spec.early()];
    assert.equal(early, undefined);
    for (; !analysis; analysis = spec.analyseUntil(text, AROUND, () => true)) early = spec.early();
    assert.deepEqual(
      codes(early),
      Array.from({ length: 9 }, () => 'R030'),
    );
    const rest = analysis.findings.filter(({ code }) => code !== 'R030');
    assert.ok(rest.length >= 9, 'what was not told');
    const places = early?.findings.map(({ span }) => span);
    assert.deepEqual(
      places,
      analysis.findings.filter(({ code }) => code === 'R030').map(({ span }) => span),
    );
  });

  it('comes to an end by steps, also where the text cannot be taken apart', () => {
    const extending = specOf(service('a'), '  b:\n    extends: a\n', '  c:\n    extends: b\n');
    for (const text of [`\ufeff${extending}`, extending, `extends: base.yaml\n${extending}`]) {
      const spec = followEdits();
      let analysis: Analysis | undefined;
      for (let calls = 0; !analysis && calls < 100; calls += 1)
        analysis = spec.analyseUntil(text, AROUND, () => true);
      assert.deepEqual(analysis?.findings, analyse(text, AROUND).findings);
    }
  });

  it('gives the trees of a document where they stand', () => {
    const spec = followEdits();
    spec.analyse(specOf(service('a'), service('b')), AROUND);
    const text = specOf(service('n'), service('a', '    command: ${HOME}\n'), service('b'));
    const [whole, edited] = [analyse(text, AROUND), spec.analyse(text, AROUND)];
    assert.deepEqual(plainNode(edited.root), whole.root);
    assert.deepEqual(plainNode(edited.resolved?.root), whole.resolved?.root);
    assert.deepEqual(plainNode(spec.treeOf(text, AROUND.file)), whole.root);
  });

  it('judges a document again that moves to another file', () => {
    const text = specOf(service('a', '    imagge: x\n'));
    const spec = followEdits();
    assertSameAnalysis(spec, text, AROUND);
    assertSameAnalysis(spec, text, { ...AROUND, file: '/elsewhere/compose.yaml' });
  });
});
