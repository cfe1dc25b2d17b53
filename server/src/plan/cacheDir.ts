// Which directory holds the cache, and why (cache contract, sections 1.1 to 1.3). Lexical only: links are never followed.
import { joinPath, normalisePath } from '../model/paths.ts';
import type { CacheDirChoice } from '../model/plan.ts';
import { expandHome, resolveHostPath } from '../spec/grammar/localPath.ts';
import type { PathBase } from './normalise.ts';
import type { SelectedSettings } from './settings.ts';

/** The directory that a spec uses: `x-slurm.cache_dir`, else profile, else defaults, else below HOME. */
export function chooseCacheDir(
  specValue: string | undefined,
  base: PathBase,
  selected: SelectedSettings | undefined,
): CacheDirChoice {
  if (specValue !== undefined) {
    return { path: resolveHostPath(specValue, base.projectDir, base.home), source: 'spec', raw: specValue };
  }
  const choice = settingsCacheDir(selected, base.home);
  return { ...choice, path: normalisePath(choice.path) };
}

/** The directory of commands that look at no spec: settings, else below HOME, in that very spelling. */
export function settingsCacheDir(
  selected: SelectedSettings | undefined,
  home: string | undefined,
): CacheDirChoice {
  const profileDir = selected?.profile?.cacheDir;
  const raw = profileDir ?? selected?.settings.defaults.cacheDir;
  if (selected === undefined || raw === undefined) {
    return { path: builtinCacheDir(home), source: 'builtin' };
  }
  return {
    path: normalisePath(joinPath(selected.base, expandHome(raw, selected.userHome))),
    source: profileDir === undefined ? 'defaults' : 'profile',
    raw,
    settingsFile: selected.file,
    ...(selected.profileName === undefined ? {} : { profile: selected.profileName }),
  };
}

/** Relative to the process's directory when HOME is unset, empty or relative. */
function builtinCacheDir(home: string | undefined): string {
  return joinPath(home ?? '.', '.cache/hpc-compose');
}
