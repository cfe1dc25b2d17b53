// Reads and writes the profile that `setup` is about (cache contract, section 9). The file is replaced as a whole, mode 0600.
import * as fs from 'node:fs';
import { fsyncSync } from 'node:fs';
import path from 'node:path';
import { makeDirectories } from '../core/files.ts';
import { ioFailure } from '../core/ioFailure.ts';
import { OperationFailure } from '../model/failure.ts';
import { isSecretName, REDACTED } from '../model/mask.ts';
import type { SetupChange, SetupProfile, SetupResult, SetupState } from '../model/setup.ts';
import { chooseCacheDir } from '../plan/cacheDir.ts';
import { readSettings, selectProfile, settingsBase, type Settings } from '../plan/settings.ts';
import { BINARY_NAMES } from '../plan/settingsShape.ts';
import { setupText } from '../plan/setupText.ts';
import { nodeLocalRootOf } from '../spec/grammar/localPath.ts';
import { SpecFailure } from './specFailure.ts';
import { userHomeOf } from './userHome.ts';

export interface SetupRequest {
  /** Where the project is: absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Profile to read or write; absent: the file's default profile, else `dev`. */
  readonly profile?: string;
  readonly settingsFile?: string;
}

/** What setup would start from. Throws SpecFailure('settings-invalid') when the file is invalid. */
export function readSetup(request: SetupRequest): SetupState {
  const file = setupTarget(request);
  const { text, settings } = readFile(file);
  const profile = profileName(request, settings);
  const found = findUpward(request.cwd);
  return {
    schema_version: 1,
    settings_path: file,
    exists: text !== undefined,
    profiles: [...(settings?.profiles.keys() ?? [])],
    default_compose_file: settings?.defaults.composeFile ?? null,
    read_path: request.settingsFile !== undefined || found === file ? null : found,
    ...profileOf(settings, profile),
  };
}

/** Applies a change. Throws SpecFailure, or OperationFailure('settings-invalid') when the file cannot be edited in place. */
export function writeSetup(request: SetupRequest, change: SetupChange): SetupResult {
  const file = setupTarget(request);
  const { text, settings } = readFile(file);
  const profile = profileName(request, settings);
  const result = setupText(text, file, profile, change);
  if (!result.ok) throw new OperationFailure('settings-invalid', { path: file, cause: result.problem });
  if (result.text !== text) replaceFile(file, result.text);
  else makePrivate(file);
  const written = readFile(file).settings;
  return {
    schema_version: 1,
    settings_path: file,
    ...profileOf(written, profile),
    warnings: written ? warningsOf(written, file, profile, request) : [],
  };
}

/** `--settings-file`, else below the nearest directory with `.git`, else below the working directory. */
function setupTarget({ cwd, settingsFile }: SetupRequest): string {
  if (settingsFile !== undefined) return path.resolve(cwd, settingsFile);
  const root = ancestorsOf(cwd).find((directory) => fs.existsSync(path.join(directory, '.git'))) ?? cwd;
  return path.join(root, SETTINGS_PATH);
}

const SETTINGS_PATH = '.hpc-compose/settings.toml';

function findUpward(cwd: string): string | null {
  const candidates = ancestorsOf(cwd).map((directory) => path.join(directory, SETTINGS_PATH));
  return candidates.find((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true) ?? null;
}

function ancestorsOf(directory: string): string[] {
  const parent = path.dirname(directory);
  return parent === directory ? [directory] : [directory, ...ancestorsOf(parent)];
}

function readFile(file: string): { text?: string; settings?: Settings } {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw ioFailure(error, file);
  }
  const result = readSettings(text, file);
  if (!result.ok) throw new SpecFailure('settings-invalid', file, result.findings);
  return { text, settings: result.settings };
}

function profileName({ profile }: SetupRequest, settings: Settings | undefined): string {
  return profile ?? settings?.defaultProfile ?? 'dev';
}

function profileOf(settings: Settings | undefined, profile: string): SetupProfile {
  const scope = settings?.profiles.get(profile);
  const env = Object.entries(scope?.env ?? {}).map(
    ([name, value]) => [name, isSecretName(name) ? REDACTED : value] as const,
  );
  return {
    profile,
    default_profile: settings?.defaultProfile ?? null,
    compose_file: scope?.composeFile ?? null,
    env_files: [...(scope?.envFiles ?? [])],
    env: Object.fromEntries(env),
    binaries: Object.fromEntries(BINARY_NAMES.map((name) => [name, scope?.binaries[name] ?? null])),
    cache_dir: scope?.cacheDir ?? null,
    login_host: scope?.loginHost ?? null,
    login_user: scope?.loginUser ?? null,
  };
}

function warningsOf(settings: Settings, file: string, profile: string, request: SetupRequest): string[] {
  const warnings: string[] = [];
  const userHome = userHomeOf(request.env);
  const selected = selectProfile(settings, file, profile, userHome);
  if (typeof selected !== 'string' && selected.profile?.cacheDir !== undefined) {
    const base = { projectDir: request.cwd, home: request.env.HOME };
    const { path: directory, raw } = chooseCacheDir(undefined, base, selected);
    const root = nodeLocalRootOf(directory);
    if (root !== undefined) {
      warnings.push(
        `the cache directory ${directory} lies below ${root}, which is local to each node: compute nodes will not see it`,
      );
    }
    if (raw?.trim() === '') warnings.push(`an empty cache directory means ${settingsBase(file)} itself`);
    if (raw?.includes('$') === true)
      warnings.push(`variables are not expanded in settings: '${raw}' is taken literally`);
  }
  const found = findUpward(request.cwd);
  if (found !== null && found !== file)
    warnings.push(`commands started in ${request.cwd} read ${found}, not this file`);
  if (settings.defaultProfile !== undefined && !settings.profiles.has(settings.defaultProfile)) {
    warnings.push(
      `default_profile '${settings.defaultProfile}' is no profile of this file: commands will refuse it`,
    );
  }
  return warnings;
}

/** A file that needs no change still gets the mode that a written one has. */
function makePrivate(file: string): void {
  try {
    fs.chmodSync(file, 0o600);
  } catch (error) {
    throw ioFailure(error, file);
  }
}

/** Temporary file, fsync, rename; a link keeps pointing to the file that it names. */
function replaceFile(file: string, text: string): void {
  try {
    makeDirectories(path.dirname(file));
    const target = fs.existsSync(file) ? fs.realpathSync(file) : file;
    const temporary = `${target}.tmp.${process.pid}.${process.hrtime.bigint()}`;
    const fd = fs.openSync(temporary, 'wx', 0o600);
    try {
      fs.writeFileSync(fd, text);
      fs.fchmodSync(fd, 0o600);
      fsyncSync(fd);
      fs.renameSync(temporary, target);
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      throw error;
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    throw ioFailure(error, file);
  }
}
