// `cache pin` and `cache unpin`: protects entries from every prune, in all tools of ours.
import path from 'node:path';
import { changePins } from '../core/pins.ts';
import { prunableCache } from '../core/prune/guard.ts';
import { realPorts } from '../core/ports.ts';
import { lstatOrNothing } from '../core/diskUsage.ts';
import { OperationFailure } from '../model/failure.ts';
import { printResult } from './cacheTarget.ts';
import { formatOf, lastValue, UsageError, type Arguments, type CommandContext } from './command.ts';

/** Runs `cache pin`. */
export function runCachePin(context: CommandContext, args: Arguments): Promise<number> {
  return run(context, args, true);
}

/** Runs `cache unpin`. */
export function runCacheUnpin(context: CommandContext, args: Arguments): Promise<number> {
  return run(context, args, false);
}

async function run(context: CommandContext, args: Arguments, pinned: boolean): Promise<number> {
  const format = formatOf(args);
  const ports = realPorts(context.log, context.env);
  const paths = namedPaths(context, args);
  if (paths.length === 0) throw new UsageError(`cache ${pinned ? 'pin' : 'unpin'} needs at least one PATH`);
  const changed: string[] = [];
  for (const [cacheDir, files] of byCache(paths, context, args)) {
    // Records of ours are made in caches only, never beside files of somebody else.
    prunableCache(cacheDir, {}, ports);
    if (pinned) for (const file of files) assertThere(file);
    changed.push(...(await changePins(cacheDir, files, pinned, ports)));
  }
  const word = pinned ? 'pinned' : 'unpinned';
  const json = { schema_version: 1, [word]: changed };
  await printResult(
    context,
    format === 'json'
      ? `${JSON.stringify(json, null, 2)}\n`
      : changed.map((file) => `${word}: ${file}\n`).join(''),
  );
  return 0;
}

/** Paths on the command line, absolute; a manifest stands for its artifact. */
export function namedPaths(context: CommandContext, args: Arguments): string[] {
  return args.positionals.map((word) =>
    path.resolve(context.cwd, word).replace(/(\.(?:sqsh|squashfs|sif))\.json$/, '$1'),
  );
}

/** Paths by their cache: `--cache-dir`, else the folder above the one that holds the entry. */
function byCache(paths: readonly string[], context: CommandContext, args: Arguments): Map<string, string[]> {
  const given = lastValue(args, 'cache-dir');
  const groups = new Map<string, string[]>();
  for (const file of paths) {
    const cacheDir =
      given === undefined ? path.dirname(path.dirname(file)) : path.resolve(context.cwd, given);
    groups.set(cacheDir, [...(groups.get(cacheDir) ?? []), file]);
  }
  return groups;
}

function assertThere(file: string): void {
  if (!lstatOrNothing(file) && !lstatOrNothing(`${file}.json`))
    throw new OperationFailure('artifact-unusable', { path: file, cause: 'there is no such entry' });
}
