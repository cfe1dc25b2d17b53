// Deletes what killed processes left: builds whose lock is free, trash, records without a tree. Source: rootfs contract,
// sections 2.7 step 4 and 2.10.
import fs from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { deviceOf, lookAtEntry } from './entryOnDisk.ts';
import { entryPath, lockPath, type UserLayout } from './layout.ts';
import { takeLock } from './lockFiles.ts';
import { mountUsers } from './mounts.ts';
import { entryOfScratchName, parseRootfsName } from './names.ts';
import { isIndexLeftover } from './recordIndex.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import { deleteTree } from './treeOnDisk.ts';

export interface SweepFailure {
  readonly name: string;
  readonly message: string;
}

/** Sweeps one user's part; the caller holds that user's collection lock. Gives what could not be removed. */
export async function sweepScratch(layout: UserLayout, ports: RootfsPorts): Promise<SweepFailure[]> {
  const failures: SweepFailure[] = [];
  const note = (name: string, message: string | undefined) => {
    if (message !== undefined) failures.push({ name, message });
  };
  for (const scratch of fs.readdirSync(layout.trash)) {
    if (entryOfScratchName(scratch) === undefined) continue;
    const path = join(layout.trash, scratch);
    note(scratch, mountUsers(path).length > 0 ? 'it is mounted' : await deleteTree(path, ports));
  }
  for (const scratch of fs.readdirSync(layout.build)) {
    const name = entryOfScratchName(scratch);
    if (name === undefined) continue;
    await whenIdle(name, layout, ports, async () => {
      note(scratch, await deleteTree(join(layout.build, scratch), ports));
    });
  }
  await sweepRecords(layout, ports);
  sweepIndex(layout);
  return failures;
}

/** Records looked at before others may run. */
const PORTION = 250;

/** A writer of the index needs milliseconds. */
const INDEX_LEFT_MS = 60_000;

function sweepIndex(layout: UserLayout): void {
  for (const file of fs.readdirSync(layout.hidden).filter(isIndexLeftover)) {
    const path = join(layout.hidden, file);
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stat && Date.now() - stat.mtimeMs > INDEX_LEFT_MS) fs.rmSync(path, { force: true });
  }
}

async function sweepRecords(layout: UserLayout, ports: RootfsPorts): Promise<void> {
  const device = deviceOf(layout);
  for (const [index, file] of fs.readdirSync(layout.meta).entries()) {
    if (index % PORTION === PORTION - 1) await setImmediate();
    const name = file.split('.', 1)[0] ?? '';
    if (parseRootfsName(name) === undefined) continue;
    const isMissing = () => lookAtEntry(entryPath(layout, name), layout.uid, device).kind === 'missing';
    if (!file.endsWith('.tmp') && !isMissing()) continue;
    await whenIdle(name, layout, ports, () => {
      if (file.endsWith('.tmp') || isMissing()) fs.rmSync(join(layout.meta, file), { force: true });
    });
  }
}

/** Runs `work` under the entry's exclusive lock, or not at all when somebody holds it. */
async function whenIdle(
  name: string,
  layout: UserLayout,
  ports: RootfsPorts,
  work: () => void | Promise<void>,
): Promise<void> {
  const lock = await takeLock(
    { path: lockPath(layout, name), mode: 'exclusive', wait: 0, create: true },
    ports,
  );
  if (typeof lock === 'string') return;
  try {
    await work();
  } finally {
    lock.release();
  }
}
