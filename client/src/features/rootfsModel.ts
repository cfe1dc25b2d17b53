// The view of unpacked images as plain values: users, entries, and the words beside them. Pure.
import type { RootfsEntry, RootfsGcPlan, RootfsList } from '../../../server/src/model/rootfs.ts';
import { formatAgo, formatBytes, type Units } from '../../../server/src/model/units.ts';
import { escape, when } from '../views/entryText.ts';

export type RootfsNode =
  | {
      readonly type: 'user';
      readonly uid: number;
      readonly entries: readonly RootfsEntry[];
      readonly own: boolean;
    }
  | { readonly type: 'rootfs'; readonly entry: RootfsEntry; readonly next: boolean };

const STATES: Readonly<Record<RootfsEntry['state'], { readonly icon: string; readonly words: string }>> = {
  ready: { icon: 'package', words: 'ready' },
  building: { icon: 'sync~spin', words: 'being unpacked' },
  inUse: { icon: 'lock', words: 'in use' },
  pinned: { icon: 'pinned', words: 'pinned' },
  foreign: { icon: 'question', words: 'made by another tool' },
  invalid: { icon: 'warning', words: 'not usable' },
  trash: { icon: 'trash', words: 'being removed' },
  notVisible: { icon: 'eye-closed', words: 'not readable (0700)' },
};

/** Users, our own first; a user with one uid alone shows its entries at once. */
export function rootfsNodes(list: RootfsList, own: number, next: ReadonlySet<string>): readonly RootfsNode[] {
  const users = new Map<number, RootfsEntry[]>();
  for (const entry of list.entries) users.set(entry.uid, [...(users.get(entry.uid) ?? []), entry]);
  const only = users.get(own);
  if (users.size === 1 && only) return only.map((entry) => entryNode(entry, next));
  return [...users]
    .sort(([a], [b]) => Number(b === own) - Number(a === own) || a - b)
    .map(([uid, entries]) => ({ type: 'user', uid, entries, own: uid === own }));
}

/** Entries of a user. */
export function childrenOf(node: RootfsNode, next: ReadonlySet<string>): readonly RootfsNode[] {
  return node.type === 'user' ? node.entries.map((entry) => entryNode(entry, next)) : [];
}

function entryNode(entry: RootfsEntry, next: ReadonlySet<string>): RootfsNode {
  return { type: 'rootfs', entry, next: next.has(entry.name) };
}

/** The image's last part, or the name where the image is not known. */
export function rootfsLabel(entry: RootfsEntry): string {
  if (entry.state === 'notVisible') return String(entry.uid);
  return (
    entry.image
      ?.split(/[/#]/)
      .at(-1)
      ?.replace(/\.(sqsh|sqfs|squashfs)$/i, '') ?? entry.name
  );
}

/** What matters first, since side bars are narrow: `next to go · 682 MiB · 3 d ago · 52,000 files`. */
export function rootfsDescription(entry: RootfsEntry, next: boolean, now: number, units: Units): string {
  const parts = [
    next ? 'next to go' : undefined,
    entry.state === 'ready' || entry.state === 'inUse' ? undefined : STATES[entry.state].words,
    entry.state === 'inUse' ? inUseWords(entry) : undefined,
    entry.reason,
    entry.bytes === null ? undefined : formatBytes(entry.bytes, units),
    entry.last_used === null ? undefined : formatAgo(entry.last_used, now),
    entry.inodes === null ? undefined : `${entry.inodes.toLocaleString('en')} files`,
  ];
  return parts.filter((part) => part !== undefined).join(' · ');
}

/** `in use by 17 and 18`; containers that outlived their starter are named as such. */
function inUseWords({ holders }: RootfsEntry): string {
  const names = holders.map(
    ({ kind, pid }) => `${kind === 'mount' ? 'container of ' : ''}${pid ?? 'another user'}`,
  );
  return names.length === 0 ? 'in use' : `in use by ${names.join(' and ')}`;
}

/** The whole story of one entry, line by line. */
export function rootfsTooltip(entry: RootfsEntry, next: boolean, now: number, units: Units): string {
  const used = entry.last_used === null ? [] : [`used ${when(entry.last_used, now)}`];
  const lines = [entry.image ?? entry.name, entry.path, rootfsDescription(entry, next, now, units), ...used];
  return lines.join('\n');
}

/** Theme icon of a state; what goes next looks different from what stays. */
export function rootfsIcon(entry: RootfsEntry, next: boolean): string {
  return next ? 'arrow-circle-down' : STATES[entry.state].icon;
}

/** `▰▰▰▰▰▰▰▰▱▱ 82 % used · low 80 / high 85 · 3 would be evicted`; the bar is left out where it would be read aloud. */
export function gaugeText({ fs }: RootfsList, wouldEvict: number, units: Units, bar = true): string {
  const used = fs.used_percent === null ? '? %' : `${fs.used_percent} %`;
  const parts = [
    `${bar ? gauge(fs.used_percent) : ''}${used} used · low ${fs.low} / high ${fs.high}`,
    `cache ${formatBytes(fs.cache_bytes, units)}${fs.max_bytes === null ? '' : ` of ${formatBytes(fs.max_bytes, units)}`}`,
    wouldEvict > 0 ? `${wouldEvict} would be evicted` : undefined,
    fs.not_visible > 0 ? `${fs.not_visible} users not visible` : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(' · ');
}

/** Ten places, so that one sees how near the marks are; nothing when the level is not known. */
function gauge(percent: number | null): string {
  if (percent === null) return '';
  const full = Math.max(0, Math.min(10, Math.round(percent / 10)));
  return `${'▰'.repeat(full)}${'▱'.repeat(10 - full)} `;
}

const REASONS: Readonly<Record<RootfsGcPlan['reason'], string>> = {
  'below-high': 'Nothing needs to go: every limit is kept.',
  'below-low': 'After this every limit is kept again.',
  busy: 'Another collection is running.',
  futile: 'No eviction could help: other data fills the disk.',
  'not-reclaiming': 'Deleting frees no space.',
  partial: 'Some limits stay exceeded: what is left is in use, pinned or young.',
};

/** The plan of a collection as a page. */
export function planPage(plan: RootfsGcPlan, units: Units, now: number): string {
  const row = (victim: RootfsGcPlan['would_evict'][number]) =>
    `| ${escape(victim.image ?? victim.name)} | ${victim.bytes === null ? '?' : formatBytes(victim.bytes, units)} | ${when(victim.last_used, now)} | \`${victim.name}\` |`;
  const kept = plan.skipped.map(({ name, why }) => `- \`${name}\`: ${escape(why)}`);
  const used = plan.in_use.map(
    ({ name, image }) => `- ${image === null ? '' : `${escape(image)} · `}\`${name}\`: in use`,
  );
  return [
    `# Simulated collection of ${escape(plan.base)}`,
    `${reasonWords(plan)} ${plan.would_evict.length} would go, ${formatBytes(plan.bytes, units)}.`,
    ...(plan.would_evict.length > 0
      ? [['| image | size | used | name |', '|---|---|---|---|', ...plan.would_evict.map(row)].join('\n')]
      : []),
    ...(kept.length + used.length > 0 ? ['## Kept', [...used, ...kept].join('\n')] : []),
    '',
  ].join('\n\n');
}

/** Why a plan is as it is, in one sentence. */
export function reasonWords({ reason, in_use: used, skipped }: RootfsGcPlan): string {
  const kept = used.length + skipped.length;
  if (reason !== 'futile' || kept === 0) return REASONS[reason];
  const those = kept === 1 ? 'one image is' : `${kept} images are`;
  return `No eviction could help: ${those} in use, pinned or young, and what may go is too little beside other data on the disk.`;
}

/** Why a collection ended, in one sentence. */
export function outcomeWords(reason: RootfsGcPlan['reason']): string {
  return reason === 'below-low' ? 'Every limit is kept again.' : REASONS[reason];
}
