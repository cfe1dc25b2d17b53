// Measures the language server as an editor sees it: process start to ready and to first diagnostics, edit to diagnostics, an
// unclosed quote, a burst of keys, opening of a big spec until the mistake in its last service is shown, peak memory. Interleaved
// with `hpc-compose lsp` (HPC_COMPOSE_PEER, or on PATH), which only takes whole texts.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { LspConnection } from '../helpers/lspConnection.mjs';

const SERVER = path.join(import.meta.dirname, '../../dist/server.js');
const STARTS = 11;
const START_LINES = 60;
const SIZES = [
  { lines: 66, edits: 100, quotes: 40, bursts: 3 },
  { lines: 1000, edits: 100, quotes: 40, bursts: 3 },
  { lines: 10_000, edits: 30, quotes: 20, bursts: 3 },
  { lines: 40_000, edits: 15, quotes: 10, bursts: 0 },
];
const OPENS = { lines: 10_000, fresh: 5, warm: 10 };
const BURST = { keys: 20, everyMs: 30 };
/** What issue and contract ask for; a number: of the ratio. */
const GOALS = {
  ready: '< 150 ms',
  start: '< 400 ms',
  fresh: '4',
  warm: '3',
  burst10000: '< 5 ms',
  edit: { 66: '+ 1.5 ms', 1000: '0.33', 10_000: '0.05', 40_000: '0.0125' },
  quote: { 66: '+ 1.5 ms', 1000: '1', 10_000: '0.33', 40_000: '0.1' },
  memory10000: '< 120 MB',
};

const READING_MS = 5000;

const HEAD = ['x-slurm:', '  nodes: 4', '  cache_dir: /shared/cache', '  time: "01:00:00"', 'services:'];
const serviceLines = (index) => [
  `  service${index}:`,
  '    image: redis:7',
  `    command: echo ${index}`,
  '    environment:',
  `      PORT: "${7000 + index}"`,
  '      MODE: batch',
  '    volumes:',
  `      - /data/${index}:/data`,
  '    x-slurm:',
  '      nodes: 1',
  '      ntasks: 1',
];

/** A valid spec of about so many lines. */
function specLines(count) {
  const lines = [...HEAD];
  for (let index = 0; lines.length + 11 <= Math.max(count, 16); index++) lines.push(...serviceLines(index));
  return lines;
}

/** Every fifth edit changes the time limit of the whole job, which concerns every service. */
const isOfJob = (turn) => turn % 5 === 4;

/** The edits of a person: a letter more in a command somewhere, or another time limit. */
function nextEdit(lines, turn) {
  const services = Math.floor((lines.length - HEAD.length) / 11);
  const line = isOfJob(turn) ? 3 : HEAD.length + ((turn * 7) % services) * 11 + 2;
  const was = lines[line];
  const text = line === 3 ? `  time: "01:00:${10 + (turn % 50)}"` : `${was}x`;
  const range = { start: { line, character: 0 }, end: { line, character: was.length } };
  return { line, text, range };
}

function findPeer() {
  const program = process.env.HPC_COMPOSE_PEER ?? 'hpc-compose';
  const { status } = spawnSync(program, ['--version'], { stdio: 'ignore' });
  return status === 0 ? program : undefined;
}

const peer = findPeer();
const TOOLS = [
  { name: 'ours', command: [process.execPath, SERVER, '--stdio'], incremental: true },
  ...(peer ? [{ name: 'hpc-compose', command: [peer, 'lsp'], incremental: false }] : []),
];

/** A server that has answered `initialize`. */
async function startServer(tool, folder) {
  const [program, ...args] = tool.command;
  const process_ = spawn(program, args, { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] });
  const connection = new LspConnection(process_);
  await connection.request('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
  return connection;
}

/** Starts a server and shows it one spec; resolves when its diagnostics are there. Times are in ms. */
async function open(tool, folder, lines) {
  const began = performance.now();
  const connection = await startServer(tool, folder);
  const ready = performance.now() - began;
  connection.notify('initialized', {});
  const { uri, sinceOpen } = await show(connection, path.join(folder, 'compose.yaml'), lines);
  return {
    connection,
    uri,
    lines: [...lines],
    version: 1,
    sinceStart: performance.now() - began,
    sinceOpen,
    ready,
  };
}

const hasFinding = ({ params }) => params.diagnostics.length > 0;
const hasError = ({ params }) => params.diagnostics.some(({ severity }) => severity === 1);

/** Opens one file; resolves at its first diagnostics, or the first with a finding. */
async function show(connection, file, lines, isWanted = () => true) {
  const text = `${lines.join('\n')}\n`;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  const uri = pathToFileURL(file).href;
  const began = performance.now();
  const shown = connection.diagnostics(uri, 1, isWanted);
  const textDocument = { uri, languageId: 'yaml', version: 1, text };
  connection.notify('textDocument/didOpen', { textDocument });
  await shown;
  return { uri, sinceOpen: performance.now() - began };
}

/** Changes one line. `shown` resolves when the answer is there that `isWanted` waits for. */
function send(tool, session, { line, text, range }, isWanted) {
  session.lines[line] = text;
  session.version += 1;
  const { version, uri } = session;
  const contentChanges = [tool.incremental ? { range, text } : { text: `${session.lines.join('\n')}\n` }];
  const shown = session.connection.diagnostics(uri, version, isWanted);
  const began = performance.now();
  session.connection.notify('textDocument/didChange', { textDocument: { uri, version }, contentChanges });
  return { shown, began };
}

/** Changes one line; gives the time until it is judged. */
async function edit(tool, session, change, isWanted) {
  const { shown, began } = send(tool, session, change, isWanted);
  await shown;
  return performance.now() - began;
}

const wholeLine = (session, line, text) => ({
  line,
  text,
  range: { start: { line, character: 0 }, end: { line, character: session.lines[line].length } },
});

/** Opens a quote in the image of a service, and takes it away again; gives the time until the mistake is shown. */
async function quote(tool, session, turn) {
  const services = Math.floor((session.lines.length - HEAD.length) / 11);
  const line = HEAD.length + ((turn * 7) % services) * 11 + 1;
  const was = session.lines[line];
  const took = await edit(tool, session, wholeLine(session, line, was.replace('redis', '"redis')), hasError);
  await edit(tool, session, wholeLine(session, line, was), (message) => !hasError(message));
  return took;
}

/** Types into a command without waiting; the last key opens a quote. Gives the time from that one until the mistake is shown. */
async function burst(tool, session) {
  const line = HEAD.length + 2;
  const was = session.lines[line];
  for (let key = 1; key < BURST.keys; key++) {
    // Nobody waits for these: most of them are never told of.
    const { shown } = send(tool, session, wholeLine(session, line, `${was} ${'x'.repeat(key)}`));
    shown.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, BURST.everyMs));
  }
  const took = await edit(tool, session, wholeLine(session, line, was.replace('echo', '"echo')), hasError);
  await edit(tool, session, wholeLine(session, line, was), (message) => !hasError(message));
  return took;
}

/** Peak resident memory of a process in MB; undefined where there is no /proc. */
function peakOf({ process: { pid } }) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
  } catch {
    return undefined;
  }
}

const TICK_MS = 10; // what Linux counts in for programs, whatever its kernel does

/** CPU time that a process has used, in ms; undefined where there is no /proc. Other work on the machine counts for little. */
function cpuOf({ process: { pid } }) {
  try {
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}

const rows = [];
const quantile = (numbers, part) =>
  numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) * part)];

/** One row: a figure of each tool, and ours divided by the peer's. */
function addRow(what, unit, figures, goal = '') {
  const show = (value) => (value === undefined ? '-' : `${value.toFixed(value < 100 ? 1 : 0)} ${unit}`);
  const [ours, theirs] = figures;
  rows.push({
    what,
    ours: show(ours),
    ...(peer
      ? { 'hpc-compose': show(theirs), ratio: ours && theirs ? (ours / theirs).toFixed(2) : '-' }
      : {}),
    goal,
  });
}

async function measureStart(folder) {
  const times = TOOLS.map(() => []);
  const readies = TOOLS.map(() => []);
  for (let turn = 0; turn < STARTS; turn++) {
    for (const [index, tool] of TOOLS.entries()) {
      const { connection, sinceStart, ready } = await open(tool, folder, specLines(START_LINES));
      times[index].push(sinceStart);
      readies[index].push(ready);
      await connection.end();
    }
  }
  const medians = (all) => all.map((each) => quantile(each, 0.5));
  addRow('process start to the answer of initialize', 'ms', medians(readies), GOALS.ready);
  addRow(`process start to first diagnostics, ${START_LINES} lines`, 'ms', medians(times), GOALS.start);
}

/** Mistakes in the last service: in an entry of its own, and one that only all services together tell. */
const MISTAKES = {
  'misspelt key': (line) => [line.replace('image', 'imagee')],
  'dependency on nobody': (line) => [line, '    depends_on: [nobody]'],
};

/** Opens a big spec until the mistake in its last service is shown: in fresh processes, then again and again in a warm one. */
async function measureOpen(folder, { lines, fresh, warm }, mistake) {
  const spec = specLines(lines);
  const last = spec.findLastIndex((line) => line.includes('image:'));
  spec.splice(last, 1, ...MISTAKES[mistake](spec[last]));
  const times = TOOLS.map(() => ({ fresh: [], warm: [] }));
  const start = (tool) => open(tool, folder, specLines(16));
  const openIn = async (connection, name) => {
    const { uri, sinceOpen } = await show(
      connection,
      path.join(folder, name, 'compose.yaml'),
      spec,
      hasFinding,
    );
    connection.notify('textDocument/didClose', { textDocument: { uri } });
    return sinceOpen;
  };
  for (let turn = 0; turn < fresh; turn++)
    for (const [index, tool] of TOOLS.entries()) {
      const connection = await startServer(tool, folder);
      connection.notify('initialized', {});
      times[index].fresh.push(await openIn(connection, `fresh${turn}`));
      await connection.end();
    }
  const sessions = [];
  for (const tool of TOOLS) sessions.push(await start(tool));
  for (let turn = 0; turn < warm; turn++)
    for (const [index, { connection }] of sessions.entries())
      times[index].warm.push(await openIn(connection, `warm${turn}`));
  const medians = (kind) => times.map((each) => quantile(each[kind], 0.5));
  const size = `${lines.toLocaleString('en')} lines`;
  addRow(
    `open to a ${mistake} in the last service, ${size}, fresh process`,
    'ms',
    medians('fresh'),
    GOALS.fresh,
  );
  addRow(`the same in a warm server`, 'ms', medians('warm'), GOALS.warm);
  for (const { connection } of sessions) await connection.end();
}

async function measureSize(folder, { lines, edits, quotes, bursts }) {
  const sessions = [];
  for (const tool of TOOLS) sessions.push(await open(tool, folder, specLines(lines)));
  // People read before they type: servers may use the time.
  await new Promise((resolve) => setTimeout(resolve, READING_MS));
  const before = sessions.map(({ connection }) => cpuOf(connection));
  const times = TOOLS.map(() => ({ service: [], job: [], quote: [], burst: [] }));
  for (let turn = 0; turn < edits; turn++)
    for (const [index, tool] of TOOLS.entries()) {
      const took = await edit(tool, sessions[index], nextEdit(sessions[index].lines, turn));
      times[index][isOfJob(turn) ? 'job' : 'service'].push(took);
    }
  const cpu = sessions.map(
    ({ connection }, index) => (cpuOf(connection) - before[index]) / edits || undefined,
  );
  for (let turn = 0; turn < quotes; turn++)
    for (const [index, tool] of TOOLS.entries())
      times[index].quote.push(await quote(tool, sessions[index], turn));
  for (let turn = 0; turn < bursts; turn++)
    for (const [index, tool] of TOOLS.entries()) times[index].burst.push(await burst(tool, sessions[index]));
  const pick = (kind, part) => times.map((each) => quantile(each[kind], part));
  const size = `${lines.toLocaleString('en')} lines`;
  addRow(`edit of a service, ${size}, median`, 'ms', pick('service', 0.5), GOALS.edit[lines]);
  addRow(`edit of a service, ${size}, p95`, 'ms', pick('service', 0.95));
  addRow(`edit of the job's settings, ${size}, median`, 'ms', pick('job', 0.5), GOALS.edit[lines]);
  addRow(`CPU time of an edit, ${size}, mean`, 'ms', cpu);
  addRow(`unclosed quote, ${size}, median`, 'ms', pick('quote', 0.5), GOALS.quote[lines]);
  if (bursts > 0)
    addRow(
      `after a burst of ${BURST.keys} keys, ${size}, median`,
      'ms',
      pick('burst', 0.5),
      GOALS[`burst${lines}`],
    );
  const peaks = sessions.map(({ connection }) => peakOf(connection));
  addRow(`peak memory, ${size}`, 'MB', peaks, GOALS[`memory${lines}`]);
  for (const { connection } of sessions) await connection.end();
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hpc-compose-bench-lsp-'));
try {
  await measureStart(folder);
  for (const mistake of Object.keys(MISTAKES)) await measureOpen(folder, OPENS, mistake);
  for (const size of SIZES) await measureSize(folder, size);
  console.table(rows);
  if (!peer)
    console.log('no ratios: there is no hpc-compose that runs, neither on PATH nor as HPC_COMPOSE_PEER');
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
