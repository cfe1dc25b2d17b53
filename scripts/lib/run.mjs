// Runs a program and waits for it; its output goes to standard error unless collected, so that standard output stays for results.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's folder. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Resolves to {code, output}; `collect: true` keeps the output instead of showing it. */
export function run(
  command,
  args,
  { collect = false, env = process.env, cwd = ROOT, onStart = () => {} } = {},
) {
  const stdio = collect ? ['ignore', 'pipe', 'pipe'] : ['ignore', 2, 2];
  const child = spawn(command, args, {
    cwd,
    env,
    stdio,
    shell: process.platform === 'win32' && command === 'npm',
  });
  onStart(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? 1, signal, output }));
  });
}

/** A line of progress on standard error. */
export const say = (line) => process.stderr.write(`${line}\n`);
