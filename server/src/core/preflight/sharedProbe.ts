// Asks a compute node itself whether it shares a directory with us: a job of one minute looks for our file, leaves one of its own
// by rename, and tells the free space. Costs a job each, so only on request (cache contract, section 10).
import * as fs from 'node:fs';
import path from 'node:path';
import { errnoOf, makeDirectories } from '../files.ts';
import type { Ports } from '../ports.ts';
import { blocked, passed, warned, type CheckItem } from './items.ts';

export interface ProbeTarget {
  /** Such as "cache directory". */
  readonly what: string;
  readonly path: string;
}

export interface ProbeTools {
  readonly sbatch: string;
  readonly scancel: string;
}

const POLL_MS = 200;
const SUBMIT_LIMIT_MS = 60_000;
const TWO_GIBIBYTES = 2 * 1024 ** 3;
const REMEDY =
  'Choose a directory that login and compute nodes both mount, then run preflight --fs-probes again.';

/** One item a directory, and a warning where the compute node has little room. Throws the signal's reason when cancelled. */
export async function probeShared(
  targets: readonly ProbeTarget[],
  tools: ProbeTools,
  timeoutMs: number,
  ports: Pick<Ports, 'run' | 'env'>,
  signal?: AbortSignal,
): Promise<CheckItem[]> {
  const items: CheckItem[] = [];
  for (const target of targets) {
    items.push(...(await probeOne(target, tools, timeoutMs, ports, signal)));
  }
  return items;
}

async function probeOne(
  { what, path: place }: ProbeTarget,
  tools: ProbeTools,
  timeoutMs: number,
  ports: Pick<Ports, 'run' | 'env'>,
  signal: AbortSignal | undefined,
): Promise<CheckItem[]> {
  try {
    const free = await runProbe(place, tools, timeoutMs, ports, signal);
    const ok = passed(`a compute node shares the ${what} with this one: ${place}`);
    if (free === undefined || free >= TWO_GIBIBYTES) return [ok];
    const message = `a compute node sees only ${(free / 1024 ** 3).toFixed(1)} GiB free for the ${what} ${place}`;
    return [ok, warned(message, 'Free space there, raise the quota, or choose another directory.')];
  } catch (error) {
    signal?.throwIfAborted();
    const cause = errnoOf(error) ?? (error instanceof Error ? error.message : String(error));
    return [blocked(`the ${what} ${place} could not be probed by a job: ${cause}`, REMEDY)];
  }
}

/** Free bytes as the compute node sees them, if it says. Throws what went wrong; the probe's folder goes in any case. */
async function runProbe(
  place: string,
  tools: ProbeTools,
  timeoutMs: number,
  ports: Pick<Ports, 'run' | 'env'>,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  makeDirectories(place);
  const folder = fs.mkdtempSync(path.join(place, '.hpc-compose-fs-probe-'));
  try {
    const token = path.basename(folder);
    fs.writeFileSync(path.join(folder, 'login'), token);
    fs.writeFileSync(path.join(folder, 'probe.sh'), JOB, { mode: 0o700 });
    const job = await submit(folder, token, tools.sbatch, ports, signal);
    try {
      const answer = await answerOf(folder, timeoutMs, signal);
      return freeBytesOf(answer, token);
    } catch (error) {
      await ports.run({ command: tools.scancel, args: [job], env: ports.env });
      throw error;
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Runs on a compute node with the folder and the token as arguments; its answer appears whole, by rename. */
const JOB = `#!/bin/sh
at=$1
say() { printf '%s\\n' "$1" > "$at/answer.new" && mv "$at/answer.new" "$at/answer"; exit 0; }
[ -f "$at/login" ] || exit 1
[ "$(cat "$at/login")" = "$2" ] || say "error the file of the login node has other contents there"
free=$(df -Pk "$at" 2>/dev/null | awk 'NR == 2 { print $4 }')
say "ok $2 $free"
`;

async function submit(
  folder: string,
  token: string,
  sbatch: string,
  ports: Pick<Ports, 'run' | 'env'>,
  signal: AbortSignal | undefined,
): Promise<string> {
  const limit = AbortSignal.timeout(SUBMIT_LIMIT_MS);
  const options = ['--parsable', '--job-name=hpc-compose-fs-probe', '--nodes=1', '--ntasks=1', '--time=1'];
  const args = [...options, '--output=/dev/null', `${folder}/probe.sh`, folder, token];
  const both = signal ? AbortSignal.any([signal, limit]) : limit;
  const result = await ports.run({ command: sbatch, args, env: ports.env, signal: both });
  const words = result.startError ?? (result.stderr.trim() || `exit ${result.exitCode ?? '?'}`);
  if (result.exitCode !== 0) throw new Error(`${sbatch} failed: ${words}`);
  const job = /^\s*(\d+)(?:;|\s*$)/m.exec(result.stdout)?.[1];
  if (job === undefined) throw new Error(`${sbatch} gave no job id`);
  return job;
}

/** Waits for the answer's file. A network file system may show it late, so the folder is read each time. */
async function answerOf(folder: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<string> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    if (fs.readdirSync(folder).includes('answer'))
      return fs.readFileSync(path.join(folder, 'answer'), 'utf8').trim();
    if (Date.now() > until)
      throw new Error(
        `no answer of a job within ${timeoutMs / 1000} s: it waits, or does not see the directory`,
      );
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function freeBytesOf(answer: string, token: string): number | undefined {
  const [verdict = '', said = '', kilobytes = ''] = answer.split(' ');
  if (verdict !== 'ok' || said !== token) throw new Error(answer.replace(/^error /, ''));
  return /^\d+$/.test(kilobytes) ? Number(kilobytes) * 1024 : undefined;
}
