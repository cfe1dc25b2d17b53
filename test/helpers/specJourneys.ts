// Random journeys through the states of a spec: what people type and what they never would. Keys, values, quotes, indentation,
// lines, whole services, extends, variables, anchors and duplicates come, go and move; line ends of both kinds.
import fc from 'fast-check';
import { parseYaml } from '../../server/src/spec/parse.ts';

const SMALL = `# a study
name: study
x-slurm:
  nodes: 4
  time: "01:00:00"
  mem: 64G
  cache_dir: /tmp/cache
services:
  db:
    image: redis:7
    readiness:
      type: tcp
      port: 6379
  base:
    image: python:\${TAG:-3.11}
    environment:
      A: "1"
      HOME_DIR: \${HOME}
    volumes:
      - /data:/data
      - ./code:/code:ro

  app: # the first
    extends: base
    command: |
      echo one
      echo "two"
    depends_on:
      - db
    x-slurm:
      nodes: 2
      time_limit: "00:30:00"
      mpi: {type: pmix, expected_ranks: 2}
  web:
    extends: {service: s, file: base.yaml}
    depends_on: {app: {condition: service_completed_successfully}}
    image: nginx
runtime:
  backend: pyxis
`;
const WIDE = `x-slurm: {nodes: 8, ntasks: 4, rendezvous: {discover: [hub]}}
secrets:
  token: {env: TOKEN}
services:
  first: &first
    image: a:1
    environment: [X=1, Y=\${TOKEN}, Z=\${MISSING}]
    x-slurm: {placement: {node_range: "0-3"}, gpus: 2}
  second:
    image: b:1 # hpc-compose: ignore[HPC007] pinned elsewhere
    depends_on: [first]
    x-slurm: {placement: {share_with: first}}
  third:
    image: c
    x-slurm:
      placement: {node_range: "2-5"}
      failure_policy: {mode: ignore}
    script: |
      set -e
    x-runtime:
      prepare: {commands: [pip install x]}
    x-enroot:
      prepare: {commands: [pip install y]}
x-env:
  env: {PYXIS_CONTAINER_CACHE: "1"}
modules: [cuda]
`;
const CHILD = `extends: base.yaml
steps:
    s:
        command: more
        env_file: some.env
    own:
        extends: s
        image: d:1
        depends_on: {s: {condition: service_healthy}, gone: {}}
`;
/** Other files of every journey. */
export const BESIDE = {
  'base.yaml':
    'x-slurm: {time: "00:10:00", nodes: 2}\nservices:\n  s:\n    image: y:2\n    volumes: ["/a:/b"]\n    x-slurm: {nodes: 1}\n',
  'some.env': 'A=1\nB C\n',
};

const SEEDS = [SMALL, WIDE, CHILD];
/** Typed anywhere. */
const PIECES = [
  '"', "'", '[', ']', '{', '}', ': ', '- ', '#', '\n', '  ', '    ', 'x', '1', '0', '$', '${', '}', '${HOME}', '${X:-y}', '&a ', '*a', '!x ', '\t', '~', 'null', 'é', '---\n',
]; // prettier-ignore
/** Typed at the start of a line. */
const LINES = [
  '    image: z\n', '    imagge: x\n', '    command: x\n', '    depends_on: [db, nobody]\n', '    extends: db\n', '    extends: app\n', '  new:\n    image: n:1\n', '  db:\n    image: q:1\n',
  '    x-slurm: {nodes: 99}\n', '    volumes: ["/x:/y", "/x:/y"]\n', '    env_file: some.env\n', '    readiness: {type: sleep, seconds: 1}\n', '    # hpc-compose: ignore[HPC001] so be it\n', 'x-slurm:\n  nodes: 2\n', 'services:\n', 'extends: base.yaml\n', 'version: "2"\n', 'foo: 1\n', '    <<: *first\n', '    command: "open\n', '    command: &c x\n', '    script: *c\n', '\n', '# c\n', '      # c\n',
]; // prettier-ignore
const SWAPS: readonly (readonly [RegExp, string])[] = [
  [/app/, 'apq'],
  [/db/, 'base'],
  [/nodes: \d/, 'nodes: 3'],
  [/nodes: \d/, 'nodes: many'],
  [/redis:7/, 'redis:71'],
  [/image/, 'imag'],
  [/services/, 'steps'],
  [/\$\{\w+\}/, '${OTHER}'],
  [/00:30/, '09:30'],
  [/\/tmp\/cache/, '/shared/cache'],
  [/pyxis/, 'host'],
  [/first/, 'second'],
  [/extends: .*\n/, ''],
  [/\n/, '\r\n'],
  [/ {4}/, '  '],
];

const place = fc.double({ min: 0, max: 1, noNaN: true });
const typing = (texts: readonly string[], atLine: fc.Arbitrary<boolean>) =>
  fc.record({ kind: fc.constant('type' as const), at: place, atLine, text: fc.constantFrom(...texts) });
const edit = fc.oneof(
  { weight: 4, arbitrary: typing(LINES, fc.constant(true)) },
  { weight: 4, arbitrary: typing(PIECES, fc.boolean()) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), at: place, length: fc.oneof(fc.constant(1), fc.nat(20)) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('swap' as const), at: place, swap: fc.constantFrom(...SWAPS) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lines' as const), at: place, to: place, count: fc.nat(6), isCopy: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('service' as const), at: place, to: place, isCopy: fc.boolean() }) },
); // prettier-ignore
type Edit = typeof edit extends fc.Arbitrary<infer S> ? S : never;
/** Edits that break the text are taken back at once, and some of the others: else every journey would end in ruins. */
const step = fc.record({ edit, stays: fc.integer({ min: 0, max: 9 }).map((chance) => chance < 6) });

/** The states of a spec under so many edits, some of them taken back at once. Some journeys have the line ends of Windows. */
export const journeys = (edits: number) =>
  fc
    .tuple(fc.constantFrom(...SEEDS), fc.nat(3), fc.array(step, { minLength: edits, maxLength: edits }))
    .map(([seed, ends, steps]) => {
      let text = ends === 0 ? seed.replaceAll('\n', '\r\n') : seed;
      return [
        text,
        ...steps.flatMap((given) => {
          const changed = next(text, given.edit);
          const stays = given.stays && !parseYaml(changed, 'compose.yaml').damaged;
          const states = stays ? [changed] : [changed, text];
          if (stays) text = changed;
          return states;
        }),
      ];
    });

function next(text: string, given: Edit): string {
  const at = Math.floor(given.at * text.length);
  switch (given.kind) {
    case 'type': {
      const start = given.atLine ? text.lastIndexOf('\n', at) + 1 : at;
      return text.slice(0, start) + given.text + text.slice(start);
    }
    case 'delete':
      return text.slice(0, at) + text.slice(at + given.length);
    case 'swap':
      return text.slice(0, at) + text.slice(at).replace(given.swap[0], () => given.swap[1]);
    case 'lines':
      return moved(text.split(/(?<=\n)/), given, given.count + 1);
    case 'service':
      return moved(text.split(/^(?=\S)|^(?= {2}\w[^\n]*:)/m), given, 1);
  }
}

function moved(
  parts: string[],
  { at, to, isCopy }: Edit & { isCopy: boolean; to: number },
  count: number,
): string {
  const from = Math.floor(at * parts.length);
  const taken = isCopy ? parts.slice(from, from + count) : parts.splice(from, count);
  // Past the end: it is dropped.
  if (to < 0.8) parts.splice(Math.floor((to / 0.8) * (parts.length + 1)), 0, ...taken);
  return parts.join('');
}
