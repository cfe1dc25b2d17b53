// Prepare of eight services with an image tool that only waits: how much is won by several at a time, and what we add to each
// service. Times are of whole processes; with hpc-compose on PATH it runs in between, and ratios are printed. What is ours alone:
// the time beyond that of a shell that starts the same tool with the same words, one after the other, and of our own start.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const CLI = path.join(import.meta.dirname, '../../dist/cli.js');
const SERVICES = 8;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hpc-compose-bench-'));
const tool = path.join(folder, 'waiting-tool');

// Sleeps as asked, then makes the files that the verb makes: an image is a squashfs superblock of 96 bytes.
const TOOL = `#!/bin/sh
verb=$1; out=; name=
while [ $# -gt 0 ]; do case $1 in -o|--output) out=$2; shift;; --name) name=$2; shift;; esac; shift; done
case $verb in
  import) sleep \${WAIT_IMPORT:-0};; create) sleep \${WAIT_CREATE:-0};;
  start) sleep \${WAIT_START:-0};; export) sleep \${WAIT_EXPORT:-0};;
esac
case $verb in
  import|export) cat "$IMAGE" > "$out";;
  create) mkdir -p "$ENROOT_DATA_PATH/$name";;
esac
`;
const QUICK_TOOL = TOOL.replace(/sleep \$\{WAIT_\w+:-0\}/g, ':');
const WAITS = { WAIT_IMPORT: '1', WAIT_CREATE: '0.3', WAIT_START: '0.2', WAIT_EXPORT: '0.3' };
/** Import, create, two commands and export, in milliseconds. */
const WAITED = 1000 + 300 + 2 * 200 + 300;

function writeImage() {
  const image = Buffer.alloc(96);
  image.write('hsqs');
  image.writeUInt16LE(4, 28);
  image.writeBigUInt64LE(96n, 40);
  fs.writeFileSync(path.join(folder, 'image'), image);
}

function writeSpec(shared) {
  const services = Array.from(
    { length: SERVICES },
    (_none, index) =>
      `  s${index}:\n    image: redis:${shared ? 7 : index}\n    command: "true"\n    x-runtime: {prepare: {commands: ["one ${index}", "two"]}}\n`,
  );
  fs.writeFileSync(
    path.join(folder, 'compose.yaml'),
    `x-slurm: {cache_dir: ./cache}\nservices:\n${services.join('')}`,
  );
}

function time(command, waits, keepCache) {
  if (!keepCache) fs.rmSync(path.join(folder, 'cache'), { recursive: true, force: true });
  const env = {
    ...process.env,
    ...waits,
    IMAGE: path.join(folder, 'image'),
    TOOL: tool,
    STORE: path.join(folder, 'cache/store'),
  };
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command[0], command.slice(1), { cwd: folder, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')}: exit ${status}\n${stderr}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

const PLAIN = 'the tool alone';
const plainScript = path.join(folder, 'plain-starts');
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const ours = (jobs) => [
  process.execPath,
  CLI,
  'prepare',
  '--quiet',
  '--enroot-bin',
  tool,
  '--jobs',
  String(jobs),
];
/** The starts of one prepare, as a shell would make them, with nothing of ours around. */
const plainStarts = () => ['/bin/sh', plainScript];
const peer = () => ['hpc-compose', 'prepare', '--quiet', '--enroot-bin', tool];
const hasPeer = spawnSync('hpc-compose', ['--version']).status === 0;

function writePlainScript() {
  const image = (kind, index) => `"$STORE/${kind}${index}.sqsh"`;
  const starts = Array.from({ length: SERVICES }, (_none, index) => [
    `import -o ${image('base', index)} docker://redis:${index}`,
    `remove --force r${index}`,
    `create --force --name r${index} ${image('base', index)}`,
    `start --rw r${index} /bin/sh -lc "one ${index}"`,
    `start --rw r${index} /bin/sh -lc two`,
    `export --force --output ${image('prepared', index)} r${index}`,
    `remove --force r${index}`,
  ]).flat();
  const lines = starts.map((words) => `"$TOOL" ${words}\n`).join('');
  fs.writeFileSync(plainScript, `export ENROOT_DATA_PATH="$STORE"\nmkdir -p "$STORE"\n${lines}`);
}

/** Interleaved runs of some commands; prints one row each, with the ratio to the first where that is the peer. */
function measure(title, contestants, { waits = {}, runs = 3, keepCache = false, perService = false }) {
  const entries = contestants.filter(([name]) => hasPeer || name !== 'hpc-compose');
  const times = new Map(entries.map(([name]) => [name, []]));
  if (keepCache) time(ours(8), {}, false);
  for (let run = 0; run < runs; run++)
    for (const [name, command] of entries) times.get(name).push(time(command, waits, keepCache));
  const base = times.get('hpc-compose');
  console.log(`\n${title}`);
  for (const [name, list] of times) {
    const ratio =
      base && name !== 'hpc-compose' && name !== PLAIN
        ? `  ${(median(base) / median(list)).toFixed(2)} times as fast as the peer`
        : '';
    const plain = Math.min(...(times.get(PLAIN) ?? [0]));
    const own = (Math.min(...list) - (name === 'hpc-compose' ? 0 : start) - plain) / SERVICES;
    const each = perService && name !== PLAIN ? `  ${own.toFixed(1)} ms a service of its own` : '';
    console.log(
      `  ${name.padEnd(14)} min ${Math.min(...list)
        .toFixed(0)
        .padStart(6)} ms  median ${median(list).toFixed(0).padStart(6)} ms${ratio}${each}`,
    );
  }
}

writeImage();
fs.writeFileSync(tool, TOOL, { mode: 0o755 });
const start = Math.min(
  ...Array.from({ length: 7 }, () => {
    const from = process.hrtime.bigint();
    execFileSync(process.execPath, [CLI, '--version']);
    return Number(process.hrtime.bigint() - from) / 1e6;
  }),
);
console.log(
  `start of our command line: ${start.toFixed(0)} ms; ideal serial: ${(SERVICES * WAITED) / 1000} s`,
);
const all = [['hpc-compose', peer()], ...[1, 2, 8].map((jobs) => [`${jobs} at a time`, ours(jobs)])];
writeSpec(false);
measure('8 services on 8 images, waiting steps', all, { waits: WAITS, runs: 1 });
writeSpec(true);
measure('8 services on one image, waiting steps', all, { waits: WAITS, runs: 1 });
writeSpec(false);
fs.writeFileSync(tool, QUICK_TOOL, { mode: 0o755 });
writePlainScript();
measure(
  '8 services on 8 images, no waiting (56 starts of the tool included)',
  [...all, [PLAIN, plainStarts()]],
  {
    perService: true,
    runs: 7,
  },
);
measure(
  '8 hits',
  [
    ['hpc-compose', peer()],
    ['ours', ours(8)],
  ],
  { runs: 7, keepCache: true },
);
if (!hasPeer) console.log('\nhpc-compose is not on PATH: no ratios');
fs.rmSync(folder, { recursive: true, force: true });
