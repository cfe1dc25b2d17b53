// The manifest that entries without one are shown with.
import { basename } from 'node:path';
import type { EntryKind, Manifest } from '../model/cache.ts';

/** What stands for the manifest of an entry that has none. */
export function emptyManifest(kind: EntryKind, artifactPath: string): Manifest {
  return {
    kind,
    artifact_path: artifactPath,
    service_names: [],
    cache_key: /^[0-9a-f]{16}(?=-)/.exec(basename(artifactPath))?.[0] ?? '',
    source_image: '',
    registry: null,
    prepare_commands: [],
    prepare_env: [],
    prepare_root: null,
    prepare_mounts: [],
    force_rebuild_due_to_mounts: false,
    created_at: 0,
    last_used_at: 0,
    tool_version: '',
  };
}
