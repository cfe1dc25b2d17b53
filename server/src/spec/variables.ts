// The variables that interpolation sees, in layers (cache contract, section 1.5): .env, settings, process, and on top of
// them `secrets:`.
import type { Finding } from '../model/finding.ts';
import { joinPath, parentPath } from '../model/paths.ts';
import { parseDotenv } from './dotenv.ts';
import type { SpecFiles } from './files.ts';
import { findingOf } from './rules/finding.ts';

export type VariableSource = 'dotenv' | 'defaults' | 'profile' | 'process' | 'secret';

export interface Variable {
  readonly value: string;
  readonly source: VariableSource;
}

export interface Variables {
  readonly byName: ReadonlyMap<string, Variable>;
  readonly findings: readonly Finding[];
  /** Files that are not read yet: until then an unset name may still turn out to be set. */
  readonly pending: readonly string[];
}

/** One table of the settings: its env files (absolute paths, in order) below its `env`. */
export interface SettingsLayer {
  readonly source: 'defaults' | 'profile';
  readonly envFiles: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface VariableInput {
  /** Path of the spec as given: `.env` is looked for beside it, not beside its real path. */
  readonly specPath: string;
  readonly layers: readonly SettingsLayer[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: SpecFiles;
}

/** All variables below `secrets:`. Findings are R002 for malformed lines and R003 for missing env files of the settings. */
export function layerVariables(input: VariableInput): Variables {
  const layering = new Layering(input.files);
  layering.dotenv(joinPath(parentPath(input.specPath), '.env'));
  for (const { source, envFiles, env } of input.layers) {
    for (const file of envFiles) layering.settingsFile(file, source);
    layering.add(Object.entries(env), source);
  }
  layering.add(Object.entries(input.env), 'process');
  return { byName: layering.byName, findings: layering.findings, pending: layering.pending };
}

class Layering {
  readonly byName = new Map<string, Variable>();
  readonly findings: Finding[] = [];
  readonly pending: string[] = [];
  private readonly files: SpecFiles;

  constructor(files: SpecFiles) {
    this.files = files;
  }

  dotenv(path: string): void {
    const state = this.files.read(path);
    if (state.kind === 'pending') this.pending.push(path);
    if (state.kind === 'text') this.file(path, state.text, 'dotenv');
    if (state.kind === 'unreadable') this.unreadable(path, state.reason);
  }

  settingsFile(path: string, source: VariableSource): void {
    const state = this.files.read(path);
    if (state.kind === 'pending') this.pending.push(path);
    if (state.kind === 'text') this.file(path, state.text, source);
    if (state.kind === 'unreadable') this.unreadable(path, state.reason);
    if (state.kind === 'missing') this.unreadable(path, 'the env file that the settings name does not exist');
  }

  add(pairs: Iterable<readonly [string, string | undefined]>, source: VariableSource): void {
    for (const [name, value] of pairs) if (value !== undefined) this.byName.set(name, { value, source });
  }

  private file(path: string, text: string, source: VariableSource): void {
    const { variables, problems } = parseDotenv(text);
    for (const { line, start, end, reason } of problems) {
      const span = { file: path, start, end };
      const variant = reason === 'has an empty variable name' ? 'name' : 'main';
      this.findings.push(findingOf('R002', { variant, span, words: { file: path, line } }));
    }
    this.add(variables, source);
  }

  private unreadable(path: string, cause: string): void {
    const span = { file: path, start: 0, end: 0 };
    this.findings.push(findingOf('R003', { span, words: { file: path, cause } }));
  }
}
