// Measures the language server as an editor sees it: process start to first diagnostics, edit to diagnostics, opening of a
// big spec, peak memory. Interleaved with `hpc-compose lsp` (HPC_COMPOSE_PEER, or on PATH), which only takes whole texts.
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
  { lines: 66, edits: 100 },
  { lines: 1000, edits: 100 },
  { lines: 10_000, edits: 30 },
];
const GOALS = { start: '< 400 ms', edit1000: '< 20 ms' };

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

/** Starts a server and shows it one spec; resolves when its diagnostics are there. Times are in ms. */
async function open(tool, folder, lines) {
  const file = path.join(folder, 'compose.yaml');
  const text = `${lines.join('\n')}\n`;
  fs.writeFileSync(file, text);
  const uri = pathToFileURL(file).href;
  const began = performance.now();
  const [program, ...args] = tool.command;
  const connection = new LspConnection(
    spawn(program, args, { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] }),
  );
  await connection.request('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
  connection.notify('initialized', {});
  const opened = performance.now();
  const shown = connection.diagnostics(uri, 1);
  const textDocument = { uri, languageId: 'yaml', version: 1, text };
  connection.notify('textDocument/didOpen', { textDocument });
  await shown;
  const now = performance.now();
  return { connection, uri, lines: [...lines], sinceStart: now - began, sinceOpen: now - opened };
}

async function edit(tool, session, turn) {
  const { line, text, range } = nextEdit(session.lines, turn);
  session.lines[line] = text;
  const version = turn + 2;
  const whole = { text: `${session.lines.join('\n')}\n` };
  const shown = session.connection.diagnostics(session.uri, version);
  const began = performance.now();
  session.connection.notify('textDocument/didChange', {
    textDocument: { uri: session.uri, version },
    contentChanges: [tool.incremental ? { range, text } : whole],
  });
  await shown;
  return performance.now() - began;
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
  for (let turn = 0; turn < STARTS; turn++) {
    for (const [index, tool] of TOOLS.entries()) {
      const { connection, sinceStart } = await open(tool, folder, specLines(START_LINES));
      times[index].push(sinceStart);
      await connection.end();
    }
  }
  const medians = times.map((each) => quantile(each, 0.5));
  addRow(`process start to first diagnostics, ${START_LINES} lines`, 'ms', medians, GOALS.start);
}

async function measureSize(folder, { lines, edits }) {
  const sessions = [];
  for (const tool of TOOLS) sessions.push(await open(tool, folder, specLines(lines)));
  const before = sessions.map(({ connection }) => cpuOf(connection));
  const times = TOOLS.map(() => ({ service: [], job: [] }));
  for (let turn = 0; turn < edits; turn++)
    for (const [index, tool] of TOOLS.entries())
      times[index][isOfJob(turn) ? 'job' : 'service'].push(await edit(tool, sessions[index], turn));
  const cpu = sessions.map(
    ({ connection }, index) => (cpuOf(connection) - before[index]) / edits || undefined,
  );
  const pick = (kind, part) => times.map((each) => quantile(each[kind], part));
  const size = `${lines.toLocaleString('en')} lines`;
  const opened = sessions.map(({ sinceOpen }) => sinceOpen);
  if (lines >= 10_000) addRow(`open, ${size}`, 'ms', opened);
  addRow(`edit of a service, ${size}, median`, 'ms', pick('service', 0.5), GOALS[`edit${lines}`]);
  addRow(`edit of a service, ${size}, p95`, 'ms', pick('service', 0.95));
  addRow(`edit of the job's settings, ${size}, median`, 'ms', pick('job', 0.5));
  addRow(`CPU time of an edit, ${size}, mean`, 'ms', cpu);
  addRow(
    `peak memory, ${size}`,
    'MB',
    sessions.map(({ connection }) => peakOf(connection)),
  );
  for (const { connection } of sessions) await connection.end();
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hpc-compose-bench-lsp-'));
try {
  await measureStart(folder);
  for (const size of SIZES) await measureSize(folder, size);
  console.table(rows);
  if (!peer)
    console.log('no ratios: there is no hpc-compose that runs, neither on PATH nor as HPC_COMPOSE_PEER');
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
