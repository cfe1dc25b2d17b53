// Records by which a job tells others where its service listens, and what people see of them. JSON forms as in the cache contract, section 8.

/** One record file, keys in the order written. */
export interface RendezvousRecord {
  schema_version: number;
  name: string;
  job_id: string;
  service: string | null;
  host: string;
  port: number;
  protocol: string;
  path: string | null;
  url: string;
  /** Seconds since the epoch. */
  registered_at: number;
  ttl_seconds: number;
  cache_dir: string;
  metadata: Record<string, string>;
}

/** elsewhere: written for another spelling of the cache directory, hence hidden from clients. */
export type RendezvousStateWord = 'live' | 'expired' | 'elsewhere' | 'damaged';

/** One record file as the view shows it. */
export interface RendezvousEntry {
  name: string;
  file: string;
  /** True for the file that clients read. */
  latest: boolean;
  state: RendezvousStateWord;
  /** Seconds since the epoch; null for damaged files. */
  expires_at: number | null;
  record: RendezvousRecord | null;
  problem?: string;
}

export interface RendezvousState {
  schema_version: 1;
  cache_dir: string;
  entries: RendezvousEntry[];
}

export interface RendezvousPruneResult {
  schema_version: 1;
  cache_dir: string;
  removed: string[];
  failed: { path: string; code: string }[];
}
