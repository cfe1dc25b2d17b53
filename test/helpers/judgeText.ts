// Judges a text in memory: no disk, no environment but HOME; one resource profile called `big`.
import { judgeSpec, type Judgement } from '../../server/src/spec/judgeSpec.ts';
import type { SpecFiles } from '../../server/src/spec/files.ts';
import { resolveHostPath } from '../../server/src/spec/grammar/localPath.ts';
import { readClusterProfile } from '../../server/src/spec/rules/clusterProfile.ts';
import { layerVariables } from '../../server/src/spec/variables.ts';

export const SPEC_FILE = '/p/compose.yaml';

/** The judgement of a spec at /p/compose.yaml; `others` are further files by absolute path. */
export function judgeText(text: string, others: Readonly<Record<string, string>> = {}): Judgement {
  const files: SpecFiles = {
    read: (path) => {
      const known = others[path];
      return known === undefined ? { kind: 'missing' } : { kind: 'text', text: known };
    },
  };
  const cluster = others['/p/.hpc-compose/cluster.toml'];
  const profile = cluster === undefined ? undefined : readClusterProfile(cluster, 'cluster.toml');
  return judgeSpec(text, {
    file: SPEC_FILE,
    files,
    variables: layerVariables({ specPath: SPEC_FILE, layers: [], env: { HOME: '/home/me' }, files }),
    userHome: '/home/me',
    resourceProfiles: new Map([['big', { nodes: 2 }]]),
    lint: {
      projectDir: '/p',
      home: '/home/me',
      chooseCacheDir: (written) =>
        written === undefined
          ? { path: '/home/me/.cache/hpc-compose', source: 'builtin' }
          : { path: resolveHostPath(written, '/p', '/home/me'), source: 'spec', raw: written },
      ...(profile?.ok ? { cluster: profile.profile } : {}),
    },
  });
}
