// Reads `.hpc-compose/settings.toml` from its text and picks a profile (cache contract, section 1.4). Strict: unknown keys are errors.
import { parse, TomlError } from 'smol-toml';
import type { Finding, Span } from '../model/finding.ts';
import { parentPath } from '../model/paths.ts';
import { findingOf } from '../spec/rules/finding.ts';
import { findTomlPath, layoutToml } from '../model/tomlLayout.ts';
import { checkShape, isTable } from '../model/tomlShape.ts';
import { SETTINGS_SHAPE } from './settingsShape.ts';

/** `[defaults]` or one profile. Paths are as written. */
export interface SettingsScope {
  readonly composeFile?: string;
  readonly envFiles: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly binaries: Readonly<Record<string, string>>;
  readonly cacheDir?: string;
  readonly enrootTempDir?: string;
  readonly loginHost?: string;
  readonly loginUser?: string;
}

/** Values for keys of `x-slurm` that a spec leaves open; numbers are integers. */
export type ResourceProfile = Readonly<Record<string, string | number>>;

export interface Settings {
  readonly defaultProfile?: string;
  readonly defaults: SettingsScope;
  readonly profiles: ReadonlyMap<string, SettingsScope>;
  readonly resourceProfiles: ReadonlyMap<string, ResourceProfile>;
}

/** Settings with one profile chosen. */
export interface SelectedSettings {
  readonly settings: Settings;
  /** Absolute path of the file. */
  readonly file: string;
  /** Directory that relative paths in it start from. */
  readonly base: string;
  readonly profileName?: string;
  readonly profile?: SettingsScope;
  /** What `~` means in the file: HOME, else the home of the account. */
  readonly userHome: string | undefined;
}

export type SettingsResult =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** Parses a settings text. Every problem is an R003 finding at its key. */
export function readSettings(text: string, file: string): SettingsResult {
  let value: unknown;
  try {
    value = parse(text, { integersAsBigInt: true });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { ok: false, findings: [syntaxFinding(error, text, file)] };
  }
  const problems = checkShape(value, SETTINGS_SHAPE);
  const version = isTable(value) ? value.version : undefined;
  if (typeof version === 'bigint' && version !== 1n && problems.length === 0) {
    problems.push({
      path: ['version'],
      message: `unsupported settings schema version ${version}; expected 1`,
    });
  }
  if (problems.length === 0) return { ok: true, settings: settingsOf(value as Record<string, unknown>) };
  const layout = layoutToml(text);
  return {
    ok: false,
    findings: problems.map(({ path, message }) => {
      const place = findTomlPath(layout, path) ?? { start: 0, end: 0 };
      return settingsFinding(message, { file, ...place });
    }),
  };
}

/** Picks the profile: the one asked for, else `default_profile`, else none. A string result is the problem. */
export function selectProfile(
  settings: Settings,
  file: string,
  asked: string | undefined,
  userHome: string | undefined,
): SelectedSettings | string {
  const name = asked ?? settings.defaultProfile;
  const selected = { settings, file, base: settingsBase(file), userHome };
  if (name === undefined) return selected;
  const profile = settings.profiles.get(name);
  if (!profile) {
    const known = [...settings.profiles.keys()].join(', ') || 'none';
    return `profile '${name}' is not defined in settings (profiles: ${known})`;
  }
  return { ...selected, profileName: name, profile };
}

/** The directory above `.hpc-compose`, or the file's own directory when it lies elsewhere. */
export function settingsBase(file: string): string {
  const directory = parentPath(file);
  return directory.endsWith('/.hpc-compose') ? parentPath(directory) : directory;
}

/** An R003 finding about a settings file. */
export function settingsFinding(cause: string, span: Span): Finding {
  return findingOf('R003', { span, words: { file: span.file, cause } });
}

function syntaxFinding(error: TomlError, text: string, file: string): Finding {
  const lines = text.split('\n');
  const start = lines.slice(0, error.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const at = Math.min(start + error.column - 1, text.length);
  const lineLength = (lines[error.line - 1] ?? '').length;
  const [reason = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
  return settingsFinding(`invalid TOML: ${reason}`, {
    file,
    start: at,
    end: Math.max(at, start + lineLength),
  });
}

function settingsOf(value: Record<string, unknown>): Settings {
  return {
    ...optional('defaultProfile', value.default_profile),
    defaults: scopeOf(tableOf(value.defaults)),
    profiles: new Map(entriesOf(value.profiles).map(([name, scope]) => [name, scopeOf(tableOf(scope))])),
    resourceProfiles: new Map(
      entriesOf(value.resource_profiles).map(([name, profile]) => [
        name,
        resourceProfileOf(tableOf(profile)),
      ]),
    ),
  };
}

function scopeOf(scope: Record<string, unknown>): SettingsScope {
  const cache = tableOf(scope.cache);
  return {
    ...optional('composeFile', scope.compose_file),
    envFiles: Array.isArray(scope.env_files) ? (scope.env_files as string[]) : [],
    env: { ...tableOf(scope.env) } as Record<string, string>,
    binaries: { ...tableOf(scope.binaries) } as Record<string, string>,
    ...optional('cacheDir', cache.dir),
    ...optional('enrootTempDir', cache.enroot_temp_dir),
    ...optional('loginHost', scope.login_host),
    ...optional('loginUser', scope.login_user),
  };
}

function resourceProfileOf(profile: Record<string, unknown>): ResourceProfile {
  return Object.fromEntries(
    Object.entries(profile).map(([key, value]) => [
      key,
      typeof value === 'bigint' ? Number(value) : (value as string),
    ]),
  );
}

function optional<K extends string>(key: K, value: unknown): Partial<Record<K, string>> {
  return (typeof value === 'string' ? { [key]: value } : {}) as Partial<Record<K, string>>;
}

function tableOf(value: unknown): Record<string, unknown> {
  return isTable(value) ? value : {};
}

function entriesOf(value: unknown): [string, unknown][] {
  return Object.entries(tableOf(value));
}
