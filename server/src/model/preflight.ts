// The report of preflight: what stands in the way of a run, each with a remedy (cache contract, section 10), and the evidence
// about the cache directory's file system.

export interface PreflightItem {
  level: 'ok' | 'warn' | 'error';
  message: string;
  remediation: string | null;
}

/** memory: gone after a reboot; local: one machine's disk; network: other machines can mount it; unknown: cannot be told. */
export type FileSystemReach = 'memory' | 'local' | 'network' | 'unknown';

export interface PathEvidence {
  path: string;
  /** Where links lead; of the nearest existing ancestor plus the rest, when the path does not exist yet. */
  real_path: string;
  exists: boolean;
  mount_point: string | null;
  fs_type: string | null;
  reach: FileSystemReach;
  read_only: boolean;
  /** Bytes free to this user. */
  free_bytes: number | null;
  free_inodes: number | null;
}

export interface PreflightReport {
  schema_version: 1;
  summary: {
    blockers: number;
    actionable_warnings: number;
    contextual_warnings: number;
    passed_checks: number;
  };
  blockers: PreflightItem[];
  actionable_warnings: PreflightItem[];
  /** Not wrong here, but perhaps on the cluster. */
  contextual_warnings: PreflightItem[];
  passed_checks: PreflightItem[];
  evidence: PathEvidence;
}
