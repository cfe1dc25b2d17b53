// rootfs list: what is unpacked on this node, by whom, how full the disk is. Big lists are printed piece by piece.
import type { RootfsEntry, RootfsList } from '../model/rootfs.ts';
import { listRootfs } from '../core/rootfs/listRootfs.ts';
import type { Arguments, CommandContext } from './command.ts';
import { sizeText, withRootfs } from './rootfsContext.ts';

const PIECE = 500;

/** `rootfs list`. */
export function listCommand(context: CommandContext, args: Arguments): Promise<number> {
  return withRootfs(context, args, async ({ settings, base, ports, format }) => {
    const list = await listRootfs(settings, base, ports, context.signal);
    for (const warning of list.warnings) context.say(`warning: ${warning}`);
    await (format === 'json' ? printList(list, context) : printTable(list, context));
    return 0;
  });
}

async function printList(list: RootfsList, { out }: CommandContext): Promise<void> {
  const { entries, ...rest } = list;
  const head = JSON.stringify(rest, undefined, 2).replace(/\n\}$/, '');
  await out(`${head},\n  "entries": [`);
  for (let start = 0; start < entries.length; start += PIECE) {
    const piece = entries.slice(start, start + PIECE).map((entry) => JSON.stringify(entry));
    await out(`${start === 0 ? '' : ','}\n    ${piece.join(',\n    ')}`);
  }
  await out(`${entries.length > 0 ? '\n  ' : ''}]\n}\n`);
}

async function printTable({ fs, entries, base }: RootfsList, { out }: CommandContext): Promise<void> {
  const used = fs.used_percent === null ? '?' : `${fs.used_percent} %`;
  const hidden = fs.not_visible > 0 ? `, ${fs.not_visible} users not visible` : '';
  await out(
    `${base}: ${used} used (low ${fs.low}, high ${fs.high}), cache ${sizeText(fs.cache_bytes)}, evictable ${sizeText(fs.evictable_bytes)}${hidden}\n`,
  );
  const shown = entries.filter(({ state }) => state !== 'notVisible');
  for (let start = 0; start < shown.length; start += PIECE)
    await out(
      shown
        .slice(start, start + PIECE)
        .map(row)
        .join(''),
    );
}

function row(entry: RootfsEntry): string {
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
