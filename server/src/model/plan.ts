// What one spec asks of the cache, as a value: made by the plan room, carried out by the core, never holding YAML.

export type Backend = 'pyxis' | 'apptainer' | 'singularity' | 'host';

/** Version mixed into every image key. A cache is shared only between tools that hash the same one. */
export const DEFAULT_TOOL_VERSION = '0.2.3';

/** Word that stands for the version of the `hpc-compose` on PATH. */
export const DETECTED_VERSION = 'detected';

/** Where the effective cache directory came from, strongest first. */
export type CacheDirSource = 'spec' | 'profile' | 'defaults' | 'builtin' | 'argument';

export interface CacheDirChoice {
  /** Lexically normalised path in the spelling that keys and manifests use. */
  readonly path: string;
  readonly source: CacheDirSource;
  /** The text before expansion, for messages. */
  readonly raw?: string;
  /** Settings file that holds the value, when `source` is `profile` or `defaults`. */
  readonly settingsFile?: string;
  readonly profile?: string;
}

export type ImageSource =
  | { readonly kind: 'remote'; readonly reference: string; readonly registry: string }
  | { readonly kind: 'local-sqsh' | 'local-sif'; readonly path: string }
  | { readonly kind: 'host' };

/** An image file in the cache: `path` plus its permanent siblings `.json`, `.json.lock` and `.build.lock`. */
export interface ImageArtifact {
  readonly kind: 'base' | 'prepared';
  readonly path: string;
  readonly manifestPath: string;
  /** 64 lower-case hex digits. */
  readonly key: string;
}

export interface PreparePlan {
  readonly commands: readonly string[];
  /** Normalised `host:container[:mode]` strings, as hashed. */
  readonly mounts: readonly string[];
  /** `NAME=value`, resolved; values may be secret. */
  readonly env: readonly string[];
  readonly root: boolean;
  /** Any mount makes every prepare rebuild. */
  readonly forceRebuild: boolean;
}

/** One part of a key's preimage, named for people: "why was this rebuilt" compares two lists of these. */
export interface KeyInput {
  readonly input: string;
  readonly value: string;
}

export interface ServicePlan {
  readonly name: string;
  readonly source: ImageSource;
  /** What the manifest and `inspect` call the source: normalised reference, local path or `host`. */
  readonly sourceImage: string;
  readonly base?: ImageArtifact;
  readonly prepared?: ImageArtifact;
  readonly prepare?: PreparePlan;
  /** Image that a job starts from: prepared, else base, else the local file, else the empty string (host). */
  readonly runtimePath: string;
  readonly baseInputs: readonly KeyInput[];
  readonly preparedInputs: readonly KeyInput[];
}

export interface StagedInput {
  readonly kind: 'dataset' | 'model' | 'source';
  readonly path: string;
  /** 16 hex digits. */
  readonly key: string;
  readonly uri: string;
  readonly revision: string | null;
}

/** Programs that may be chosen in settings or by flags. */
export type ToolName = 'enroot' | 'apptainer' | 'singularity' | 'srun' | 'sbatch' | 'scancel' | 'scontrol';

export interface CachePlan {
  /** Absolute path of the spec as given, or its document URI. */
  readonly specPath: string;
  readonly projectDir: string;
  readonly backend: Backend;
  readonly cacheDir: CacheDirChoice;
  /** Unexpanded scratch directory for prepare and where it came from; absent: `<cache>/enroot/tmp`. */
  readonly enrootTempDir?: string;
  readonly toolVersion: string;
  /** Dependencies first, then byte order of names. */
  readonly services: readonly ServicePlan[];
  readonly stagedInputs: readonly StagedInput[];
  /** Values that must be masked wherever people or logs see text (section 13 of the spec contract). */
  readonly secretValues: readonly string[];
  /** Executables chosen in settings (`binaries` tables), by name. */
  readonly binaries: Readonly<Partial<Record<ToolName, string>>>;
}
