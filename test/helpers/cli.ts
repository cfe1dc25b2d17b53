// Runs the built command line as a user would, in a process of its own.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const CLI = join(import.meta.dirname, '../../dist/cli.js');

export interface CliOptions {
  readonly cwd: string;
  /** Added to the environment; undefined removes. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Put before `node cli.js`: strace, runuser, … */
  readonly prefix?: readonly string[];
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts the command line. */
export function startCli(args: readonly string[], options: CliOptions): Started {
  assert.ok(existsSync(CLI), 'dist/cli.js is missing: npm run build');
  return startProgram([...(options.prefix ?? []), process.execPath, CLI, ...args], options);
}

/** Runs the command line to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<Ended> {
  return startCli(args, options).ended;
}

/** Starts any program and collects its output. */
export function startProgram(command: readonly string[], options: CliOptions): Started {
  const [program = '', ...args] = command;
  const env = { ...process.env, ...options.env };
  const child = spawn(program, args, { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

/** Runs any program to its end. */
export function runProgram(command: readonly string[], options: CliOptions): Promise<Ended> {
  return startProgram(command, options).ended;
}
