// The places where hpc-compose judges badly, W01-W57, each with what ours shows: code, the exact text it sits on, words, and a fix.
// A spec is valid here exactly when it is valid for hpc-compose. W45 and W46, costs of long chains and many services, are tested apart.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { rangeOf } from '../../../server/src/lsp/diagnosticOf.ts';
import type { Finding } from '../../../server/src/model/finding.ts';
import { looksLikeSpec } from '../../../server/src/spec/detect.ts';
import { runCli } from '../../helpers/cli.ts';
import { judgeText, SPEC_FILE } from '../../helpers/judgeText.ts';

const S = 'services: {app: {image: "alpine:3.20"}}\n';
/** Code, text that it sits on, part of the message. */
type Shown = readonly [code: string, marked: string, words: string];

interface Spot {
  readonly title: string;
  readonly spec: string;
  readonly valid: boolean;
  readonly shows: readonly Shown[];
  /** What a fix makes of the text it changes. */
  readonly fix?: readonly [code: string, newText: string];
  readonly related?: readonly [code: string, words: string];
}

const SPOTS: readonly Spot[] = [
  {
    title: 'W01 tells all errors at once',
    spec: 'x-slurm: {time: 5 minutes, nodes: 0, array: x}\nservices: {app: {image: "alpine:3.20", volumes: [bad], depends_on: [nope]}}\n',
    valid: false,
    shows: [
      ['R079', '5 minutes', 'is no Slurm time'],
      ['R075', '0', 'at least 1'],
      ['R081', 'x', 'is no job array'],
      ['R114', 'bad', 'is no mount'],
      ['R161', 'nope', 'no service `nope`'],
    ],
    fix: ['R079', '"00:05:00"'],
  },
  {
    title: 'W02 tells them in the order of the text',
    spec: 'x-slurm:\n  nodes: 0\n  time: 1h\nservices:\n  a: {image: "oras://x:1", depends_on: [nope]}\n  b: {image: "r:1", ports: []}\n',
    valid: false,
    shows: [
      ['R075', '0', ''],
      ['R079', '1h', ''],
      ['R141', '"oras://x:1"', ''],
      ['R161', 'nope', ''],
      ['R030', 'ports', ''],
    ],
  },
  {
    title: 'W03 places wrong types and unknown keys',
    spec: `x-slurm: {nodes: "2", nodse: 1}\n${S}`,
    valid: false,
    shows: [
      ['R040', '"2"', 'a whole number, not the text'],
      ['R041', 'nodse', 'Unknown key'],
    ],
    fix: ['R040', '2'],
  },
  {
    title: 'W04 gives reasons for syntax errors and duplicate keys, with their places',
    spec: 'name: a\nname: b\nservices: {app: {image: "r:1"}}\n',
    valid: false,
    shows: [['R006', 'name', '`name` is given twice']],
    related: ['R006', 'first given here'],
  },
  {
    title: 'W04 places a quote that is never closed where it is opened',
    spec: 'services:\n  app:\n    image: "r:1\n    command: x\n',
    valid: false,
    shows: [['R004', '"', 'this quote is never closed']],
  },
  {
    title: 'W05 places range rules',
    spec: `x-slurm: {nodes: 0, cpus_per_task: 1, cpus_per_gpu: 1, array: "9-0", submit_args: ["--nodes=2"]}\n${S}`,
    valid: false,
    shows: [
      ['R075', '0', ''],
      ['R076', 'cpus_per_gpu', 'exclude each other'],
      ['R081', '9-0', 'ends before it starts'],
      ['R083', '"--nodes=2"', 'use the key `x-slurm.nodes`'],
    ],
  },
  {
    title: 'W06 shows the whole ring of a cycle',
    spec: 'services:\n  app: {image: "r:1", depends_on: [b]}\n  b: {image: "r:1", depends_on: [c]}\n  c: {image: "r:1", depends_on: [app]}\n',
    valid: false,
    shows: [['R164', 'app', 'app → b → c → app']],
    related: ['R164', "'app' depends on 'b' here."],
  },
  {
    title: 'W07 places a mount by its part',
    spec: 'services: {a: {image: "r:1", volumes: ["./a:/a", ":/b"]}}\n',
    valid: false,
    shows: [['R114', ':', '`services.a.volumes[1]`']],
  },
  {
    title: 'W08 places a condition at the service that wrote it',
    spec: 'services: {app: {image: "r:1", depends_on: {b: {condition: service_healty}}}, b: {image: "r:1"}}\n',
    valid: false,
    shows: [['R131', 'service_healty', 'Unknown condition']],
    fix: ['R131', 'service_healthy'],
  },
  {
    title: 'W09 places every missing variable, and knows what was meant',
    spec: 'services: {a: {image: "r:${TAG}", working_dir: "${HOEM}/x", command: ["x"]}}\n',
    valid: false,
    shows: [
      ['R060', '${TAG}', 'TAG is not set'],
      ['R060', '${HOEM}', 'HOEM is not set'],
    ],
  },
  {
    title: 'W10 names the item without =, and the service of a healthcheck',
    spec: 'services: {a: {image: "r:1", environment: [A], healthcheck: {test: [CMD, pg_isready]}}}\n',
    valid: false,
    shows: [
      ['R067', 'A', '`services.a.environment[0]`'],
      ['R110', 'test', '`services.a.healthcheck.test`'],
    ],
  },
  {
    title: 'W11 gives each item a range that ends with it',
    spec: 'services:\n  a:\n    image: "r:1" # note\n    volumes:\n      - /tmp/a:/a\n      - /tmp/b:/b # note\n',
    valid: true,
    shows: [
      ['HPC005', '/tmp/a:/a', ''],
      ['HPC005', '/tmp/b:/b', ''],
    ],
  },
  {
    title: 'W12 reads flow style',
    spec: 'services: {a: {image: redis, depends_on: [b]}, b: {image: "redis:7"}}\n',
    valid: true,
    shows: [
      ['HPC007', 'redis', 'has no tag'],
      ['HPC001', 'b', 'ready or not'],
      ['HPC006', 'b', 'no condition'],
    ],
    fix: ['HPC006', ': {condition: service_started}'],
  },
  {
    title: 'W15 knows the key that was meant, by spelling and by habit',
    spec: `x-slurm: {nodse: 2, memory: 4G, walltime: "1", gpu: 1, cpus: 2, job-name: x}\n${S}`,
    valid: false,
    shows: ['nodse', 'memory', 'walltime', 'gpu', 'cpus', 'job-name'].map((key): Shown => ['R041', key, key]),
    fix: ['R041', 'nodes'],
  },
  {
    title: 'W16 names the value that is no text, without types of another language',
    spec: 'services: {a: {image: "r:1", environment: {A: 1, B: b}}}\n',
    valid: false,
    shows: [['R044', '1', '`services.a.environment.A` must be text: quote the value']],
    fix: ['R044', '"'],
  },
  {
    title: 'W17 finds the typing mistake inside such a block',
    spec: 'x-slurm: {rendezvous: {discover: a, timeout: 5}, after_job: {id: "5", condition: after}}\nservices: {a: {image: "r:1", depends_on: {b: {restart: true}}, x-slurm: {prologue: {context: x, script: y}}}, b: {image: "r:1"}}\n',
    valid: false,
    shows: [
      ['R044', 'timeout', 'Unknown key `timeout`'],
      ['R044', 'after', 'one of afterany, afterok, afternotok'],
      ['R044', 'restart', 'Unknown key `restart`'],
      ['R044', 'x', 'one of host, container'],
    ],
    fix: ['R044', 'timeout_seconds'],
  },
  {
    title: 'W18 says that quotes are missing',
    spec: `x-slurm: {time: 90, array: 7, mem: 4096, after_job: 4711}\nname: 5\n${S}`,
    valid: false,
    shows: [
      ['R040', '90', 'quote the value'],
      ['R040', '7', 'quote the value'],
      ['R040', '4096', 'quote the value'],
      ['R044', '4711', 'quote the value'],
      ['R040', '5', 'quote the value'],
    ],
  },
  {
    title: 'W19 guesses synonyms, and nothing where nothing is near',
    spec: 'nope: 1\nservices: {a: {image: "r:1", env: {A: b}, cmd: x, workdir: /x, depends: [a]}}\n',
    valid: false,
    shows: [
      ['R020', 'nope', 'Unknown key `nope`'],
      ['R030', 'env', ''],
      ['R030', 'cmd', ''],
      ['R030', 'workdir', ''],
      ['R030', 'depends', ''],
    ],
    fix: ['R030', 'environment'],
  },
  {
    title: 'W20 names keys as they are written, and what stands in place of a mapping',
    spec: 'x-slurm: {job_name: "a\\nb"}\nservices: {app: 5}\n',
    valid: false,
    shows: [
      ['R078', '"a\\nb"', '`x-slurm.job_name`'],
      ['R029', '5', 'The service `app` must be a mapping, not the number 5'],
    ],
  },
  {
    title: 'W21 helps with what is meant: variables in numbers, a missing dash, a name given twice',
    spec: `x-slurm: {nodes: "\${N}", submit_args: ["-exclusive"], rendezvous: [same, same]}\n${S}`,
    valid: false,
    shows: [
      ['R040', '"${N}"', 'variables are not expanded in numbers'],
      ['R083', '"-exclusive"', 'sets what hpc-compose sets itself'],
      ['R099', 'same', 'is given twice'],
    ],
  },
  {
    title: 'W22 tells what is wrong with a secret, not that its variable is missing',
    spec: 'secrets: {tok: {file: a, env: b}}\nservices: {a: {image: "r:1", environment: {T: "${tok}"}}}\n',
    valid: false,
    shows: [['R051', 'env', 'has both `file` and `env`']],
  },
  {
    title: 'W23 tells everything about a healthcheck at once, and what to write instead',
    spec: 'services: {a: {image: "r:1", healthcheck: {test: ["CMD","nc","-z","-w","3","h","80"], interval: 5s, retries: 3, start_period: 1s}}}\n',
    valid: false,
    shows: [
      ['R110', 'test', 'nc -z HOST PORT'],
      ['R107', 'interval', 'has no meaning here'],
      ['R107', 'retries', ''],
      ['R107', 'start_period', ''],
    ],
  },
  {
    title: 'W24 doubts what no image is called',
    spec: 'services: {a: {image: "not an image !!"}, b: {image: ""}, c: {image: "docker://"}, d: {image: "UPPER/Case:1"}, e: {image: "app:"}}\n',
    valid: true,
    shows: [
      ['HX020', '"not an image !!"', 'no spaces'],
      ['HX020', '""', 'missing'],
      ['HX020', '"docker://"', 'missing'],
      ['HX020', '"UPPER/Case:1"', 'lower case'],
      ['HX020', '"app:"', 'tag after : is missing'],
    ],
  },
  {
    title: 'W25 doubts resources that Slurm will refuse',
    spec: 'x-slurm: {mem: lots of memory, gres: "gpu:zero", licenses: ",", constraint: "(((", hint: whatever, distribution: zzz, partition: ""}\nservices: {a: {image: "r:1", x-slurm: {mem_per_gpu: 4Gc}}}\n',
    valid: true,
    shows: ['lots of memory', '"gpu:zero"', '","', '"((("', 'whatever', 'zzz', '""', '4Gc'].map(
      (value): Shown => ['HX021', value, 'x-slurm.'],
    ),
  },
  {
    title: 'W26 sees commands that do nothing (shell syntax: shellCheck.test.ts)',
    spec: 'services: {a: {image: "r:1", x-runtime: {prepare: {commands: [""]}}}}\n',
    valid: true,
    shows: [['HX039', '""', 'does nothing']],
  },
  {
    title: 'W27 shows which variables are left to the shell',
    spec: 'services: {a: {image: "r:1", command: "run ${NOPE}"}}\n',
    valid: true,
    shows: [['HX022', '${NOPE}', 'the shell of the job will look for it']],
  },
  {
    title: 'W28 sees named volumes, targets in use, and homes that are not expanded',
    spec: 'services: {a: {image: "r:1", volumes: ["mydata:/data", "./x:/data", "~bob/x:/x", "./y:/hpc-compose/job/"]}}\n',
    valid: true,
    shows: [
      ['HX023', '"mydata:/data"', './mydata'],
      ['HX024', '"./x:/data"', '/data already'],
      ['HX028', '~bob/x', 'is not expanded'],
      ['HX028', '/hpc-compose/job/', 'choose another target'],
    ],
  },
  {
    title: 'W29 sees what is given twice',
    spec: 'x-slurm: {array: "5,5,1-5", metrics: {collectors: [gpu, gpu]}}\nservices: {a: {image: "r:1", environment: ["A=1","A=2"], depends_on: [b, b], x-slurm: {rendezvous: {register: {name: n, port: 1}}}}, b: {image: "r:1", x-slurm: {rendezvous: {register: {name: n, port: 2}}}}}\n',
    valid: true,
    shows: [
      ['HX025', '"5,5,1-5"', 'The index 5'],
      ['HX025', 'gpu', ''],
      ['HX025', '"A=2"', ''],
      ['HX025', 'b', ''],
      ['HX025', 'n', 'The rendezvous name'],
    ],
  },
  {
    title: 'W30 relates times',
    spec: 'x-slurm: {time: "10", signal: {name: USR1, at_seconds: 3600}}\nservices: {a: {image: "r:1", x-slurm: {time_limit: "2-00:00:00"}}}\n',
    valid: true,
    shows: [
      ['HX026', '3600', 'it comes at the start'],
      ['HX026', '"2-00:00:00"', 'longer than the whole job'],
    ],
    related: ['HX026', 'The time of the job stands here.'],
  },
  {
    title: 'W30 doubts a time of 0',
    spec: `x-slurm: {time: "0"}\n${S}`,
    valid: true,
    shows: [['HX026', '"0"', 'no limit at all']],
  },
  {
    title: 'W31 relates GPUs and tasks',
    spec: 'x-slurm: {gpus_per_node: 4}\nservices: {a: {image: "r:1", x-slurm: {gpus: 99}}, b: {image: "r:1", x-slurm: {gpus_per_task: 8, gpus_per_node: 2}}, c: {image: "r:1", x-slurm: {ntasks: 5000}}}\n',
    valid: true,
    shows: [
      ['HX027', '99', '1 node with 4 GPUs each have 4'],
      ['HX027', '8', 'a node has 2 GPUs'],
      ['HX027', '5000', 'the job asks for no tasks'],
    ],
  },
  {
    title: 'W31 tells which number of tasks wins',
    spec: 'x-slurm: {ntasks: 1}\nservices: {a: {image: "r:1", x-slurm: {ntasks_per_node: 8}}}\n',
    valid: true,
    shows: [['HX027', '8', 'has no effect here']],
  },
  {
    title: 'W32 doubts paths that lead elsewhere than meant',
    spec: 'x-slurm: {scratch: {base: rel, mount: /hpc-compose/job}, stage_in: [{from: /a, to: here}], artifacts: {export_dir: /hpc-compose/job/x, paths: [/hpc-compose/job/y]}, runtime_root: /tmp/x}\nservices: {a: {image: "r:1", x-runtime: {prepare: {commands: [x], mounts: ["/tmp/a:/a"]}}}}\n',
    valid: true,
    shows: [
      ['HX028', 'rel', 'is relative'],
      ['HX028', '/hpc-compose/job', 'hides what is mounted here'],
      ['HX028', 'here', 'is relative'],
      ['HX028', '/hpc-compose/job/x', 'exists in containers only'],
      ['HX028', '/tmp/x', 'every node has for itself'],
      ['HX028', '"/tmp/a:/a"', 'other nodes do not see'],
    ],
  },
  {
    title: 'W33 doubts waits without an end and patterns that match nothing',
    spec: 'services: {a: {image: "r:1", readiness: {type: http, url: "not a url"}}, b: {image: "r:1", readiness: {type: log, pattern: "("}}, c: {image: "r:1", readiness: {type: sleep, seconds: 18446744073709551615}}}\nsweep: {parameters: {a: [1]}, matrix: full, objective: {direction: minimize, log_pattern: "loss", group: 9}}\n',
    valid: true,
    shows: [
      ['HX029', '"not a url"', 'no host'],
      ['HX029', '"("', 'no regular expression'],
      ['HX029', '18446744073709551615', 'longer than any job'],
      ['HX029', '9', 'no group 9'],
    ],
  },
  {
    title: 'W34 doubts names and addresses that fail late',
    spec: `x-slurm: {notify: {email: {to: "not an address"}}}\nservices: {"": {image: "r:1"}, ../x: {image: "r:1"}, ${'x'.repeat(190)}: {image: "r:1"}}\n`,
    valid: true,
    shows: [
      ['HX037', '"not an address"', ''],
      ['HX030', '""', 'is empty'],
      ['HX030', '../x', 'holds a /'],
      ['HX030', 'x'.repeat(190), 'longer than 185 bytes'],
    ],
  },
  {
    title: 'W35 says what the host backend ignores',
    spec: 'runtime: {backend: host}\nservices: {a: {command: x, image: "garbage://x"}}\n',
    valid: true,
    shows: [['HX031', 'image', 'is ignored']],
  },
  {
    title: 'W36 sees a window that can never be used up',
    spec: 'services: {a: {image: "r:1", x-slurm: {failure_policy: {mode: restart_on_failure, max_restarts: 2, max_restarts_in_window: 99}}}}\n',
    valid: true,
    shows: [['HX032', '99', 'only 2 restarts']],
  },
  {
    title: 'W37 hints at blocks whose lines are gone',
    spec: 'x-slurm:\nruntime:\nservices:\n  a:\n    image: "r:1"\n    volumes:\n',
    valid: true,
    shows: [
      ['HX033', 'x-slurm', 'the default applies'],
      ['HX033', 'runtime', ''],
      ['HX033', 'volumes', ''],
    ],
  },
  {
    title: 'W37 says that a null cache directory means the default',
    spec: `x-slurm: {cache_dir: ~}\n${S}`,
    valid: true,
    shows: [['HX033', 'cache_dir', 'the default applies']],
  },
  {
    title: 'W38 explains merge keys and extension keys, and writes extends instead',
    spec: 'x-common: 1\nservices:\n  a: &b {image: "r:1"}\n  b:\n    <<: *b\n',
    valid: false,
    shows: [
      ['R020', 'x-common', 'Extension keys'],
      ['R030', '<<', 'merge keys'],
    ],
    fix: ['R030', 'extends'],
  },
  {
    title: 'W39 gives advice for each key of Docker Compose',
    spec: 'version: "3.8"\nnetworks: {}\nvolumes: {}\nservices: {a: {image: "r:1", expose: [1], container_name: x, labels: {}, user: me}}\n',
    valid: false,
    shows: [
      ['R021', '"3.8"', ''],
      ['R020', 'networks', 'network of the host'],
      ['R020', 'volumes', 'no named volumes'],
      ['R030', 'expose', 'nothing has to be exposed'],
      ['R030', 'container_name', 'name of the service'],
      ['R030', 'labels', 'use a comment'],
      ['R030', 'user', 'run as you'],
    ],
  },
  {
    title: 'W40 places an empty value of x-env, which environment would take',
    spec: 'x-env: {env: {A: ""}}\nservices: {a: {image: "r:1", environment: {A: ""}}}\n',
    valid: false,
    shows: [['R070', '""', '`x-env.env.A` must not be empty']],
  },
  {
    title: 'W41 accepts what only the schema refuses',
    spec: 'x-slurm: {time: " 30 ", signal: {name: usr2, at_seconds: 5}, qos: null}\nservices: {a: {image: "r:1", volumes: null}}\n',
    valid: true,
    shows: [],
  },
  {
    title: 'W42 refuses what the schema lets pass',
    spec: 'x-slurm: {time: "99:99", array: "9-0", resume: {path: rel}}\nservices: {a: {image: "r:1", x-slurm: {rendezvous: {register: {name: .., port: 1}}}}}\n',
    valid: false,
    shows: [
      ['R079', '99', ''],
      ['R081', '9-0', ''],
      ['R096', 'rel', ''],
      ['R122', '..', ''],
    ],
  },
  {
    title: 'W43 knows interpolation in texts that have a grammar',
    spec: 'x-slurm: {time: "${T:-10}", array: "${RANGE:-0-9}", after_job: "${ID:-5}"}\nservices: {a: {image: "r:1"}}\n',
    valid: true,
    shows: [],
  },
  {
    title: 'W44 judges one huge number, and doubts it',
    spec: 'x-slurm: {nodes: 4294967295}\nservices: {a: {image: "r:1", x-slurm: {placement: {node_range: "0-4294967294"}}}}\n',
    valid: true,
    shows: [['HX034', '4294967295', 'more than any cluster has']],
  },
  {
    title: 'W51 places each default that strict mode counts (R170 in files.txt), and is silent otherwise',
    spec: 'services: {a: {image: "r:${TAG:-1}"}}\n',
    valid: true,
    shows: [],
  },
  {
    title: 'W52 warns of lists in place of mappings',
    spec: 'x-slurm: {after_job: ["123", afterok], rendezvous: [a, 5, true]}\nservices: {a: {image: "r:1", readiness: [sleep, 5], depends_on: {b: []}, command: x, x-slurm: {prologue: [container, x]}}, b: {image: "r:1"}}\n',
    valid: true,
    shows: ['after_job', 'rendezvous', 'readiness', 'b', 'prologue'].map((key): Shown => [
      'HX002',
      key,
      'for a mapping',
    ]),
  },
  {
    title: 'W57 says what version means, without pages that nobody has',
    spec: `version: "2"\n${S}`,
    valid: false,
    shows: [['R021', '"2"', 'the only one is "1"']],
  },
];

describe('weak spots of hpc-compose', () => {
  for (const spot of SPOTS) it(spot.title, () => check(spot));

  it('W13 counts columns as editors do', () => {
    const text = 'services: {a: {image: "😀:latest", volumes: [/tmp/a:/a]}}\n';
    const finding = judgeText(text).findings.find(({ code }) => code === 'HPC005');
    assert.ok(finding);
    const range = rangeOf(finding.span, { path: SPEC_FILE, text: TextDocument.create('u', 'yaml', 1, text) });
    assert.deepEqual(range.start, { line: 0, character: text.indexOf('/tmp') });
  });

  it('W47 stops at a megabyte of brackets with one finding', () => {
    const codes = judgeText(`services: ${'['.repeat(1_000_000)}`).findings.map(({ code }) => code);
    assert.deepEqual(codes, ['R004']);
  });

  it('W48 leaves a plain Docker Compose file alone', () => {
    assert.equal(looksLikeSpec('services:\n  web:\n    image: nginx\n    ports: ["80:80"]\n'), false);
  });

  it('W50 honours comments, and puts one cause in one place', () => {
    const text =
      'services:\n  a: {image: "r:1", depends_on: [b]} # hpc-compose: ignore[HPC001, HPC006] both are fine\n  b: {image: "r:1"}\n';
    assert.deepEqual(judgeText(text).findings, []);
  });
});

function check({ title, spec, valid, shows, fix, related }: Spot): void {
  const { findings, valid: verdict } = judgeText(spec);
  const textAt = ({ span }: Finding) => spec.slice(span.start, span.end);
  const seen = findings.map((finding) => `${finding.code} ${textAt(finding)} ${finding.message}`).join('\n');
  assert.equal(verdict, valid, `${title}\n${seen}`);
  let last = -1;
  for (const [code, marked, words] of shows) {
    const at = findings.findIndex(
      (finding, index) =>
        (index > last || !title.startsWith('W02')) &&
        finding.code === code &&
        textAt(finding) === marked &&
        finding.message.includes(words),
    );
    assert.ok(at >= 0, `no ${code} on ${marked} with "${words}" in\n${seen}`);
    last = at;
  }
  if (shows.length === 0)
    assert.equal(findings.filter(({ severity }) => severity === 'error').length, 0, seen);
  if (fix) {
    const texts = findings
      .filter(({ code }) => code === fix[0])
      .flatMap(({ fixes = [] }) => fixes.flatMap(({ edits }) => edits.map(({ newText }) => newText)));
    assert.ok(texts.includes(fix[1]), `${fix[1]} is not among ${texts.join(' | ')}`);
  }
  if (related) {
    const messages = findings
      .filter(({ code }) => code === related[0])
      .flatMap((finding) => finding.related ?? []);
    assert.ok(
      messages.some(({ message }) => message === related[1]),
      messages.map(({ message }) => message).join(),
    );
  }
}

describe('weak spots of the command line of hpc-compose', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'weak-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const run = (args: readonly string[]) => runCli(args, { cwd: folder, env: { HOME: '/home/nobody' } });
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const EDGE =
    'services:\n  a:\n    image: "r:1"\n    depends_on:\n      - b   # keep me\n      # and me\n  b: {image: "r:1"}\n';

  it('W14 gives JSON for errors, in whole lines', async () => {
    put('compose.yaml', `x-slurm: {nodes: 0}\n${S}`);
    const { code, stdout } = await run(['validate', '-f', 'compose.yaml', '--format', 'json']);
    assert.equal(code, 2);
    const { valid, findings } = JSON.parse(stdout) as {
      valid: boolean;
      findings: { code: string; range: object }[];
    };
    assert.deepEqual([valid, findings[0]?.code], [false, 'R075']);
    assert.deepEqual(findings[0]?.range, {
      start: { line: 0, character: 17 },
      end: { line: 0, character: 18 },
    });
  });

  it('W49 ends as hpc-compose does, and lets warnings pass when asked to', async () => {
    put('compose.yaml', EDGE);
    assert.equal((await run(['lint', 'compose.yaml'])).code, 4);
    assert.equal((await run(['lint', '--allow-warnings', 'compose.yaml'])).code, 0);
    put('.env', 'oops\n');
    assert.equal((await run(['validate', 'compose.yaml'])).code, 1);
  });

  it('W53 keeps comments and line ends when it writes conditions', async () => {
    put('compose.yaml', EDGE.replaceAll('\n', '\r\n'));
    await run(['lint', '--fix', 'compose.yaml']);
    const written = readFileSync(join(folder, 'compose.yaml'), 'utf8');
    assert.ok(written.includes('b: {condition: service_started}   # keep me\r\n      # and me\r\n'), written);
    assert.ok(!/[^\r]\n/.test(written));
  });

  it('W54 mends flow style and quoted keys, and tells the other findings', async () => {
    put('compose.yaml', 'services: {"a": {image: redis, depends_on: [b]}, b: {image: "r:1"}}\n');
    const { stdout } = await run(['lint', '--fix', 'compose.yaml']);
    assert.match(stdout, /HPC007/);
    assert.match(
      readFileSync(join(folder, 'compose.yaml'), 'utf8'),
      /depends_on: \{b: \{condition: service_started\}\}/,
    );
  });

  it('W55 mends an empty condition, and shows the change first when asked to', async () => {
    const text = 'services:\n  a: {image: "r:1", depends_on: {b: {condition: null}}}\n  b: {image: "r:1"}\n';
    put('compose.yaml', text);
    const dry = await run(['lint', '--fix', '--dry-run', 'compose.yaml']);
    assert.match(dry.stdout, /^\+.*condition: service_started/m);
    assert.equal(readFileSync(join(folder, 'compose.yaml'), 'utf8'), text);
    await run(['lint', '--fix', 'compose.yaml']);
    assert.match(readFileSync(join(folder, 'compose.yaml'), 'utf8'), /condition: service_started/);
  });

  it('W56 judges many files in one run, one object a line', async () => {
    put('a.yaml', S);
    put('b.yaml', `x-slurm: {nodes: 0}\n${S}`);
    const { code, stdout } = await run(['validate', '-f', 'a.yaml', 'b.yaml', '--format', 'json']);
    const valid = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { valid: boolean }).valid);
    assert.deepEqual([code, valid], [2, [true, false]]);
  });
});
