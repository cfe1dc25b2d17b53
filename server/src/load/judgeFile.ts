// A spec on disk (or from standard input) -> its judgement. Everything is read at once and at most once for all specs of one
// run, so that hundreds of small files a second can be judged.
import { realpathSync } from 'node:fs';
import type { Finding } from '../model/finding.ts';
import { parentPath } from '../model/paths.ts';
import { chooseCacheDir } from '../plan/cacheDir.ts';
import type { SelectedSettings } from '../plan/settings.ts';
import type { Surroundings } from '../spec/analyse.ts';
import type { FileState, SpecFiles } from '../spec/files.ts';
import { judgeSpec, type Judgement } from '../spec/judgeSpec.ts';
import { readClusterProfile, type ClusterProfileResult } from '../spec/rules/clusterProfile.ts';
import { findingOf } from '../spec/rules/finding.ts';
import { layerVariables } from '../spec/variables.ts';
import { nearestClusterProfile } from './clusterProfile.ts';
import { selectSettings, settingsLayers } from './selectSettings.ts';
import { userHomeOf } from './userHome.ts';

export interface JudgeRun {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly profile?: string;
  readonly settingsFile?: string;
  readonly strictEnv: boolean;
  readonly files: SpecFiles;
  /** Settings of the rootfs cache. */
  readonly rootfsCache?: Surroundings['rootfsCache'];
}

export interface JudgedFile {
  readonly path: string;
  readonly findings: readonly Finding[];
  /** Undefined when the file or the settings could not be read at all. */
  readonly judgement: Judgement | undefined;
  readonly textOf: (file: string) => string | undefined;
}

/** Settings once, then one function for each spec: its path and, from standard input, its text. */
export function createJudge(run: JudgeRun): {
  readonly settings: SelectedSettings | undefined;
  readonly judge: (path: string, text?: string) => JudgedFile;
} {
  const { cwd, files, profile, settingsFile } = run;
  const userHome = userHomeOf(run.env);
  const selection = selectSettings({
    cwd,
    files,
    userHome,
    ...(profile === undefined ? {} : { profile }),
    ...(settingsFile === undefined ? {} : { settingsFile }),
  });
  const readProfile = rememberAll(readClusterProfile);
  const { selected } = selection;
  const judge = (path: string, given?: string): JudgedFile => {
    const state: FileState = given === undefined ? files.read(path) : { kind: 'text', text: given };
    const textOf = (file: string) => {
      const other = file === path ? state : files.read(file);
      return other.kind === 'text' ? other.text : undefined;
    };
    const blocked = [...selection.findings, ...unread(path, state)];
    if (blocked.length > 0 || state.kind !== 'text')
      return { path, findings: blocked, judgement: undefined, textOf };
    return judgeText(
      path,
      state.text,
      run,
      selected,
      nearestClusterProfile(path, files, readProfile),
      textOf,
    );
  };
  return { settings: selected, judge };
}

function judgeText(
  path: string,
  text: string,
  run: JudgeRun,
  settings: SelectedSettings | undefined,
  cluster: ClusterProfileResult | undefined,
  textOf: (file: string) => string | undefined,
): JudgedFile {
  const { env, files } = run;
  const projectDir = projectDirOf(path);
  const judgement = judgeSpec(text, {
    file: path,
    files,
    variables: layerVariables({ specPath: path, layers: settingsLayers(settings), env, files }),
    userHome: userHomeOf(env),
    resourceProfiles: settings?.settings.resourceProfiles ?? new Map(),
    strictEnv: run.strictEnv,
    ...(run.rootfsCache ? { rootfsCache: run.rootfsCache } : {}),
    lint: {
      projectDir,
      home: env.HOME,
      chooseCacheDir: (written) => chooseCacheDir(written, { projectDir, home: env.HOME }, settings),
      ...(cluster?.ok ? { cluster: cluster.profile } : {}),
    },
  });
  const broken = cluster?.ok === false ? cluster.findings : [];
  return { path, findings: [...judgement.findings, ...broken], judgement, textOf };
}

/** R001, or R004 for a file that cannot be read as text. */
function unread(path: string, state: FileState): Finding[] {
  const span = { file: path, start: 0, end: 0 };
  if (state.kind === 'missing') return [findingOf('R001', { span, words: { file: path } })];
  if (state.kind !== 'unreadable') return [];
  return [findingOf('R004', { span, words: { cause: `${path} cannot be read: ${state.reason}` } })];
}

/** Each profile is read once for all specs of a run. */
function rememberAll(read: typeof readClusterProfile): typeof readClusterProfile {
  const known = new Map<string, ClusterProfileResult>();
  return (text, file) => {
    const result = known.get(file) ?? read(text, file);
    known.set(file, result);
    return result;
  };
}

function projectDirOf(path: string): string {
  try {
    return parentPath(realpathSync(path));
  } catch {
    return parentPath(path);
  }
}
