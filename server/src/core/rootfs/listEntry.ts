// An entry of the list as people see it, and in the forms in which 100,000 of them are kept or come from another process.
// Source: rootfs contract, section 2.13.
import type { RootfsEntry, RootfsHolder } from '../../model/rootfs.ts';
import { lockPath, PROPOSAL_LOCK, userLayout } from './layout.ts';
import { readLockHolders, type LockHolders } from './lockHolders.ts';
import { readMountUsers } from './mounts.ts';
import { isHeld } from './planGc.ts';
import type { Digest } from './scanHelper.ts';
import type { ScannedItem } from './scanUser.ts';
import { lastUsedMs } from './selectVictims.ts';

/** What becomes of an entry: a text. */
export interface EntryForm extends Pick<Digest<unknown>, 'kind'> {
  readonly textOf: (entry: RootfsEntry) => string;
}

/** Its JSON text. */
export const ENTRY_JSON: EntryForm = { kind: 'json', textOf: entryJson };

/** What a list orders and sums by, beside the text. */
export interface Listed {
  /** Milliseconds since the epoch. */
  readonly used: number;
  readonly bytes: number;
  readonly state: RootfsEntry['state'];
  readonly name: string;
  /** As bytes when it came from a helper. */
  readonly text: string | Buffer;
}

const STATES = ['ready', 'inUse', 'pinned', 'foreign', 'invalid', 'building', 'trash', 'notVisible'] as const;

/** How a scan becomes a list. */
export function listDigest({ kind, textOf }: EntryForm, base: string, nowMs: number): Digest<Listed> {
  const listed = (entry: RootfsEntry, used: number): Listed => {
    const { bytes, state, name } = entry;
    return { used, bytes: bytes ?? 0, state, name, text: textOf(entry) };
  };
  return {
    kind,
    begin: () => {
      const look = createLook(base, nowMs);
      return (step) =>
        step.kind === 'notVisible'
          ? listed(hiddenEntry(base, step.uid), 0)
          : listed(look(step), lastUsedMs(step, nowMs));
    },
    write: ({ used, bytes, state, name, text }, to) => {
      to.number(used);
      to.number(bytes);
      to.number(STATES.indexOf(state));
      to.text(name);
      to.text(text);
    },
    read: (from) => {
      const used = from.number() ?? 0;
      const bytes = from.number() ?? 0;
      const state = STATES[from.number() ?? -1] ?? 'invalid';
      return { used, bytes, state, name: from.text(), text: from.bytes() };
    },
  };
}

/** JSON.stringify of an entry, in a third of the time. */
export function entryJson(entry: RootfsEntry): string {
  const { uid, name, image, key, bytes, inodes, created_at, last_used, state, reason, pinned } = entry;
  const why = reason === undefined ? '' : `"reason":${JSON.stringify(reason)},`;
  const holders = entry.holders.length === 0 ? '[]' : JSON.stringify(entry.holders);
  return `{"uid":${uid},"name":"${name}","image":${textJson(image)},"key":${textJson(key)},"bytes":${bytes},"inodes":${inodes},"created_at":${created_at},"last_used":${last_used},"state":"${state}",${why}"pinned":${pinned},"holders":${holders},"path":${textJson(entry.path)}}`;
}

const PLAIN = /^[\w/.:@#+=,~ -]*$/;

function textJson(text: string | null): string {
  return text !== null && PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** Turns what a scan found into an entry as people see it. */
function createLook(base: string, nowMs: number): (item: ScannedItem) => RootfsEntry {
  const holders = readLockHolders(base);
  const mounts = readMountUsers();
  return (item) => {
    const { record, layout, name, path, pinned, problem } = item;
    const held = holdersOf(item, holders, mounts);
    return {
      uid: layout.uid,
      name,
      image: record?.image ?? null,
      key: record?.key ?? null,
      bytes: record?.bytes ?? null,
      inodes: record?.inodes ?? null,
      created_at: record?.createdAt ?? null,
      last_used: problem === undefined ? Math.floor(lastUsedMs(item, nowMs) / 1000) : null,
      state: stateOf(item, held.length > 0),
      ...(problem === undefined ? {} : { reason: problem }),
      pinned,
      holders: held,
      path,
    };
  };
}

function stateOf(item: ScannedItem, held: boolean): RootfsEntry['state'] {
  if (item.kind === 'trash') return 'trash';
  if (item.kind === 'build') return 'building';
  if (item.problem !== undefined) return 'invalid';
  if (held) return 'inUse';
  if (item.pinned) return 'pinned';
  return item.record ? 'ready' : 'foreign';
}

const NOBODY: RootfsHolder[] = [];

function holdersOf(
  item: ScannedItem,
  locks: LockHolders,
  mounts: (path: string) => number[],
): RootfsHolder[] {
  const mounted = mounts(item.path).map((pid) => ({ kind: 'mount' as const, pid }));
  if (locks.none) return mounted.length > 0 ? mounted : NOBODY;
  const pids = new Set([
    ...locks.byPath(lockPath(item.layout, item.name)),
    ...locks.byPath(`${item.path}/${PROPOSAL_LOCK}`),
  ]);
  const known = [...pids].map((pid) => ({ kind: 'lock' as const, pid }));
  const unseen = pids.size === 0 && item.kind === 'entry' && isHeld(item, locks);
  const all = [...known, ...(unseen ? [{ kind: 'lock' as const, pid: null }] : []), ...mounted];
  return all.length > 0 ? all : NOBODY;
}

function hiddenEntry(base: string, uid: number): RootfsEntry {
  const path = userLayout(base, uid).root;
  return {
    ...{ uid, name: String(uid), image: null, key: null, bytes: null, inodes: null, created_at: null },
    ...{ last_used: null, state: 'notVisible' as const, pinned: false, holders: NOBODY, path },
  };
}
