// Settings of the rootfs cache for the RC rules, per document: asked for once, and again when settings change. In an untrusted
// workspace nothing outside of the settings is looked at, and no program is started.
import { loadPlugstack } from '../core/rootfs/plugstackFiles.ts';
import { rootfsPorts } from '../core/rootfs/rootfsPorts.ts';
import { findSrun, listsCacheFlag, SRUN_HELP } from '../core/rootfs/srunFlag.ts';
import type { Ports } from '../core/ports.ts';
import { readRootfsRules } from '../load/rootfsRules.ts';
import type { RootfsRuleSettings } from '../spec/rules/rootfsCache.ts';
import type { SettingsAccess } from './settings.ts';

export interface RootfsRulesSetup {
  readonly settings: SettingsAccess;
  readonly ports: Pick<Ports, 'run' | 'log' | 'env' | 'lockChildren'>;
  readonly trusted: boolean;
  /** As sent with `initialize`, for clients without settings. */
  readonly given: unknown;
  /** Called when the answer for some document has changed. */
  readonly onChange: () => void;
}

/** What is known by now about one document; undefined until the settings have been read. */
export type RootfsRulesOf = (uri: string) => RootfsRuleSettings | undefined;

/** Starts watching the settings. The same value is given until they change, so that results can be kept by it. */
export function createRootfsRules(setup: RootfsRulesSetup): RootfsRulesOf {
  const { settings, trusted, onChange } = setup;
  const known = new Map<string, RootfsRuleSettings | undefined>();
  const flagIsKnown = trusted ? flagQuestion(setup, onChange) : undefined;
  let generation = 0;
  settings.onDidChange(() => {
    generation++;
    known.clear();
  });
  const read = async (uri: string) => {
    const asked = generation;
    const raw = (await settings.read('rootfsCache', uri)) ?? setup.given;
    if (asked !== generation) return;
    known.set(uri, rulesFrom(raw, setup, flagIsKnown));
    onChange();
  };
  return (uri) => {
    if (!known.has(uri)) {
      known.set(uri, undefined);
      void read(uri);
    }
    return known.get(uri);
  };
}

function rulesFrom(
  raw: unknown,
  { ports, trusted }: RootfsRulesSetup,
  flagIsKnown: (() => boolean) | undefined,
): RootfsRuleSettings {
  if (!trusted) return readRootfsRules({ raw });
  const identity = { uid: process.geteuid?.() ?? -1, host: '', version: '' };
  return readRootfsRules({
    raw,
    plugstack: loadPlugstack(),
    ports: rootfsPorts(ports, identity),
    ...(flagIsKnown ? { flagIsKnown } : {}),
  });
}

/** Asks srun in the background, once, when the first spec has the flag. Nothing is said against the flag meanwhile. */
function flagQuestion({ ports }: RootfsRulesSetup, onAnswer: () => void): () => boolean {
  const srun = findSrun(ports.env.PATH);
  let answer = srun === undefined ? false : undefined;
  let asked = false;
  const ask = async (command: string) => {
    const { stdout } = await ports.run({ command, args: SRUN_HELP, env: ports.env });
    answer = listsCacheFlag(stdout);
    onAnswer();
  };
  return () => {
    if (answer === undefined && srun !== undefined && !asked) {
      asked = true;
      ask(srun).catch((error: unknown) => ports.log.debug(`srun --help: ${String(error)}`));
    }
    return answer ?? true;
  };
}
