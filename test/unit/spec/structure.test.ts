import assert from 'node:assert/strict';
import fs from 'node:fs';
import { parseYaml } from '../../../server/src/spec/parse.ts';
import type { MapNode } from '../../../server/src/spec/node.ts';
import { checkShapes } from '../../../server/src/spec/structure/checkStructure.ts';
import { SPEC_SCHEMA, type Shape } from '../../../server/src/spec/structure/shape.ts';

const SERVICE = 'services:\n  app:\n    image: alpine:3.20\n';

/** Findings as `CODE field [text]`. */
function found(text: string): string[] {
  const { root } = parseYaml(text, '/w/c.yaml');
  return checkShapes(root as MapNode).map(
    ({ code, field, span }) => `${code} ${field ?? ''} [${text.slice(span.start, span.end)}]`,
  );
}
const inApp = (lines: string) => found(`${SERVICE}    ${lines}\n`);
const atRoot = (lines: string) => found(`${lines}\n${SERVICE}`);
/** The text after the first finding's fix. */
function mended(text: string): string | undefined {
  const [finding] = checkShapes(parseYaml(text, '/w/c.yaml').root as MapNode);
  const edits = finding?.fixes?.[0]?.edits.toSorted((a, b) => b.span.start - a.span.start);
  return edits?.reduce(
    (before, { span, newText }) => before.slice(0, span.start) + newText + before.slice(span.end),
    text,
  );
}
const adviceOn = (text: string) =>
  checkShapes(parseYaml(text, '/w/c.yaml').root as MapNode)[0]?.recommendation ?? '';

describe('structural rules', () => {
  const cases: [string, string[], string[]][] = [
    ['an unknown root key', atRoot('nmae: x'), ['R020 nmae [nmae]']],
    ['a merge key', inApp('<<: {image: b}'), ['R030 services.app.<< [<<]']],
    ['a version', atRoot('version: "2"'), ['R021 version ["2"]']],
    ['version 1.0', atRoot('version: 1.0'), ['R021 version [1.0]']],
    ['version null', atRoot('version:'), ['R022 version [version]']],
    ['version "1"', atRoot('version: "1"'), []],
    ['two spellings of modules', atRoot('modules: []\nx-env: {modules: []}'), ['R023 modules [modules]']],
    ['sweep as text', atRoot('sweep: x'), ['R024 sweep [x]']],
    [
      'sweep.spec',
      atRoot('sweep: {spec: x, parameters: {a: [1]}, matrix: full}'),
      ['R024 sweep.spec [spec]'],
    ],
    ['services and steps', atRoot('steps: {a: {}}'), ['R025 steps [steps]']],
    ['no services', found('name: x\n'), ['R026  [name]']],
    ['services as list', found('services: []\n'), ['R027 services [services]']],
    ['a service that is null', found('services:\n  a:\n'), ['R029 services.a [a]']],
    ['a Compose key', inApp('ports: ["80:80"]'), ['R030 services.app.ports [ports]']],
    ['script beside command', inApp('command: a\n    script: b'), ['R031 services.app.script [script]']],
    ['an allocation key in a service', inApp('x-slurm: {qos: a}'), ['R032 services.app.x-slurm.qos [qos]']],
    ['a number as key', inApp('1: x'), ['R033 services.app [1]']],
    ['modules as text', inApp('modules: gcc'), ['R034 services.app.modules [gcc]']],
    ['a number in modules', inApp('modules: [1]'), ['R034 services.app.modules[0] [1]']],
    ['a quoted count', atRoot('x-slurm: {nodes: "2"}'), ['R040 x-slurm.nodes ["2"]']],
    ['a float', atRoot('x-slurm: {nodes: 1.0}'), ['R040 x-slurm.nodes [1.0]']],
    ['a negative count', atRoot('x-slurm: {nodes: -1}'), ['R040 x-slurm.nodes [-1]']],
    ['a count over 32 bits', atRoot('x-slurm: {nodes: 4294967296}'), ['R040 x-slurm.nodes [4294967296]']],
    ['the largest count', atRoot('x-slurm: {nodes: 4294967295}'), []],
    ['a count of 0, which is no matter of shape', atRoot('x-slurm: {nodes: 0}'), []],
    ['a time that is a number', atRoot('x-slurm: {time: 90}'), ['R040 x-slurm.time [90]']],
    ['an unknown key', atRoot('x-slurm: {nodse: 2}'), ['R041 x-slurm.nodse [nodse]']],
    ['a missing key', atRoot('x-slurm: {resume: {}}'), ['R042 x-slurm.resume [resume]']],
    ['an unknown word', atRoot('runtime: {backend: docker}'), ['R043 runtime.backend [docker]']],
    ['a tag for a word', atRoot('x-slurm: {metrics: {collectors: [!gpu , cpu]}}'), []],
    ['a number in environment', inApp('environment: {A: 1}'), ['R044 services.app.environment.A [1]']],
    ['null in environment', inApp('environment: {A: }'), ['R044 services.app.environment.A [A]']],
    [
      'a typo in a hook',
      inApp('x-slurm: {prologue: {scirpt: x}}'),
      ['R044 services.app.x-slurm.prologue.scirpt [scirpt]', 'R044 services.app.x-slurm.prologue [prologue]'],
    ],
    ['a bad MPI type', inApp('x-slurm: {mpi: {type: "-x"}}'), ['R045 services.app.x-slurm.mpi.type ["-x"]']],
    [
      'a bad signal',
      atRoot('x-slurm: {signal: {name: KILL, at_seconds: 5}}'),
      ['R046 x-slurm.signal.name [KILL]'],
    ],
    ['a good signal', atRoot('x-slurm: {signal: {name: " usr1 ", at_seconds: 5}}'), []],
    ['a bad matrix', atRoot('sweep: {parameters: {a: [1]}, matrix: Full}'), ['R047 sweep.matrix [Full]']],
    ['readiness of no type', inApp('readiness: {port: 80}'), ['R042 services.app.readiness [readiness]']],
    [
      'a key of another readiness',
      inApp('readiness: {type: sleep, seconds: 1, port: 80}'),
      ['R041 services.app.readiness.port [port]'],
    ],
    ['readiness as list', inApp('readiness: [tcp, 80, host, 60]'), []],
    ['readiness as short list', inApp('readiness: [tcp]'), ['R042 services.app.readiness [readiness]']],
    ['a hook as list', inApp('x-slurm: {prologue: [container, x]}'), []],
    ['rendezvous as list of fields', atRoot('x-slurm: {rendezvous: [a, 5, true]}'), []],
    ['depends_on with empty list', inApp('depends_on: {b: []}'), []],
    ['depends_on with null', inApp('depends_on: {b: }'), ['R044 services.app.depends_on.b [b]']],
    [
      'a null item of a list of mappings',
      atRoot('x-slurm: {stage_in: [null]}'),
      ['R042 x-slurm.stage_in[0] [null]'],
    ],
    [
      'null blocks',
      found(
        'x-slurm:\nx-env:\nruntime:\nservices:\n  a: {image: x, volumes: , environment: , depends_on: }\n',
      ),
      [],
    ],
    [
      'variables in texts',
      inApp('x-slurm: {time_limit: "${T}", mpi: {type: pmix, host_mpi: {bind_paths: ["${X}"]}}}'),
      [],
    ],
    ['a variable in a number', atRoot('x-slurm: {nodes: "${N}"}'), ['R040 x-slurm.nodes ["${N}"]']],
    [
      'several at once',
      inApp('imgae: b\n    x-slurm: {nodes: x, mem: 4G}'),
      [
        'R030 services.app.imgae [imgae]',
        'R040 services.app.x-slurm.nodes [x]',
        'R041 services.app.x-slurm.mem [mem]',
      ],
    ],
  ];
  for (const [what, actual, expected] of cases) {
    it(`judge ${what}`, () => assert.deepEqual(actual, expected));
  }

  it('suggest the key that was meant, with a fix', () => {
    const { root } = parseYaml('x-slurm: {walltime: "1"}\nservices: {}\n', '/w/c.yaml');
    const [finding] = checkShapes(root as MapNode);
    assert.equal(finding?.recommendation, 'Did you mean `time`?');
    assert.equal(finding.fixes?.[0]?.edits[0]?.newText, 'time');
  });

  it('say what to write for an option of Slurm that has no key', () => {
    const rootAdvice = (lines: string) => adviceOn(`x-slurm: ${lines}\n${SERVICE}`);
    assert.match(rootAdvice('{exclusive: true}'), /`submit_args: \["--exclusive"\]`/);
    assert.match(rootAdvice('{mem-per-cpu: 2G}'), /submit_args: \["--mem-per-cpu=…"\]/);
    assert.match(rootAdvice('{mail_type: END}'), /`notify: \{email: /);
    assert.match(rootAdvice('{cleanup: {exclusive: true}}'), /^Allowed here/);
    assert.match(
      adviceOn(`${SERVICE}    x-slurm: {overlap: true}\n`),
      /srun .*`extra_srun_args: \["--overlap"\]`/,
    );
  });

  it('say what to write below the name of a service to wait for', () => {
    assert.match(
      adviceOn(`${SERVICE}    depends_on:\n      db:\n`),
      /^Write `condition: service_started` below it/,
    );
  });

  it('turn a text into a list of one, and a mapping in a list of variables into a text', () => {
    assert.equal(mended(`${SERVICE}    depends_on: db\n`), `${SERVICE}    depends_on: [db]\n`);
    assert.equal(mended(`${SERVICE}    env_file: {a: b}\n`), undefined);
    const prepare = (commands: string) => `${SERVICE}    x-runtime: {prepare: {commands: ${commands}}}\n`;
    assert.equal(mended(prepare('"pip install a, b"')), prepare('["pip install a, b"]'));
    assert.equal(mended(prepare('echo *')), undefined);
    const environment = (item: string) => `${SERVICE}    environment:\n      - A=1\n      - ${item}\n`;
    assert.equal(mended(environment('B: 4')), environment('B=4'));
    assert.equal(mended(environment('B: 2.50')), undefined, 'its text is not known any more');
    assert.equal(mended(environment('{B: 1, C: 2}')), undefined);
  });

  it('offer no list where its item would be wrong, too', () => {
    assert.equal(mended(`${SERVICE}    environment: A\n`), undefined);
    assert.equal(mended(`${SERVICE}    environment: A=1\n`), `${SERVICE}    environment: [A=1]\n`);
    assert.equal(mended(`${SERVICE}    volumes: ""\n`), undefined);
    assert.equal(mended(`${SERVICE}    readiness: tcp\n`), undefined);
  });

  it('offer no key that stands there already', () => {
    const twice = `${SERVICE}    imgae: b\n`;
    assert.equal(mended(twice), undefined);
    assert.equal(adviceOn(twice), 'Did you mean `image`? It is given already.');
    assert.equal(mended('env: {}\nx-env: {}\nservices: {a: {image: b}}\n'), undefined);
    assert.equal(mended('x-slurm: {node: 1, nodes: 2}\n' + SERVICE), undefined);
  });

  it('speak of the tag of a value, and quote no alias', () => {
    assert.equal(mended(`${SERVICE}    working_dir: !!int "2"\n`), undefined);
    assert.equal(adviceOn(`${SERVICE}    working_dir: !!int "2"\n`), 'Remove the tag !!int.');
    assert.equal(mended(`x-slurm: {nodes: &n 2, time: *n}\n${SERVICE}`), undefined);
  });

  it('place a mapping as key on its first line, in words of one line', () => {
    const text = `${SERVICE}    ? a: off # x\n      b: on\n    : 1\n`;
    const [finding] = checkShapes(parseYaml(text, '/w/c.yaml').root as MapNode);
    assert.equal(text.slice(finding?.span.start, finding?.span.end), 'a: off # x');
    assert.match(finding?.message ?? '', /not a mapping or list/);
  });

  it('say what stands instead of a number that quotes would not make right', () => {
    assert.equal(mended(`${SERVICE}    volumes: [8080]\n`), undefined);
    assert.match(adviceOn(`${SERVICE}    volumes: [8080]\n`), /^Write host:container/);
    assert.match(adviceOn(`${SERVICE}    environment: [1]\n`), /^Write NAME=value/);
    assert.deepEqual(found(`runtime: {backend: 5}\n${SERVICE}`), ['R040 runtime.backend [5]']);
    assert.equal(mended(`runtime: {backend: 5}\n${SERVICE}`), undefined);
    assert.equal(adviceOn(`${SERVICE}    healthcheck: {rtries: 5}\n`).includes('retries'), false);
  });

  it('put braces that were meant as text into quotes', () => {
    assert.equal(mended('services: {a: {image: {{ image }}}}\n'), 'services: {a: {image: "{{ image }}"}}\n');
    assert.equal(mended(`${SERVICE}    command: {echo hi}\n`), `${SERVICE}    command: "{echo hi}"\n`);
    assert.equal(mended(`${SERVICE}    command: {"a b"}\n`), undefined);
    assert.equal(mended(`runtime: {gpu: {none}}\n${SERVICE}`), undefined);
    assert.equal(mended(`${SERVICE}    command:\n      echo:\n`), undefined);
  });

  it('say how to write services, keys of the allocation and conditions', () => {
    assert.match(adviceOn('services: [{app: {image: b}}]\n'), /^Write each service as its name and a colon/);
    assert.match(adviceOn(`ntasks: 2\n${SERVICE}`), /key of `x-slurm`/);
    assert.match(adviceOn(`include: [a.yaml]\n${SERVICE}`), /takes one file/);
    assert.match(
      adviceOn(`${SERVICE}    depends_on: [{b: {condition: x}}]\n`),
      /^In a list only names stand/,
    );
  });

  it('say how to mend a number where text is wanted', () => {
    const { root } = parseYaml('x-slurm: {time: 90}\nservices: {}\n', '/w/c.yaml');
    const [finding] = checkShapes(root as MapNode);
    assert.match(finding?.message ?? '', /quote the value/);
    assert.deepEqual(
      finding?.fixes?.[0]?.edits.map(({ newText }) => newText),
      ['"', '"'],
    );
  });
});

describe('the schema file', () => {
  const properties: [string, Shape][] = [];
  const walk = (shape: unknown, path: string) => {
    if (typeof shape !== 'object' || shape === null) return;
    const { properties: own } = shape as Shape;
    for (const [key, value] of Object.entries(own ?? {})) properties.push([`${path}.${key}`, value]);
    for (const [key, value] of Object.entries(shape)) walk(value, `${path}/${key}`);
  };
  walk(SPEC_SCHEMA, '');

  it('describes every property, with an example', () => {
    const bare = properties.filter(([path, shape]) => {
      const isBranch = /\/(if|then|allOf)\b/.test(path) && path.endsWith('.type');
      return !isBranch && (!shape.markdownDescription || !shape.examples?.length);
    });
    assert.deepEqual(
      bare.map(([path]) => path),
      [],
    );
    assert.ok(properties.length > 200);
  });

  it('is written as JSON Schema draft 7', () => {
    const file = new URL('../../../schemas/hpc-compose.schema.json', import.meta.url);
    assert.match(fs.readFileSync(file, 'utf8').slice(0, 80), /draft-07/);
  });
});
