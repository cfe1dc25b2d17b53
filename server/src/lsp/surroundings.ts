// What a document is judged against: `.env`, settings, bases, secrets, the cluster profile, the environment. Files are read in
// the background, so that a hung mount never stops a keystroke; when one arrives, the documents are judged again.
import { access, constants } from 'node:fs/promises';
import { createBackgroundFiles } from '../load/backgroundFiles.ts';
import { selectSettings, settingsLayers } from '../load/selectSettings.ts';
import { userHomeOf } from '../load/userHome.ts';
import { isAtOrBelow, joinPath, parentPath } from '../model/paths.ts';
import { chooseCacheDir } from '../plan/cacheDir.ts';
import type { SelectedSettings } from '../plan/settings.ts';
import type { Surroundings } from '../spec/analyse.ts';
import type { SpecFiles } from '../spec/files.ts';
import { readClusterProfile, type ClusterProfile } from '../spec/rules/clusterProfile.ts';
import { layerVariables } from '../spec/variables.ts';
import type { OpenDocument } from './openDocuments.ts';

export interface SurroundingsSetup {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly trusted: boolean;
  readonly folders: readonly string[];
  /** Called when something that documents are judged against has changed. */
  readonly onChange: () => void;
}

export interface SurroundingsSource {
  /** What is known by now about one document. */
  of(document: OpenDocument): Surroundings;
  /** The settings in force for a document, as far as they are read. */
  settingsOf(document: OpenDocument): SelectedSettings | undefined;
  /** Looks at every file again that was read before. */
  recheck(): Promise<void>;
}

const CLUSTER_PATH = '.hpc-compose/cluster.toml';
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
  const settingsOf = (document: OpenDocument) =>
    selectSettings({ cwd: parentPath(document.path), files: port, userHome }).selected;
  return {
    settingsOf,
    of: (document) => {
      const { path } = document;
      const settings = settingsOf(document);
      const projectDir = parentPath(path);
      const { env } = setup;
      const cluster = clusterOf(path, port);
      return {
        file: path,
        files: port,
        variables: layerVariables({ specPath: path, layers: settingsLayers(settings), env, files: port }),
        userHome,
        missingSeverity,
        ...(settings ? { resourceProfiles: settings.settings.resourceProfiles } : {}),
        lint: {
          projectDir,
          home: env.HOME,
          chooseCacheDir: (written) => chooseCacheDir(written, { projectDir, home: env.HOME }, settings),
          ...(cluster ? { cluster } : {}),
        },
      };
    },
    recheck: async () => {
      if (await files.recheck()) setup.onChange();
    },
  };
}

/** In an untrusted workspace files outside of its folders are never looked at: nothing is said about them. */
function within(files: SpecFiles, folders: readonly string[]): SpecFiles {
  return {
    read: (path) =>
      folders.some((folder) => isAtOrBelow(path, folder)) ? files.read(path) : { kind: 'pending' },
  };
}

/** The cluster profile nearest above a spec, when it can be read. */
function clusterOf(path: string, files: SpecFiles): ClusterProfile | undefined {
  for (let directory = parentPath(path); ; directory = parentPath(directory)) {
    const file = joinPath(directory, CLUSTER_PATH);
    const state = files.read(file);
    if (state.kind === 'text') {
      const result = readClusterProfile(state.text, file);
      return result.ok ? result.profile : undefined;
    }
    if (directory === '/' || directory === '') return undefined;
  }
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
