// Misbehaviour on demand, from FAKE_* variables (see README.md): sleeps, failures, hangs, half-written output, full disks, a log of each call.
// A fault applies to a call when its verb is named and, with FAKE_MATCH, one of its arguments contains that text.
import fs from 'node:fs';

const FOREVER_MS = 0x7fff_ffff;
const PARTIAL_MS = 600_000;

/** Waits; unlike a blocking wait it lets signal handlers run. */
export const sleep = (ms) => (ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : undefined);

/** What the environment asks of one call. */
export function readFaults(env, verb, args) {
  const matches = !env.FAKE_MATCH || args.some((argument) => argument.includes(env.FAKE_MATCH));
  const named = (variable) => (env[variable] ?? '').split(',').includes(verb) && matches && stillDue(env);
  const seconds = Number(env[`FAKE_${verb.toUpperCase()}`] || 0);
  return {
    napMs: matches ? seconds * 1000 : 0,
    hang: named('FAKE_HANG'),
    fail: named('FAKE_FAIL'),
    partial: named('FAKE_PARTIAL'),
    noSpace: named('FAKE_ENOSPC'),
    grandchild: named('FAKE_GRANDCHILD'),
    stderr: env.FAKE_STDERR || `[ERROR] ${verb} failed on purpose`,
    exitCode: Number(env.FAKE_EXIT || 1),
    httpStatus: matches && env.FAKE_STATUS ? Number(env.FAKE_STATUS) : undefined,
    bytes: sizeFor(env, args),
    bytesPerSecond: env.FAKE_RATE ? Number(env.FAKE_RATE) : undefined,
  };
}

// FAKE_SIZES=text=n,…: the first text that an argument contains decides; else FAKE_BYTES for all.
function sizeFor(env, args) {
  const pairs = (env.FAKE_SIZES ?? '').split(',').map((pair) => pair.split('='));
  const own = pairs.find(([text]) => text && args.some((argument) => argument.includes(text)))?.[1];
  const bytes = own ?? env.FAKE_BYTES;
  return bytes ? Number(bytes) : undefined;
}

// FAKE_TIMES=n with FAKE_COUNTER=file: only the first n calls that a fault would hit are hit. Appending counts safely among processes.
function stillDue(env) {
  if (!env.FAKE_TIMES || !env.FAKE_COUNTER) return true;
  fs.appendFileSync(env.FAKE_COUNTER, '.');
  return fs.statSync(env.FAKE_COUNTER).size <= Number(env.FAKE_TIMES);
}

/** FAKE_DEAF=1: the call survives everything but SIGKILL. Otherwise a signal cleans up, as bash's EXIT trap does in the real one. */
export function listenToSignals(env, cleanUp) {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    process.on(signal, () => {
      if (env.FAKE_DEAF === '1') return;
      cleanUp();
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    });
  }
}

/** One line per event: milliseconds since the epoch, process id, event, verb, arguments (line ends written as \n). */
export function createLog(env, verb) {
  return (event, args = []) => {
    if (!env.FAKE_LOG) return;
    const text = args.join(' ').replaceAll('\n', '\\n');
    fs.appendFileSync(env.FAKE_LOG, `${Date.now()} ${process.pid} ${event} ${verb} ${text}\n`);
  };
}

/** FAKE_RECORD=file: one JSON line per call with the exact arguments, working directory and environment of ENROOT and NVIDIA. */
export function record(env, argv) {
  if (!env.FAKE_RECORD) return;
  const kept = Object.entries(env).filter(([name]) => /^(ENROOT|NVIDIA)_/.test(name));
  const line = { argv, cwd: process.cwd(), pid: process.pid, env: Object.fromEntries(kept) };
  fs.appendFileSync(env.FAKE_RECORD, `${JSON.stringify(line)}\n`);
}

/** Never ends by itself. */
export async function hang() {
  while (true) await sleep(FOREVER_MS);
}

/** Half of what was asked for, then ten minutes in which to be killed. */
export async function writePartially(output, bytes) {
  if (output) fs.writeFileSync(output, Buffer.alloc(Math.floor(bytes / 2)));
  await sleep(PARTIAL_MS);
}
