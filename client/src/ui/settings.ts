// The settings that the client itself reads, typed. Their words and defaults live in package.json.
import * as vscode from 'vscode';
import { parseSize, type Units } from '../../../server/src/model/units.ts';

export type GroupBy = 'kind' | 'service' | 'repository' | 'age' | 'status';
export type SortBy = 'lastUsed' | 'size' | 'created' | 'name';

export interface ClientSettings {
  readonly units: Units;
  readonly groupBy: GroupBy;
  readonly sortBy: SortBy;
  readonly refreshSeconds: number;
  readonly budgetBytes: number | undefined;
  readonly pruneAgeDays: number;
  readonly graceSeconds: number;
  readonly preselect: 'safe' | 'none';
  readonly prepareReveal: 'silent' | 'always' | 'never';
  readonly statusBar: 'auto' | 'off';
}

/** Reads the settings anew: a changed one takes effect at the next look. */
export function readSettings(): ClientSettings {
  const section = vscode.workspace.getConfiguration('hpcCompose');
  const read = <T>(key: string, fallback: T) => section.get<T>(key) ?? fallback;
  const seconds = read<number>('cache.refreshSeconds', 60);
  return {
    units: read<Units>('units', 'binary'),
    groupBy: read<GroupBy>('cache.groupBy', 'kind'),
    sortBy: read<SortBy>('cache.sortBy', 'lastUsed'),
    refreshSeconds: seconds > 0 ? Math.max(seconds, 15) : 0,
    budgetBytes: parseSize(read<string>('cache.budget', '')),
    pruneAgeDays: read<number>('prune.defaultAgeDays', 14),
    graceSeconds: read<number>('prune.graceMinutes', 10) * 60,
    preselect: read<'safe' | 'none'>('prune.preselect', 'safe'),
    prepareReveal: read<'silent' | 'always' | 'never'>('prepare.reveal', 'silent'),
    statusBar: read<'auto' | 'off'>('statusBar', 'auto'),
  };
}
