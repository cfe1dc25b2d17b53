// `cache verify` and `cache adopt`: all entries of a cache, or those named.
import path from 'node:path';
import { canonicalArtifacts } from '../core/canonicalPath.ts';
import { realPorts } from '../core/ports.ts';
import { adoptEntries, verifyCache } from '../core/verify.ts';
import { namedPaths } from './cachePins.ts';
import { sayProblems } from './cacheList.ts';
import { cacheDirOf, printResult } from './cacheTarget.ts';
import { formatOf, lastValue, type Arguments, type CommandContext } from './command.ts';

/** Runs `cache verify`. Gives 1 when something is wrong. */
export async function runCacheVerify(context: CommandContext, args: Arguments): Promise<number> {
  const { cacheDir, wanted } = await selectionOf(context, args);
  const result = verifyCache(cacheDir, realPorts(context.log, context.env), wanted);
  if (formatOf(args) === 'json') await printResult(context, `${JSON.stringify(result, null, 2)}\n`);
  else {
    sayProblems(context, result.problems);
    await printResult(context, `checked: ${result.checked}\nproblems: ${result.problems.length}\n`);
  }
  return result.problems.length > 0 ? 1 : 0;
}

/** Runs `cache adopt`. Gives 1 when a moved entry could not be adopted. */
export async function runCacheAdopt(context: CommandContext, args: Arguments): Promise<number> {
  const { cacheDir, wanted } = await selectionOf(context, args);
  const result = await adoptEntries(cacheDir, realPorts(context.log, context.env), wanted);
  if (formatOf(args) === 'json') await printResult(context, `${JSON.stringify(result, null, 2)}\n`);
  else {
    for (const { path: file, why } of result.skipped) context.say(`kept: ${file}: ${why}`);
    await printResult(context, result.adopted.map((file) => `adopted: ${file}\n`).join(''));
  }
  return result.skipped.length > 0 ? 1 : 0;
}

async function selectionOf(context: CommandContext, args: Arguments) {
  const paths = namedPaths(context, args);
  const [first] = paths;
  const canonicalOf = canonicalArtifacts();
  const named = new Set(paths.map(canonicalOf));
  const given = lastValue(args, 'cache-dir');
  const cacheDir =
    given === undefined && first !== undefined
      ? path.dirname(path.dirname(first))
      : await cacheDirOf(context, args);
  return { cacheDir, wanted: (file: string) => named.size === 0 || named.has(canonicalOf(file)) };
}
