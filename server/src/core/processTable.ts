// What this machine's processes tell about who still works on a file: ids with start times, command lines, environments.
import fs from 'node:fs';
import { namesIn } from './diskUsage.ts';

export interface ProcessTable {
  /** A process with this id may have made a file at that time: it lives, and was not started later. */
  mayOwn(pid: number, bornMs: number): boolean;
  /** Some process names this text in its command line, working directory or environment. */
  mentions(text: string): boolean;
}

/** Reads /proc once, lazily. Where there is none, only ids can be asked for. */
export function readProcessTable(): ProcessTable {
  let texts: string[] | undefined;
  return {
    mayOwn: (pid, bornMs) => isAlive(pid) && (startOf(pid) ?? 0) <= bornMs + CLOCK_SLACK_MS,
    mentions: (text) => (texts ??= processTexts()).some((known) => known.includes(text)),
  };
}

/** File times come from a coarser clock than process times. */
const CLOCK_SLACK_MS = 2000;

/** Signal 0 tells whether a process is there; EPERM means it is, and another user's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Start time, from the owner of /proc/PID: its folder is made with the process. Undefined when it cannot be told. */
function startOf(pid: number): number | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    return bootTime() + (ticks / TICKS_PER_SECOND) * 1000;
  } catch {
    return undefined;
  }
}

/** Linux tells times in hundredths of a second whatever its clock. */
const TICKS_PER_SECOND = 100;

function bootTime(): number {
  const line = /^btime (\d+)$/m.exec(fs.readFileSync('/proc/stat', 'latin1'));
  return Number(line?.[1] ?? 0) * 1000;
}

function processTexts(): string[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map(
      (pid) =>
        procText(`/proc/${pid}/cmdline`) + procText(`/proc/${pid}/environ`) + procLink(`/proc/${pid}/cwd`),
    );
}

function procText(file: string): string {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function procLink(file: string): string {
  try {
    return fs.readlinkSync(file);
  } catch {
    return '';
  }
}
