// rootfs list: what is unpacked on this node, by whom, how full the disk is. Entries become text as they are found: there may be
// 100,000 of them.
import type { RootfsEntry } from '../model/rootfs.ts';
import { ENTRY_JSON, type EntryForm } from '../core/rootfs/listEntry.ts';
import { listRootfsAs, type RootfsListOf } from '../core/rootfs/listRootfs.ts';
import { keepHeapSmall } from '../core/smallHeap.ts';
import type { Arguments, CommandContext } from './command.ts';
import { sizeText, withRootfs } from './rootfsContext.ts';
import { createTextStore, type TextStore } from './textStore.ts';

/** Entries written at once: pieces that die young keep memory small. */
const PIECE = 150;

/** `rootfs list`. */
export function listCommand(context: CommandContext, args: Arguments): Promise<number> {
  return withRootfs(context, args, async ({ settings, base, ports, format }) => {
    keepHeapSmall(50);
    const { signal } = context;
    const form = format === 'json' ? ENTRY_JSON : ENTRY_ROW;
    const store = createTextStore();
    const list = await listRootfsAs(form, store.add, { settings, base, signal }, ports);
    for (const warning of list.warnings) context.say(`warning: ${warning}`);
    await (format === 'json' ? printList(list, store, context) : printTable(list, store, context));
    return 0;
  });
}

async function printList(
  list: RootfsListOf<number>,
  { gather }: TextStore,
  { out }: CommandContext,
): Promise<void> {
  const { entries, ...rest } = list;
  const head = JSON.stringify(rest, undefined, 2).replace(/\n\}$/, '');
  await out(`${head},\n  "entries": [`);
  const lead = ',\n    ';
  for (let start = 0; start < entries.length; start += PIECE) {
    const piece = gather(entries.slice(start, start + PIECE), lead);
    await out(start === 0 ? piece.subarray(1) : piece);
  }
  await out(`${entries.length > 0 ? '\n  ' : ''}]\n}\n`);
}

async function printTable(
  { fs, entries, base }: RootfsListOf<number>,
  { gather }: TextStore,
  { out }: CommandContext,
): Promise<void> {
  const used = fs.used_percent === null ? '?' : `${fs.used_percent} %`;
  const hidden = fs.not_visible > 0 ? `, ${fs.not_visible} users not visible` : '';
  await out(
    `${base}: ${used} used (low ${fs.low}, high ${fs.high}), cache ${sizeText(fs.cache_bytes)}, evictable ${sizeText(fs.evictable_bytes)}${hidden}\n`,
  );
  for (let start = 0; start < entries.length; start += PIECE)
    await out(gather(entries.slice(start, start + PIECE), ''));
}

/** A line of the table; nothing for users who cannot be seen: the head counts them. */
export const ENTRY_ROW: EntryForm = { kind: 'row', textOf: row };

function row(entry: RootfsEntry): string {
  if (entry.state === 'notVisible') return '';
  const used = entry.last_used === null ? '-' : new Date(entry.last_used * 1000).toISOString().slice(0, 16);
  const holders = entry.holders.map(({ kind, pid }) => `${kind} ${pid ?? '?'}`).join(', ');
  const words = [
    String(entry.uid).padEnd(6),
    entry.state.padEnd(8),
    sizeText(entry.bytes).padStart(10),
    used.padEnd(16),
    entry.name,
    entry.image ?? entry.reason ?? '-',
    holders,
  ];
  return `${words.join('  ').trimEnd()}\n`;
}
