// Finds and reads the settings file and picks the profile (cache contract, section 1.4), through SpecFiles so that both doors share it.
import type { Finding } from '../model/finding.ts';
import { joinPath, parentPath, resolvePath } from '../model/paths.ts';
import { readSettings, selectProfile, settingsFinding, type SelectedSettings } from '../plan/settings.ts';
import { expandHome } from '../spec/grammar/localPath.ts';
import type { FileState, SpecFiles } from '../spec/files.ts';
import type { SettingsLayer } from '../spec/variables.ts';

export interface SettingsRequest {
  /** Where the search upward starts: the working directory for the CLI, the document's folder for the server. */
  readonly cwd: string;
  readonly settingsFile?: string;
  readonly profile?: string;
  readonly userHome: string | undefined;
  readonly files: SpecFiles;
}

export interface SettingsSelection {
  readonly selected?: SelectedSettings;
  readonly findings: readonly Finding[];
  readonly pending: readonly string[];
}

const SETTINGS_PATH = '.hpc-compose/settings.toml';

/** The settings in force. Nothing selected and no finding: there are none. */
export function selectSettings(request: SettingsRequest): SettingsSelection {
  if (request.settingsFile !== undefined) {
    const file = resolvePath(request.cwd, request.settingsFile);
    return readSelection(file, request.files.read(file), request);
  }
  for (let directory = request.cwd; ; directory = parentPath(directory)) {
    const file = joinPath(directory, SETTINGS_PATH);
    const state = request.files.read(file);
    if (state.kind === 'pending') return { findings: [], pending: [file] };
    if (state.kind !== 'missing' && !isDirectory(state)) return readSelection(file, state, request);
    if (directory === '/' || directory === '') break;
  }
  return request.profile === undefined ? NOTHING : problem(noSettings(request.profile), request.cwd);
}

/** The layers that settings add to the variables, lowest first. */
export function settingsLayers(selected: SelectedSettings | undefined): SettingsLayer[] {
  if (!selected) return [];
  const scopes = [['defaults', selected.settings.defaults] as const, ['profile', selected.profile] as const];
  return scopes.flatMap(([source, scope]) => {
    if (!scope) return [];
    const envFiles = scope.envFiles.map((file) => settingsPath(file, selected));
    return [{ source, envFiles, env: scope.env }];
  });
}

/** A path of the settings: `~` expanded, relative to the settings base, normalised. */
export function settingsPath(path: string, { base, userHome }: SelectedSettings): string {
  return resolvePath(base, expandHome(path, userHome));
}

const NOTHING: SettingsSelection = { findings: [], pending: [] };

function readSelection(file: string, state: FileState, request: SettingsRequest): SettingsSelection {
  switch (state.kind) {
    case 'pending':
      return { findings: [], pending: [file] };
    case 'missing':
      return problem('settings file does not exist', file);
    case 'unreadable':
      return problem(state.reason, file);
    case 'text': {
      const result = readSettings(state.text, file);
      if (!result.ok) return { findings: result.findings, pending: [] };
      const selected = selectProfile(result.settings, file, request.profile, request.userHome);
      return typeof selected === 'string' ? problem(selected, file) : { ...NOTHING, selected };
    }
  }
}

function noSettings(profile: string): string {
  return `profile '${profile}' was requested, but there is no ${SETTINGS_PATH} here or above`;
}

function problem(message: string, file: string): SettingsSelection {
  return { findings: [settingsFinding(message, { file, start: 0, end: 0 })], pending: [] };
}

function isDirectory(state: FileState): boolean {
  return state.kind === 'unreadable' && state.reason.includes('EISDIR');
}
