// Settings of the rootfs cache as the RC rules need them: what people set, what the site's plugstack file says, and what the
// directory is like where it exists (specs are often written on machines that have none). Bad values are findings, never thrown.
import { lstatSync } from 'node:fs';
import { checkBase, type DirectoryPorts } from '../core/rootfs/checkDirectories.ts';
import type { PlugstackOptions } from '../core/rootfs/plugstack.ts';
import { readRootfsSettings, type RootfsSettings } from '../core/rootfs/settings.ts';
import { RootfsFailure } from '../model/rootfs.ts';
import type { RootfsRuleSettings } from '../spec/rules/rootfsCache.ts';

export interface RootfsRuleSources {
  /** As the editor or flags give them; anything else counts as none. */
  readonly raw?: unknown;
  readonly plugstack?: PlugstackOptions | undefined;
  /** Absent: the directory is not looked at. */
  readonly ports?: DirectoryPorts;
  readonly flagIsKnown?: () => boolean;
}

type Problem = RootfsRuleSettings['problems'][number];

/** What the RC rules judge by. With a bad setting the cache is off, yet its services are told why. */
export function readRootfsRules(sources: RootfsRuleSources): RootfsRuleSettings {
  const raw = recordOf(sources.raw);
  const { settings, problems } = readRootfsSettings(raw, sources.plugstack);
  const found = problems.flatMap(({ code, message, severity }): Problem[] =>
    severity === 'error' ? [{ code: code ?? 'RC010', message }] : [],
  );
  const unsafe = sources.ports && problemOfBase(settings, sources.ports);
  return {
    enabled: raw.enabled === true && (settings.base !== undefined || found.length > 0),
    base: settings.base,
    keyScheme: settings.keyScheme,
    problems: unsafe === undefined ? found : [...found, { code: 'RC009', message: unsafe }],
    ...(sources.flagIsKnown ? { flagIsKnown: sources.flagIsKnown } : {}),
  };
}

/** Why the directory may not be used, if it is there to be looked at. */
function problemOfBase({ base, allowNetworkFs }: RootfsSettings, ports: DirectoryPorts): string | undefined {
  if (base === undefined || !isThere(base)) return undefined;
  try {
    checkBase(base, allowNetworkFs, ports);
    return undefined;
  } catch (error) {
    // What cannot be looked at is not judged.
    if (!(error instanceof RootfsFailure)) return undefined;
    const { cause, words } = error.data;
    return (cause === undefined ? String(words) : `${base}: ${cause}`).replace(/\.$/, '');
  }
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
