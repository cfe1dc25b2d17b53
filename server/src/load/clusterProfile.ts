// The cluster profile that a spec is judged against: the nearest one at or above its folder.
import { joinPath, parentPath } from '../model/paths.ts';
import type { SpecFiles } from '../spec/files.ts';
import type { ClusterProfileResult } from '../spec/rules/clusterProfile.ts';

const CLUSTER_PATH = '.hpc-compose/cluster.toml';

/** What `read` says of the nearest profile's text and path; undefined where there is none, or none is read yet. */
export function nearestClusterProfile(
  specPath: string,
  files: SpecFiles,
  read: (text: string, file: string) => ClusterProfileResult,
): ClusterProfileResult | undefined {
  for (let directory = parentPath(specPath); ; directory = parentPath(directory)) {
    const file = joinPath(directory, CLUSTER_PATH);
    const state = files.read(file);
    if (state.kind === 'text') return read(state.text, file);
    if (directory === '/' || directory === '') return undefined;
  }
}
