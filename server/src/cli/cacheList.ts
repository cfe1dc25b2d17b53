// `cache list`: the peer's text and bare JSON array, or with --long sizes, states and totals.
import { escapeControl } from '../core/cacheNames.ts';
import { readCacheState } from '../core/list.ts';
import { maskManifest } from '../core/maskEntries.ts';
import { isDamaged, scanCache, type DamagedEntry, type ScannedEntry } from '../core/scan.ts';
import type { CacheState, ListProblem } from '../model/cache.ts';
import { formatAgo, formatBytes } from '../model/units.ts';
import { cacheDirOf, hintOtherCache, printResult } from './cacheTarget.ts';
import { formatOf, type Arguments, type CommandContext } from './command.ts';

/** Runs the command. Damaged entries are named on stderr and do not change the exit code. */
export async function runCacheList(context: CommandContext, args: Arguments): Promise<number> {
  const format = formatOf(args);
  const cacheDir = cacheDirOf(context, args);
  if (args.switches.has('long')) await printLong(context, cacheDir, format);
  else await printPlain(context, cacheDir, format);
  await hintOtherCache(context, args, cacheDir);
  return 0;
}

async function printPlain(context: CommandContext, cacheDir: string, format: 'text' | 'json'): Promise<void> {
  const problems: ListProblem[] = [];
  const scanned = [...scanCache(cacheDir, { onProblem: (problem) => void problems.push(problem) })];
  const entries = scanned.filter((entry) => !isDamaged(entry)) as ScannedEntry[];
  const damaged = scanned.filter(isDamaged).map(problemOf);
  sayProblems(context, [...problems, ...damaged]);
  if (format === 'json') {
    const manifests = entries.map(({ manifest, artifactPath }) => ({
      ...maskManifest(manifest),
      artifact_path: artifactPath,
    }));
    await printResult(context, `${JSON.stringify(manifests, null, 2)}\n`);
    return;
  }
  await printResult(
    context,
    entries.length === 0 ? `no cache entries found in ${cacheDir}\n` : `cache dir: ${cacheDir}\n`,
  );
  await printResult(context, entries.map((entry) => `${textLine(entry)}\n`).join(''));
}

function problemOf({ manifestPath, problem }: DamagedEntry): ListProblem {
  return { path: manifestPath, problem };
}

/** Problems in one line each, on stderr. */
export function sayProblems(context: CommandContext, problems: readonly ListProblem[]): void {
  for (const { path, problem } of problems) context.log.warn(`warning: ${escapeControl(path)}: ${problem}`);
}

function textLine({ manifest, artifactPath }: ScannedEntry): string {
  const services = manifest.service_names.join(',');
  const fields = [manifest.kind, artifactPath, `services=${services}`, `source=${manifest.source_image}`];
  return fields.map(escapeControl).join('\t');
}

async function printLong(context: CommandContext, cacheDir: string, format: 'text' | 'json'): Promise<void> {
  const state = readCacheState(cacheDir);
  sayProblems(context, state.problems);
  const { schema_version, entries, totals } = state;
  const text =
    format === 'json'
      ? JSON.stringify({ schema_version, cache_dir: cacheDir, entries, totals }, null, 2)
      : longText(state);
  await printResult(context, `${text}\n`);
}

function longText({ cache_dir, entries, totals, free_bytes }: CacheState): string {
  const now = Date.now() / 1000;
  const rows = entries.map((entry) =>
    [
      entry.kind,
      formatBytes(entry.bytes),
      entry.state + (entry.pinned ? ', pinned' : ''),
      `used ${formatAgo(entry.last_used_at, now)}`,
      entry.artifact_path,
      `services=${entry.service_names.join(',')}`,
      `source=${entry.source_image}`,
      ...(entry.problem === undefined ? [] : [entry.problem]),
    ]
      .map(escapeControl)
      .join('\t'),
  );
  const kept = [
    `${formatBytes(totals.layer_bytes ?? 0)} of enroot layers`,
    `${formatBytes(totals.runtime_bytes ?? 0)} of job stores`,
    ...(free_bytes === null ? [] : [`${formatBytes(free_bytes)} free`]),
  ];
  const total = `total: ${totals.entries} entries, ${formatBytes(totals.bytes)}; ${kept.join(', ')}`;
  return [`cache dir: ${cache_dir}`, ...rows, total].join('\n');
}
