// The settings and the cache directory that a command line asks for, for commands that look at no spec.
import { loadSettings } from '../load/loadPlan.ts';
import { settingsCacheDir } from '../plan/cacheDir.ts';
import type { SelectedSettings } from '../plan/settings.ts';
import { lastValue, type Arguments, type CommandContext } from './command.ts';

/** The settings in force, with --profile and --settings-file. Throws SpecFailure('settings-invalid'). */
export function settingsOf(context: CommandContext, args: Arguments): SelectedSettings | undefined {
  const profile = lastValue(args, 'profile');
  const settingsFile = lastValue(args, 'settings-file');
  return loadSettings({
    cwd: context.cwd,
    env: context.env,
    ...(profile === undefined ? {} : { profile }),
    ...(settingsFile === undefined ? {} : { settingsFile }),
  });
}

/** `--cache-dir` verbatim (settings are then not even read), else the settings' or the default directory. */
export function cacheDirFlag(context: CommandContext, args: Arguments): string {
  return lastValue(args, 'cache-dir') ?? settingsCacheDir(settingsOf(context, args), context.env.HOME).path;
}
