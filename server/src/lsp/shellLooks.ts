// Shell texts of open specs, checked once typing pauses: HX003 by `bash -n`, HX004 by ShellCheck where it is installed. For
// trusted workspaces only. Nothing is ever executed.
import { createShellChecker, type ShellChecker, type ShellTools } from '../core/shellCheck.ts';
import type { Ports } from '../core/ports.ts';
import type { Finding } from '../model/finding.ts';
import {
  checkableScripts,
  findStyleProblems,
  findSyntaxErrors,
  type ShellLook,
} from '../load/shellFindings.ts';
import type { ShellScript } from '../spec/lint/shellScripts.ts';
import type { JudgedDocument, LateSource } from './lateFindings.ts';
import { at, type RawSettings, type SettingsAccess } from './settings.ts';

export interface ShellLooks {
  readonly ports: Pick<Ports, 'run' | 'env'>;
  readonly settings: SettingsAccess;
}

type Check = (scripts: readonly ShellScript[], look: ShellLook) => Promise<Finding[]>;

/** The two sources, which share what bash said. */
export function createShellLooks({ ports, settings }: ShellLooks): readonly LateSource[] {
  const checker = createShellChecker(ports);
  const isOn = (raw: RawSettings) => at(raw, 'shellcheck.enabled') !== 'off';
  const both = { checker, settings, scriptsOf: rememberScripts() };
  return [
    sourceOf({ ...both, name: 'bash -n', codes: ['HX003'], check: findSyntaxErrors, isOn: () => true }),
    sourceOf({ ...both, name: 'ShellCheck', codes: ['HX004'], check: findStyleProblems, isOn }),
  ];
}

interface SourceSetup {
  readonly name: string;
  readonly codes: readonly string[];
  readonly check: Check;
  readonly checker: ShellChecker;
  readonly settings: SettingsAccess;
  readonly scriptsOf: (judged: JudgedDocument, signal: AbortSignal) => Promise<readonly ShellScript[]>;
  readonly isOn: (raw: RawSettings) => boolean;
}

/** Both sources ask for the texts of the same analysis: they are collected once. */
function rememberScripts(): SourceSetup['scriptsOf'] {
  const known = new WeakMap<JudgedDocument['analysis'], Promise<readonly ShellScript[]>>();
  return ({ document, text, analysis }, signal) => {
    const scripts =
      known.get(analysis) ?? checkableScripts(analysis.resolved, document.path, text.toString(), signal);
    known.set(analysis, scripts);
    // Cancelled: whoever asks for the same analysis again begins anew.
    scripts.catch(() => known.delete(analysis));
    return scripts;
  };
}

function sourceOf({ name, codes, check, checker, settings, scriptsOf, isOn }: SourceSetup): LateSource {
  return {
    name,
    codes,
    look: async (judged, signal) => {
      const raw = await settings.all(judged.document.uri);
      if (!isOn(raw)) return [];
      return check(await scriptsOf(judged, signal), { checker, tools: toolsOf(raw), signal });
    },
  };
}

/** Programs by setting, else by name on PATH. */
function toolsOf(raw: RawSettings): ShellTools {
  const path = (name: string, usual: string) => {
    const value = at(raw, name);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : usual;
  };
  return { bash: path('bash.path', 'bash'), shellcheck: path('shellcheck.path', 'shellcheck') };
}
