// A thread that works for long steps behind those that answer people, where threads have priorities of their own (Linux).
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Enough to be preempted by its own process's other threads, and far from starving on a busy machine. */
const NICE = 5;

/** Lowers the priority of the calling thread for the rest of its life; does nothing elsewhere. */
export function goBehind(): void {
  try {
    const thread = Number(path.basename(fs.readlinkSync('/proc/thread-self')));
    if (thread > 0 && thread !== process.pid) os.setPriority(thread, Math.max(os.getPriority(thread), NICE));
  } catch {
    // No /proc: another system, where this would slow the whole process down.
  }
}
