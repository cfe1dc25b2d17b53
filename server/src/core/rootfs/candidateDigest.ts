// What a plan wants of each step of a scan: as little of an entry as a choice needs, and how that goes from one process to another.
// Source: rootfs contract, section 2.7 step 5.
import type { RootfsKept } from '../../model/rootfs.ts';
import type { RowReader, RowWriter } from './byteRows.ts';
import type { Digest } from './scanHelper.ts';
import type { ScannedItem } from './scanUser.ts';
import { lastUsedMs, type Candidate } from './selectVictims.ts';

/** What a plan wants of a step; undefined: builds and trash, which a sweep deals with. */
export type Seen = Candidate | RootfsKept | 'notVisible' | undefined;

/** How a scan becomes a plan. */
export function candidateDigest(nowMs: number): Digest<Seen> {
  return {
    kind: 'candidate',
    begin: () => (step) => {
      if (step.kind === 'notVisible') return 'notVisible';
      if (step.kind !== 'entry') return undefined;
      if (step.problem !== undefined) return { name: step.name, why: `invalid: ${step.problem}` };
      return toCandidate(step, nowMs);
    },
    write: writeSeen,
    read: readSeen,
  };
}

const ROW = { notVisible: 0, kept: 1, candidate: 2 } as const;

function writeSeen(seen: Seen, to: RowWriter): void {
  if (seen === undefined) return;
  if (seen === 'notVisible') to.number(ROW.notVisible);
  else if ('why' in seen) {
    to.number(ROW.kept);
    to.text(seen.name);
    to.text(seen.why);
  } else {
    to.number(ROW.candidate);
    to.text(seen.name);
    for (const value of [seen.usedMs, seen.ctimeMs, seen.bytes, seen.inodes]) to.number(value);
    to.number(Number(seen.foreign) + 2 * Number(seen.pinned));
  }
}

function readSeen(from: RowReader, uid: number): Seen {
  const row = from.number();
  if (row === ROW.notVisible) return 'notVisible';
  const name = from.text();
  if (row === ROW.kept) return { name, why: from.text() };
  const usedMs = from.number() ?? 0;
  const ctimeMs = from.number() ?? 0;
  const bytes = from.number();
  const inodes = from.number();
  const flags = from.number() ?? 0;
  return { uid, name, usedMs, ctimeMs, bytes, inodes, foreign: flags % 2 === 1, pinned: flags >= 2 };
}

function toCandidate(item: ScannedItem, nowMs: number): Candidate {
  const { record, name, pinned, ctimeMs } = item;
  return {
    uid: item.layout.uid,
    name,
    usedMs: lastUsedMs(item, nowMs),
    ctimeMs,
    bytes: record?.bytes ?? null,
    inodes: record?.inodes ?? null,
    foreign: record === undefined,
    pinned,
  };
}
