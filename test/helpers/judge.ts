// Judges a spec that lies in memory, as the doors judge one on disk: settings, `.env`, bases, cluster profile, lint included.
import path from 'node:path';
import type { Finding } from '../../server/src/model/finding.ts';
import { selectSettings, settingsLayers } from '../../server/src/load/selectSettings.ts';
import { chooseCacheDir } from '../../server/src/plan/cacheDir.ts';
import { analyse, type Surroundings } from '../../server/src/spec/analyse.ts';
import type { FileState, SpecFiles } from '../../server/src/spec/files.ts';
import { readClusterProfile } from '../../server/src/spec/rules/clusterProfile.ts';
import { layerVariables } from '../../server/src/spec/variables.ts';

/** Where the files of a case lie, and the home of its user: nothing below one of the node-local roots. */
export const CASE_DIR = '/corpus/case';
export const CASE_HOME = '/corpus/home';

export interface SpecCase {
  /** Relative path -> text; `compose.yaml` is the spec. */
  readonly files: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly strictEnv?: boolean;
}

/** Files of a case as the pure rooms read them. */
export function caseFiles(files: SpecCase['files']): SpecFiles {
  return {
    read: (asked): FileState => {
      const absolute = path.posix.normalize(asked).replace(/\/$/, '');
      const relative = path.posix.relative(CASE_DIR, absolute);
      const text = Object.hasOwn(files, relative) ? files[relative] : undefined;
      if (text !== undefined) return { kind: 'text', text };
      const isFolder =
        absolute === CASE_DIR || Object.keys(files).some((file) => file.startsWith(`${relative}/`));
      return isFolder ? { kind: 'unreadable', reason: 'it is a directory (EISDIR)' } : { kind: 'missing' };
    },
  };
}

/** What the spec of a case is judged against, and the findings about settings and cluster profile. */
export function caseSurroundings(given: SpecCase): { around: Surroundings; findings: readonly Finding[] } {
  const files = caseFiles(given.files);
  const file = `${CASE_DIR}/compose.yaml`;
  const env = { HOME: CASE_HOME, PATH: '/usr/bin', ...given.env };
  const settings = selectSettings({ cwd: CASE_DIR, files, userHome: CASE_HOME });
  const { selected } = settings;
  const clusterFile = `${CASE_DIR}/.hpc-compose/cluster.toml`;
  const state = files.read(clusterFile);
  const cluster = state.kind === 'text' ? readClusterProfile(state.text, clusterFile) : undefined;
  const around: Surroundings = {
    file,
    files,
    variables: layerVariables({ specPath: file, layers: settingsLayers(selected), env, files }),
    userHome: CASE_HOME,
    resourceProfiles: selected?.settings.resourceProfiles ?? new Map(),
    strictEnv: given.strictEnv === true,
    lint: {
      projectDir: CASE_DIR,
      home: CASE_HOME,
      chooseCacheDir: (written) =>
        chooseCacheDir(written, { projectDir: CASE_DIR, home: CASE_HOME }, selected),
      ...(cluster?.ok ? { cluster: cluster.profile } : {}),
    },
  };
  return { around, findings: [...settings.findings, ...(cluster?.ok === false ? cluster.findings : [])] };
}

/** All findings of a case. */
export function judgeCase(given: SpecCase): readonly Finding[] {
  const { around, findings } = caseSurroundings(given);
  return [...findings, ...analyse(given.files['compose.yaml'] ?? '', around).findings];
}
