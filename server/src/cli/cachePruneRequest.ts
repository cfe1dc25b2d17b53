// From the flags of `cache prune` to the request for a plan: which mode, which directory, which specs count.
import fs from 'node:fs';
import path from 'node:path';
import type { Ports } from '../core/ports.ts';
import type { PruneRequest } from '../core/prune/planPrune.ts';
import { resolveReferences, type SpecState } from '../core/prune/references.ts';
import { readJobStates } from '../core/prune/runtime.ts';
import type { PruneMode } from '../model/cache.ts';
import { DEFAULT_TOOL_VERSION, type CachePlan } from '../model/plan.ts';
import { parseSize } from '../model/units.ts';
import { parseDuration } from '../spec/grammar/duration.ts';
import { cacheDirOf, loadOptions, presentSpec } from './cacheTarget.ts';
import { lastValue, UsageError, type Arguments, type CommandContext } from './command.ts';
import { wholeNumber } from './wholeNumber.ts';

type CliMode = Exclude<PruneMode, 'selection'> | 'plan';

const MODE_FLAGS: readonly (readonly [flag: string, mode: CliMode])[] = [
  ['age', 'age'],
  ['all-unused', 'all_unused'],
  ['budget', 'budget'],
  ['older-versions', 'older_versions'],
  ['orphans', 'orphans'],
  ['layers', 'layers'],
  ['runtime', 'runtime'],
  ['plan', 'plan'],
];

/** The one mode that the flags ask for. Throws UsageError for none or several. */
export function pruneModeOf(args: Arguments): CliMode {
  const given = MODE_FLAGS.filter(([flag]) => args.switches.has(flag) || args.values[flag] !== undefined);
  const [only, second] = given;
  const names = MODE_FLAGS.map(([flag]) => `--${flag}`).join(', ');
  if (!only) throw new UsageError(`cache prune needs one of ${names}`);
  if (second) throw new UsageError(`--${only[0]} and --${second[0]} cannot be used together`);
  if (only[1] === 'all_unused' && !args.values.file) throw new UsageError('--all-unused needs -f SPEC');
  return only[1];
}

/** The request for a plan. Throws UsageError, and what loading a spec throws. */
export async function pruneRequestOf(
  mode: Exclude<CliMode, 'plan'>,
  context: CommandContext,
  args: Arguments,
  ports: Ports,
): Promise<PruneRequest> {
  const plans = mode === 'all_unused' ? await plansOf(context, args) : [];
  const cacheDir = await pruneDirOf(context, args, plans);
  const grace = graceOf(args);
  const common = {
    cacheDir,
    forceDir: args.switches.has('force-dir'),
    unseen: args.switches.has('yes') && !args.switches.has('dry-run'),
    ...(grace === undefined ? {} : { grace }),
  };
  switch (mode) {
    case 'age':
      return { ...common, mode, days: daysOf(args) };
    case 'budget':
      return { ...common, mode, budget: budgetOf(args) };
    case 'older_versions':
      return { ...common, mode, toolVersion: lastValue(args, 'tool-version') ?? DEFAULT_TOOL_VERSION };
    case 'runtime':
      return { ...common, mode, jobs: await readJobStates(cacheDir, ports) };
    case 'all_unused': {
      const references = await resolveReferences(cacheDir, plans, (spec) => specState(spec, context, args));
      return { ...common, mode, references, includeUnrecorded: args.switches.has('include-unrecorded') };
    }
    default:
      return { ...common, mode };
  }
}

/** Every -f spec must be usable: one that is not would make its images look unused. */
async function plansOf(context: CommandContext, args: Arguments): Promise<CachePlan[]> {
  const { loadSpec } = await import('./loadSpec.ts');
  const plans: CachePlan[] = [];
  for (const file of args.values.file ?? []) {
    const one = { ...args, values: { ...args.values, file: [file] } };
    plans.push((await loadSpec(context, one)).plan);
  }
  return plans;
}

/**
 * A recorded spec as it is now: as the settings beside it make it and, where that works, as those of this run do. It may belong
 * to another project, whose variables this run does not have.
 */
async function specState(spec: string, context: CommandContext, args: Arguments): Promise<SpecState> {
  try {
    fs.statSync(spec);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? { gone: true } : { unreadable: code ?? String(error) };
  }
  try {
    const { loadPlan } = await import('../load/loadPlan.ts');
    const options = loadOptions(context, args, spec);
    const { profile: _profile, settingsFile: _settings, ...own } = { ...options, cwd: path.dirname(spec) };
    const { plan } = await loadPlan(own);
    const here = await loadPlan(options).catch(() => undefined);
    return { plan, also: here ? [here.plan] : [] };
  } catch (error) {
    return { unreadable: error instanceof Error ? error.message : String(error) };
  }
}

/** `--cache-dir`, else the directory of the spec given or at hand, else settings or default. */
async function pruneDirOf(
  context: CommandContext,
  args: Arguments,
  plans: readonly CachePlan[],
): Promise<string> {
  if (lastValue(args, 'cache-dir') !== undefined) return await cacheDirOf(context, args);
  const [first] = plans;
  if (first) return first.cacheDir.path;
  const spec = args.values.file?.[0] ?? (await presentSpec(context, args));
  if (spec === undefined) return await cacheDirOf(context, args);
  const { loadSpec } = await import('./loadSpec.ts');
  const one = { ...args, values: { ...args.values, file: [spec] } };
  return (await loadSpec(context, one)).plan.cacheDir.path;
}

function daysOf(args: Arguments): number {
  return wholeNumber('age', lastValue(args, 'age') ?? '');
}

function budgetOf(args: Arguments): number {
  const text = lastValue(args, 'budget') ?? '';
  const size = parseSize(text);
  if (size === undefined) throw new UsageError(`--budget takes a size such as 50GB or 1.5TiB, not '${text}'`);
  return size;
}

function graceOf(args: Arguments): number | undefined {
  const text = lastValue(args, 'grace');
  if (text === undefined) return undefined;
  const parsed = parseDuration(text);
  if (!('value' in parsed)) throw new UsageError(`--grace takes a duration such as 10m or 2h, not '${text}'`);
  return parsed.value;
}
