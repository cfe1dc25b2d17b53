// `cache list`: the peer's text and bare JSON array, or with --long sizes, states and totals.
import fs from 'node:fs';
import { escapeControl } from '../core/cacheNames.ts';
import { ioFailure } from '../core/ioFailure.ts';
import { readCacheState } from '../core/list.ts';
import { streamListing } from '../core/listing/streamListing.ts';
import type { CacheState, ListProblem } from '../model/cache.ts';
import { formatAgo, formatBytes } from '../model/units.ts';
import { cacheDirOf, hintOtherCache, printResult } from './cacheTarget.ts';
import { formatOf, type Arguments, type CommandContext } from './command.ts';
import { createStdout } from './stdout.ts';

/** Runs the command. Damaged entries are named on stderr and do not change the exit code. */
export async function runCacheList(context: CommandContext, args: Arguments): Promise<number> {
  const format = formatOf(args);
  const cacheDir = await cacheDirOf(context, args);
  assertListable(cacheDir);
  if (args.switches.has('long')) await printLong(context, cacheDir, format);
  else printPlain(context, args, cacheDir, format);
  await hintOtherCache(context, args, cacheDir);
  return 0;
}

/** A cache that is missing is empty; one that cannot be opened is not. */
function assertListable(cacheDir: string): void {
  try {
    fs.opendirSync(cacheDir).closeSync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw ioFailure(error, cacheDir);
  }
}

function printPlain(
  context: CommandContext,
  args: Arguments,
  cacheDir: string,
  format: 'text' | 'json',
): void {
  const stdout = createStdout();
  const head = format === 'json' ? '[\n' : `cache dir: ${cacheDir}\n`;
  const state = { begun: false };
  const write = (bytes: Uint8Array) => {
    if (!state.begun) stdout.write(Buffer.from(head));
    state.begun = true;
    stdout.write(bytes);
  };
  const rescan = args.switches.has('rescan');
  const { problems } = streamListing({ cacheDir, format, env: context.env, rescan, write });
  if (format === 'json') stdout.write(Buffer.from(state.begun ? '\n]\n' : '[]\n'));
  else if (!state.begun) stdout.write(Buffer.from(`no cache entries found in ${cacheDir}\n`));
  stdout.end();
  sayProblems(context, problems);
}

/** Problems in one line each, on stderr. */
export function sayProblems(context: CommandContext, problems: readonly ListProblem[]): void {
  for (const { path, problem } of problems) context.log.warn(`warning: ${escapeControl(path)}: ${problem}`);
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
