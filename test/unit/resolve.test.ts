import assert from 'node:assert/strict';
import type { FileState } from '../../server/src/spec/files.ts';
import { itemsOf, stringOf, valueAt, valueOf, type ScalarNode } from '../../server/src/spec/node.ts';
import { parseYaml } from '../../server/src/spec/parse.ts';
import { interpolateService, resolveSpec } from '../../server/src/spec/resolve.ts';
import { layerVariables, type SettingsLayer } from '../../server/src/spec/variables.ts';

const SPEC = '/p/compose.yaml';

interface World {
  readonly files?: Readonly<Record<string, string | FileState>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly layers?: readonly SettingsLayer[];
  readonly missingSeverity?: 'warning';
}

function resolve(text: string, { files = {}, env = {}, layers = [], missingSeverity }: World = {}) {
  const all: Record<string, string | FileState> = { ...files, [SPEC]: text };
  const port = {
    read: (path: string): FileState => {
      const state = all[path] ?? { kind: 'missing' };
      return typeof state === 'string' ? { kind: 'text', text: state } : state;
    },
  };
  const { root } = parseYaml(text, SPEC);
  const variables = layerVariables({ specPath: SPEC, layers, env, files: port });
  const resolved = resolveSpec({
    path: SPEC,
    text,
    root,
    files: port,
    parse: parseYaml,
    variables,
    userHome: '/home/u',
    ...(missingSeverity ? { missingSeverity } : {}),
  });
  const places = resolved.findings.map(({ code, span }) => {
    const source = all[span.file];
    return [code, typeof source === 'string' ? source.slice(span.start, span.end) : span.file];
  });
  return { ...resolved, places };
}

const image = (result: ReturnType<typeof resolve>) =>
  stringOf(valueAt(result.root, 'services', 'a', 'image'));

describe('resolving a spec', () => {
  it('layers .env, settings and process, and puts secrets on top', () => {
    const layers: SettingsLayer[] = [
      { source: 'defaults', envFiles: ['/p/d1', '/p/d2'], env: { D: 'defaults' } },
      { source: 'profile', envFiles: ['/p/p1'], env: { E: 'profile' } },
    ];
    const files = {
      '/p/.env': 'A=dot\nB=dot\nC=dot\nD=dot\nE=dot\nF=dot\n',
      '/p/d1': 'B=d1\nC=d1\n',
      '/p/d2': 'C=d2\nD=d2\n',
      '/p/p1': 'E=p1\nF=p1\n',
      '/p/s': '\n secret \n',
    };
    const text = 'secrets: {G: {file: s}}\nservices: {a: {image: "$A $B $C $D $E $F $G"}}\n';
    const result = resolve(text, { files, layers, env: { F: 'process', G: 'hidden' } });
    assert.deepEqual(result.places, []);
    assert.equal(image(result), 'dot d1 d2 defaults profile process secret');
    assert.deepEqual(result.secretValues, ['secret']);
  });

  it('interpolates the fields of the contract and leaves all others alone', () => {
    const text = [
      'name: $V',
      'x-slurm: {partition: $V, setup: ["$V"], after_job: {id: $V}, cache_dir: $V}',
      'services:',
      '  a:',
      '    image: $V',
      '    command: echo $V',
      '    entrypoint: ["$V"]',
      '    environment: {"$V": $V}',
      '    volumes: ["$V:/x"]',
      '    readiness: {type: log, pattern: $V}',
      '    healthcheck: {test: "$V", timeout: $V}',
      '    depends_on: ["$V"]',
      '    x-slurm: {mpi: {type: $V, host_mpi: {env: ["K$V=$V"]}}}',
      '    x-runtime: {prepare: {commands: ["$V"], mounts: ["$V:/m"], env: {A: $V}}}',
    ].join('\n');
    const { root, places } = resolve(text, { env: { V: 'v' } });
    assert.deepEqual(places, []);
    const at = (...path: string[]) => stringOf(valueAt(root, ...path));
    const first = (...path: string[]) => stringOf(itemsOf(valueAt(root, ...path))[0]);
    assert.deepEqual(
      [at('name'), at('x-slurm', 'partition'), at('x-slurm', 'after_job', 'id'), at('x-slurm', 'cache_dir')],
      ['v', 'v', 'v', 'v'],
    );
    assert.equal(first('x-slurm', 'setup'), '$V');
    const service = ['services', 'a'];
    assert.equal(at(...service, 'command'), 'echo $V');
    assert.equal(first(...service, 'entrypoint'), 'v');
    assert.equal(at(...service, 'environment', '$V'), 'v');
    assert.equal(at(...service, 'readiness', 'pattern'), '$V');
    assert.equal(at(...service, 'healthcheck', 'test'), 'v');
    assert.equal(at(...service, 'healthcheck', 'timeout'), '$V');
    assert.equal(first(...service, 'depends_on'), '$V');
    assert.equal(at(...service, 'x-slurm', 'mpi', 'type'), '$V');
    assert.equal(first(...service, 'x-slurm', 'mpi', 'host_mpi', 'env'), 'K$V=v');
    const prepare = [...service, 'x-runtime', 'prepare'];
    assert.deepEqual(
      [first(...prepare, 'commands'), first(...prepare, 'mounts'), at(...prepare, 'env', 'A')],
      ['$V', 'v:/m', 'v'],
    );
  });

  it('keeps SLURM_JOB_ID for the job in the four places where it is known only there', () => {
    const text = [
      'x-slurm:',
      '  scratch: {base: "/s/$SLURM_JOB_ID", mount: /m}',
      '  stage_out: [{from: "${SLURM_JOB_ID:-x}", to: /t}]',
      '  output: "o-$SLURM_JOB_ID"',
    ].join('\n');
    const { root, places } = resolve(text);
    assert.equal(stringOf(valueAt(root, 'x-slurm', 'scratch', 'base')), '/s/${SLURM_JOB_ID}');
    const [entry] = itemsOf(valueAt(root, 'x-slurm', 'stage_out'));
    assert.equal(stringOf(valueOf(entry, 'from')), '${SLURM_JOB_ID}');
    assert.deepEqual(places, [['R060', '$SLURM_JOB_ID']]);
  });

  it('places each problem on its expression, and marks the value as unresolved', () => {
    const text =
      "services:\n  a:\n    image: >-\n      x ${NO}\n      ${A:+b}\n    volumes: [\"/x:/y\", '''${B']\n";
    const result = resolve(text);
    assert.deepEqual(result.places, [
      ['R060', '${NO}'],
      ['R062', '${A:+b}'],
      ['R063', '${B'],
    ]);
    const node = valueAt(result.root, 'services', 'a', 'image') as ScalarNode;
    assert.equal(node.unresolved, true);
    assert.equal(result.findings[0]?.field, 'services.a.image');
    assert.equal(result.findings[2]?.field, 'services.a.volumes[1]');
    assert.equal(result.findings[2].service, 'a');
  });

  it('places a problem of a base in the base', () => {
    const base = 'services:\n  a: {image: "é${NO}"}\n';
    const result = resolve('extends: b.yaml\n', { files: { '/p/b.yaml': base } });
    assert.deepEqual(result.places, [['R060', '${NO}']]);
    assert.equal(result.findings[0]?.span.file, '/p/b.yaml');
  });

  it('suggests a known name, and lowers R060 to a warning where variables cannot be known', () => {
    const result = resolve('name: ${HOEM}\n', { env: { HOME: '/h' }, missingSeverity: 'warning' });
    assert.equal(result.findings[0]?.severity, 'warning');
    assert.match(result.findings[0].recommendation ?? '', /Did you mean HOME\?/);
  });

  it('lists defaults that stood in for unset variables', () => {
    const { defaulted, findings } = resolve('name: "${A:-x} ${B:-y}"\n', { env: { B: '' } });
    assert.deepEqual(findings, []);
    assert.deepEqual(
      defaulted.map(({ name, finding }) => [name, finding.code]),
      [['A', 'R170']],
    );
  });

  const problems: readonly (readonly [string, string, World, string[][]])[] = [
    [
      'R002 in .env, with its line',
      'name: x\n',
      { files: { '/p/.env': 'A=1\nnope\n=3\n' } },
      [
        ['R002', 'nope'],
        ['R002', '=3'],
      ],
    ],
    [
      'R053 for a missing secret file and an unset variable',
      'secrets: {a: {file: no}, b: {env: NO}}\n',
      {},
      [
        ['R053', 'no'],
        ['R053', 'NO'],
      ],
    ],
    [
      'R064, R065 and R066 for env files',
      'services: {a: {env_file: [no, bad, dir, ""]}}\n',
      {
        files: {
          '/p/bad': 'A=1\nB\n',
          '/p/dir': { kind: 'unreadable', reason: 'EISDIR' },
          '/p//': { kind: 'unreadable', reason: 'EISDIR' },
          '/p/': { kind: 'unreadable', reason: 'EISDIR' },
        },
      },
      [
        ['R064', 'no'],
        ['R065', 'bad'],
        ['R066', 'dir'],
        ['R066', '""'],
      ],
    ],
    [
      'R067 for list items without =',
      'services: {a: {environment: [A, B=1], x-runtime: {prepare: {env: [C]}}}}\n',
      {},
      [
        ['R067', 'A'],
        ['R067', 'C'],
      ],
    ],
  ];
  for (const [title, text, world, expected] of problems) {
    it(`finds ${title}`, () => assert.deepEqual(resolve(text, world).places, expected));
  }

  it('does not blame the use of a secret that is declared wrongly', () => {
    const text = 'secrets: {a: {file: f, env: E}, "b-c": {env: E}, d: }\nname: "$a $d"\n';
    assert.deepEqual(resolve(text, { env: { E: 'x' } }).places, []);
  });

  it('says nothing that hangs on files that are not read yet, and lists them', () => {
    const pending: FileState = { kind: 'pending' };
    const text = 'secrets: {s: {file: s}}\nname: "$NO $s"\nservices: {a: {env_file: e}}\n';
    const result = resolve(text, { files: { '/p/.env': pending, '/p/s': pending, '/p/e': pending } });
    assert.deepEqual(result.places, []);
    assert.deepEqual(result.pending, ['/p/.env', '/p/s', '/p/e']);
  });

  it('interpolates one service block alone with the same result', () => {
    const text = 'services:\n  a: {image: "${V:-x} $W", command: ["$NO"]}\n';
    const whole = resolve(text, { env: { W: 'w' } });
    const service = valueAt(whole.merged, 'services', 'a')!;
    const alone = interpolateService(service, 'a', whole.scope);
    assert.deepEqual(alone.node, valueAt(whole.root, 'services', 'a'));
    assert.deepEqual(alone.findings, whole.findings);
  });

  it('returns untouched blocks as the very same values', () => {
    const { root, merged } = resolve('services: {a: {image: x}, b: {image: "$A"}}\n', { env: { A: '1' } });
    assert.equal(valueAt(root, 'services', 'a'), valueAt(merged, 'services', 'a'));
    assert.notEqual(valueAt(root, 'services', 'b'), valueAt(merged, 'services', 'b'));
  });
});
