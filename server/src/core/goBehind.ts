// Work that takes long steps behind what answers people: a thread of ours (where threads have priorities of their own: Linux), or a
// program that we started.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Of threads that read and remove for long: enough to be preempted by all others of the process. */
const THREAD_NICE = 10;

/** Of threads that help all others: little, because the first one may have to wait for them. */
const HELPER_NICE = 3;

/** A program that nobody waits for gives way to everything else. */
const PROGRAM_NICE = 10;

/** Lowers the priority of the calling thread for the rest of its life; does nothing elsewhere. */
export function goBehind(): void {
  try {
    const thread = Number(path.basename(fs.readlinkSync('/proc/thread-self')));
    if (thread > 0 && thread !== process.pid) lower(thread, THREAD_NICE);
  } catch {
    // No /proc: another system, where this would slow the whole process down.
  }
}

/**
 * Lowers the priority of all threads that this process has by now but the first: called before anything else, of those that collect
 * garbage and make machine code for all of its threads.
 */
export function sendHelpersBehind(): void {
  try {
    const threads = fs.readdirSync('/proc/self/task').map(Number);
    for (const thread of threads) if (thread !== process.pid) lower(thread, HELPER_NICE);
  } catch {
    // No /proc, or a thread that ended meanwhile.
  }
}

/**
 * Lowers the priority of a program that leads a session of its own, and of all that it starts from now on. Where Linux shares the
 * processors between sessions before it looks at priorities (sched(7), autogroup), that of its session, too: without it, such a
 * program gets as much as all of ours together.
 */
export function sendBehind(pid: number): void {
  try {
    lower(pid, PROGRAM_NICE);
    fs.writeFileSync(`/proc/${pid}/autogroup`, String(PROGRAM_NICE));
  } catch {
    // Ended already, or a system without such groups.
  }
}

function lower(id: number, nice: number): void {
  os.setPriority(id, Math.max(os.getPriority(id), nice));
}
