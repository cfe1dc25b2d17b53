// Image stores of Slurm jobs below `runtime/<job>`, made by the batch script and by default never cleaned up.
import path from 'node:path';
import { lstatOrNothing, namesIn } from '../diskUsage.ts';
import type { Ports } from '../ports.ts';
import { fileCandidate, type Candidate } from './candidates.ts';

/** Job id -> what Slurm says of it. */
export type JobStates = Readonly<Record<string, 'active' | 'ended' | 'unknown'>>;

/** One candidate a job; its key is the job id. */
export function runtimeCandidates(cacheDir: string, now: number): Candidate[] {
  const directory = `${cacheDir}/runtime`;
  if (!lstatOrNothing(directory)?.isDirectory()) return [];
  return namesIn(directory)
    .map((name) => {
      const candidate = fileCandidate(path.join(directory, name), 'runtime', 'image store of a job', now);
      return candidate && { ...candidate, cacheKey: name };
    })
    .filter((candidate) => candidate !== undefined);
}

/**
 * Asks Slurm once which jobs of the cache are still queued or running. Without an answer all are unknown: absence of a job
 * from a list that could not be had proves nothing.
 */
export async function readJobStates(cacheDir: string, ports: Pick<Ports, 'run' | 'env'>): Promise<JobStates> {
  const ids = namesIn(`${cacheDir}/runtime`).filter((name) => /^\d+(?:_\d+)?$/.test(name));
  if (ids.length === 0) return {};
  const args = ['--noheader', '--all', '--states=all', '--array', '--format=%A|%i|%T'];
  const result = await ports.run({ command: 'squeue', args, env: ports.env });
  if (result.exitCode !== 0) return {};
  const states: Record<string, 'active' | 'ended' | 'unknown'> = {};
  for (const id of ids) states[id] = seesJobsOf(`${cacheDir}/runtime/${id}`) ? 'ended' : 'unknown';
  for (const line of result.stdout.split('\n')) {
    const [job = '', task = '', state = ''] = line.split('|');
    const over = /^(?:BOOT_FAIL|CANCELLED|COMPLETED|DEADLINE|FAILED|NODE_FAIL|OUT_OF_MEMORY|TIMEOUT)/.test(
      state,
    );
    for (const id of [job, task]) if (!over && id in states) states[id] = 'active';
  }
  return states;
}

// Sites hide the jobs of others (PrivateData=jobs): a job of somebody else that is not listed may well be running.
function seesJobsOf(folder: string): boolean {
  const user = process.geteuid?.();
  return user === 0 || Number(lstatOrNothing(folder)?.uid) === user;
}
