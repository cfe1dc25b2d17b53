// What a document is judged against: `.env`, settings, bases, secrets, the cluster profile, the environment. Files are read in
// the background, so that a hung mount never stops a keystroke; when one arrives, the documents are judged again.
import { access, constants, realpath } from 'node:fs/promises';
import { createBackgroundFiles } from '../load/backgroundFiles.ts';
import { nearestClusterProfile } from '../load/clusterProfile.ts';
import { rememberReads } from '../load/rememberReads.ts';
import { selectSettings, settingsLayers } from '../load/selectSettings.ts';
import { userHomeOf } from '../load/userHome.ts';
import type { Finding } from '../model/finding.ts';
import { isAtOrBelow, joinPath, parentPath } from '../model/paths.ts';
import { chooseCacheDir } from '../plan/cacheDir.ts';
import type { SelectedSettings } from '../plan/settings.ts';
import type { Surroundings } from '../spec/analyse.ts';
import type { FileState, SpecFiles } from '../spec/files.ts';
import { readClusterProfile, type ClusterProfileResult } from '../spec/rules/clusterProfile.ts';
import { layerVariables, type Variables } from '../spec/variables.ts';
import type { OpenDocument } from './openDocuments.ts';
import type { RootfsRulesOf } from './rootfsRules.ts';

export interface SurroundingsSetup {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly trusted: boolean;
  readonly folders: readonly string[];
  /** Settings of the rootfs cache, as far as they are known. */
  readonly rootfsRulesOf?: RootfsRulesOf;
  /** Called when something that documents are judged against has changed. */
  readonly onChange: () => void;
}

export interface SurroundingsSource {
  /** What is known by now about one document. */
  of(document: OpenDocument): Surroundings;
  /** R003, R171: what is wrong with the settings and the cluster profile that a document is judged against. */
  problemsOf(document: OpenDocument): readonly Finding[];
  /** The settings in force for a document, as far as they are read. */
  settingsOf(document: OpenDocument): SelectedSettings | undefined;
  /** Looks at every file again that was read before. */
  recheck(): Promise<void>;
}

/** What files say beside a document. */
interface Basis {
  readonly selection: ReturnType<typeof selectSettings>;
  readonly variables: Variables;
  readonly cluster: ReturnType<typeof nearestClusterProfile>;
}

/** Programs of a machine where variables of jobs can be known. */
const CLUSTER_TOOLS = ['sbatch', 'enroot'];

/** Starts reading what documents need, one look at each file. */
export function createSurroundings(setup: SurroundingsSetup): SurroundingsSource {
  const files = createBackgroundFiles(setup.onChange);
  const port = setup.trusted ? files : within(files, setup.folders);
  const userHome = userHomeOf(setup.env);
  let missingSeverity: 'error' | 'warning' = 'warning';
  void isOnPath(CLUSTER_TOOLS, setup.env.PATH).then((found) => {
    if (!found) return;
    missingSeverity = 'error';
    setup.onChange();
  });
  const readProfile = rememberLast(readClusterProfile);
  const known = new WeakMap<OpenDocument, () => Basis>();
  const basisOf = (document: OpenDocument): Basis => {
    const basis = known.get(document) ?? rememberReads(port, (files) => readBasis(document.path, files));
    known.set(document, basis);
    return basis();
  };
  const readBasis = (path: string, files: SpecFiles): Basis => {
    const selection = selectSettings({ cwd: parentPath(path), files, userHome });
    const layers = settingsLayers(selection.selected);
    const variables = layerVariables({ specPath: path, layers, env: setup.env, files });
    return { selection, variables, cluster: nearestClusterProfile(path, files, readProfile) };
  };
  const realFolderOf = setup.trusted ? realFolders(setup.onChange) : parentPath;
  return {
    settingsOf: (document) => basisOf(document).selection.selected,
    problemsOf: (document) => {
      const { selection, cluster } = basisOf(document);
      return [...selection.findings, ...(cluster?.ok === false ? cluster.findings : [])];
    },
    of: (document) => {
      const { path } = document;
      const { selection, variables, cluster } = basisOf(document);
      const settings = selection.selected;
      const projectDir = realFolderOf(path);
      const home = setup.env.HOME;
      const rootfsCache = setup.rootfsRulesOf?.(document.uri);
      return {
        file: path,
        files: port,
        variables,
        userHome,
        missingSeverity,
        ...(rootfsCache ? { rootfsCache } : {}),
        ...(settings ? { resourceProfiles: settings.settings.resourceProfiles } : {}),
        lint: {
          projectDir,
          home,
          chooseCacheDir: (written) => chooseCacheDir(written, { projectDir, home }, settings),
          ...(cluster?.ok ? { cluster: cluster.profile } : {}),
        },
      };
    },
    recheck: async () => {
      if (await files.recheck()) setup.onChange();
    },
  };
}

const PENDING: FileState = { kind: 'pending' };

/** In an untrusted workspace files outside of its folders are never looked at: nothing is said about them. */
function within(files: SpecFiles, folders: readonly string[]): SpecFiles {
  return {
    read: (path) => (folders.some((folder) => isAtOrBelow(path, folder)) ? files.read(path) : PENDING),
  };
}

/**
 * The folder of the file that a spec's path leads to when links are followed: hpc-compose takes relative paths from there. Until
 * that is known, the folder of the path as given.
 */
function realFolders(onChange: () => void): (path: string) => string {
  const known = new Map<string, string>();
  return (path) => {
    const found = known.get(path);
    if (found !== undefined) return found;
    const given = parentPath(path);
    known.set(path, given);
    if (!path.startsWith('/')) return given;
    void realpath(path).then(
      (real) => {
        known.set(path, parentPath(real));
        if (parentPath(real) !== given) onChange();
      },
      // A spec that was never saved: the next look asks again.
      () => known.delete(path),
    );
    return given;
  };
}

/** Profiles can be long, and every keystroke asks. */
function rememberLast(read: typeof readClusterProfile): typeof readClusterProfile {
  let last: { text: string; file: string; result: ClusterProfileResult } | undefined;
  return (text, file) => {
    if (last?.text !== text || last.file !== file) last = { text, file, result: read(text, file) };
    return last.result;
  };
}

async function isOnPath(names: readonly string[], path: string | undefined): Promise<boolean> {
  const places = (path ?? '').split(':').flatMap((folder) => names.map((name) => joinPath(folder, name)));
  const looks = places.map((place) =>
    access(place, constants.X_OK).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(looks)).includes(true);
}
