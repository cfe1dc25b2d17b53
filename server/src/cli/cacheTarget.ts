// Which cache directory a command works on, in the spelling that its results use (cache contract, section 1.7), and safe output.
import fs from 'node:fs';
import path from 'node:path';
import { canonicalPath } from '../core/canonicalPath.ts';
import { ioFailure } from '../core/ioFailure.ts';
import type { LoadOptions } from '../load/loadPlan.ts';
import { lastValue, type Arguments, type CommandContext } from './command.ts';

/** Options of loading that every command shares. */
export function loadOptions(context: CommandContext, args: Arguments, specPath?: string): LoadOptions {
  const profile = lastValue(args, 'profile');
  const settingsFile = lastValue(args, 'settings-file');
  const toolVersion = lastValue(args, 'tool-version');
  return {
    cwd: context.cwd,
    env: context.env,
    // Asked for once the spec is analysed: until then a signal ends the process.
    get signal() {
      return context.signal;
    },
    ...(specPath === undefined ? {} : { specPath }),
    ...(profile === undefined ? {} : { profile }),
    ...(settingsFile === undefined ? {} : { settingsFile }),
    ...(toolVersion === undefined ? {} : { toolVersion }),
  };
}

/** `--cache-dir` as given, else what settings say, else the default below HOME. No spec is looked at. */
export async function cacheDirOf(context: CommandContext, args: Arguments): Promise<string> {
  const given = lastValue(args, 'cache-dir');
  if (given !== undefined) return given;
  const { loadSettings } = await import('../load/loadPlan.ts');
  const { settingsCacheDir } = await import('../plan/cacheDir.ts');
  return settingsCacheDir(loadSettings(loadOptions(context, args)), context.env.HOME).path;
}

/** The spec that a command reads when none is named, if it is there. */
export async function presentSpec(context: CommandContext, args: Arguments): Promise<string | undefined> {
  const { loadSettings, specPathOf } = await import('../load/loadPlan.ts');
  const spec = specPathOf(loadOptions(context, args), loadSettings(loadOptions(context, args)));
  return fs.existsSync(spec) ? spec : undefined;
}

/** Says on stderr when the spec at hand uses another cache than the one shown. */
export async function hintOtherCache(context: CommandContext, args: Arguments, shown: string): Promise<void> {
  if (lastValue(args, 'cache-dir') !== undefined) return;
  try {
    const spec = await presentSpec(context, args);
    if (spec === undefined) return;
    const { loadPlan } = await import('../load/loadPlan.ts');
    const { plan } = await loadPlan(loadOptions(context, args, spec));
    const used = plan.cacheDir.path;
    if (canonicalPath(used) === canonicalPath(shown)) return;
    context.say(`hint: ${path.basename(spec)} uses another cache: --cache-dir ${used}`);
  } catch {
    // A spec that cannot be used has nothing to say here.
  }
}

/** Prints a result. A full disk or a failing device behind stdout is an expected failure, not a bug. */
export async function printResult(context: CommandContext, text: string): Promise<void> {
  try {
    await context.out(text);
  } catch (error) {
    throw ioFailure(error, 'standard output');
  }
}
