// What the setup command and the setup page read and write: one profile of `.hpc-compose/settings.toml`.

/** Fields of one profile. Absent: leave as it is. Null: clear it. */
export interface SetupChange {
  compose_file?: string | null;
  env_files?: string[] | null;
  /** Replaces the whole table; a value shown as `<redacted>` stays what it is. */
  env?: Record<string, string> | null;
  binaries?: Record<string, string> | null;
  cache_dir?: string | null;
  login_host?: string | null;
  login_user?: string | null;
  /** Of the file, not of the profile. */
  default_profile?: string | null;
}

/** One profile as written, secret values masked. */
export interface SetupProfile {
  profile: string;
  default_profile: string | null;
  compose_file: string | null;
  env_files: string[];
  env: Record<string, string>;
  /** All known executables; null: not set. */
  binaries: Record<string, string | null>;
  cache_dir: string | null;
  login_host: string | null;
  login_user: string | null;
}

export interface SetupState extends SetupProfile {
  schema_version: 1;
  /** Where setup writes. */
  settings_path: string;
  exists: boolean;
  profiles: string[];
  /** Of the defaults: what a new profile starts with. */
  default_compose_file: string | null;
  /** The file that commands read from here, when it is another one. */
  read_path: string | null;
}

export interface SetupResult extends SetupProfile {
  schema_version: 1;
  settings_path: string;
  warnings: string[];
}
