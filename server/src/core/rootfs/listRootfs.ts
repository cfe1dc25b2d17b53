// The list of everything in the cache, and what can be said of the file system. Takes no lock and writes nothing.
// Source: rootfs contract, section 2.13.
import type { RootfsEntry, RootfsFileSystem, RootfsList } from '../../model/rootfs.ts';
import { checkBase, statfsOf } from './checkDirectories.ts';
import { readLastGc } from './lastGc.ts';
import { userLayout } from './layout.ts';
import { ENTRY_JSON, listDigest, type EntryForm, type Listed } from './listEntry.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import { scanTogether } from './scanHelper.ts';
import type { RootfsSettings } from './settings.ts';
import { usedPercent } from './watermark.ts';

/** The list with entries in another form, for callers that would not hold 100,000 of them as they are. */
export interface RootfsListOf<T> extends Omit<RootfsList, 'entries'> {
  readonly entries: T[];
}

interface ListRequest {
  readonly settings: RootfsSettings;
  readonly base: string;
  readonly signal?: AbortSignal;
}

/** Everything that may be seen, least recently used first. Throws E_BASE_UNSAFE, E_NETFS, E_STATFS. */
export function listRootfs(
  settings: RootfsSettings,
  base: string,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<RootfsList> {
  const request = { settings, base, ...(signal ? { signal } : {}) };
  return listRootfsAs(ENTRY_JSON, (text) => JSON.parse(text.toString()) as RootfsEntry, request, ports);
}

/** The same, with each entry as a text of this form, of which `keep` holds what it needs as soon as it is found. */
export async function listRootfsAs<T>(
  form: EntryForm,
  keep: (text: string | Buffer) => T,
  { settings, base, signal }: ListRequest,
  ports: RootfsPorts,
): Promise<RootfsListOf<T>> {
  const warnings = checkBase(base, settings.allowNetworkFs, ports);
  const host = settings.allowNetworkFs ? ports.host : undefined;
  const nowMs = Number(ports.nowNs() / 1_000_000n);
  // Plain columns: an object for each entry would cost more than what is kept of it.
  const found: Found<T> = { used: [], bytes: [], name: [], kept: [] };
  const sums = { cache: 0, evictable: 0, notVisible: 0 };
  const take = ({ used, bytes, state, name, text }: Listed) => {
    sums.cache += bytes;
    if (state === 'ready') sums.evictable += bytes;
    if (state === 'notVisible') sums.notVisible++;
    found.used.push(used);
    found.bytes.push(bytes);
    found.name.push(name);
    found.kept.push(keep(text));
  };
  const request = { base, host, pinned: settings.pinned };
  await scanTogether({ request, nowMs }, listDigest(form, base, nowMs), take, ports, signal);
  const entries = inOrderOfUse(found);
  return { schema_version: 1, base, fs: fileSystem(sums, settings, base, ports), entries, warnings };
}

interface Found<T> {
  readonly used: number[];
  readonly bytes: number[];
  readonly name: string[];
  readonly kept: T[];
}

/** Least recently used first, then the bigger one, then by name: as a collection goes. */
function inOrderOfUse<T>({ used, bytes, name, kept }: Found<T>): T[] {
  const byName = (a = '', b = '') => (a < b ? -1 : Number(a > b));
  const order = Uint32Array.from(used.keys()).sort(
    (a, b) =>
      (used[a] ?? 0) - (used[b] ?? 0) ||
      (bytes[b] ?? 0) - (bytes[a] ?? 0) ||
      byName(name[a], name[b]) ||
      a - b,
  );
  return Array.from(order, (index) => kept[index] as T);
}

function fileSystem(
  sums: { readonly cache: number; readonly evictable: number; readonly notVisible: number },
  settings: RootfsSettings,
  base: string,
  ports: RootfsPorts,
): RootfsFileSystem {
  const state = statfsOf(base, ports);
  return {
    used_percent: usedPercent(state, settings.usageFormula),
    high: settings.high,
    low: settings.low,
    total_bytes: Number(state.blocks * state.bsize),
    free_bytes: Number(state.bavail * state.bsize),
    cache_bytes: sums.cache,
    max_bytes: settings.maxBytes > 0 ? settings.maxBytes : null,
    evictable_bytes: sums.evictable,
    not_visible: sums.notVisible,
    last_gc: readLastGc(userLayout(base, ports.uid)),
  };
}
