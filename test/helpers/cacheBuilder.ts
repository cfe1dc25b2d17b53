// Builds small caches on disk in the exact form of the cache contract, for tests of scan, list, inspect and prune.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EntryKind, Manifest } from '../../server/src/model/cache.ts';
import type { CachePlan, ServicePlan } from '../../server/src/model/plan.ts';

export const VERSION = '0.2.3';

/** A folder of its own for one test, canonical. Remove it with `removeFolder`. */
export function makeFolder(): string {
  return fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hpc-cache-')));
}

export function removeFolder(folder: string): void {
  fs.rmSync(folder, { recursive: true, force: true });
}

/** Hex SHA-256 over the parts, each followed by a zero byte. */
export function keyOf(...parts: readonly string[]): string {
  return createHash('sha256')
    .update(parts.map((part) => `${part}\0`).join(''))
    .digest('hex');
}

export interface ImageOptions extends Partial<Manifest> {
  /** Bytes of the artifact; 0 for an empty one, undefined for 4096. */
  readonly size?: number;
  /** false: no artifact. */
  readonly artifact?: boolean;
  readonly locks?: boolean;
}

/** Makes the folders that prepare makes. */
export function makeCache(cacheDir: string): string {
  for (const name of ['base', 'prepared', 'datasets', 'models', 'enroot/cache', 'enroot/data', 'enroot/tmp'])
    fs.mkdirSync(path.join(cacheDir, name), { recursive: true });
  return cacheDir;
}

/** Adds an imported image. Gives its path. */
export function addBase(cacheDir: string, reference: string, options: ImageOptions = {}): string {
  const key = keyOf('base', reference, options.tool_version ?? VERSION);
  const label = reference
    .slice(reference.lastIndexOf('/') + 1)
    .replaceAll(':', '-')
    .replace(/[^\w-]/g, '_');
  return addImage(cacheDir, 'base', `${key.slice(0, 16)}-${label}.sqsh`, {
    cache_key: key,
    source_image: reference,
    registry: 'registry-1.docker.io',
    ...options,
  });
}

/** Adds a prepared image of one service. Gives its path. */
export function addPrepared(cacheDir: string, service: string, options: ImageOptions = {}): string {
  const {
    prepare_commands = [`echo ${service}`],
    prepare_env = [],
    source_image = 'docker://redis:7',
  } = options;
  const version = options.tool_version ?? VERSION;
  const key = keyOf(
    'prepared',
    version,
    'pyxis',
    source_image,
    ...prepare_commands,
    ...prepare_env,
    'root=true',
  );
  return addImage(cacheDir, 'prepared', `${key.slice(0, 16)}-${service.replace(/[^\w-]/g, '_')}.sqsh`, {
    service_names: [service],
    cache_key: key,
    source_image,
    registry: 'registry-1.docker.io',
    prepare_commands,
    prepare_env,
    prepare_root: true,
    ...options,
  });
}

function addImage(cacheDir: string, kind: EntryKind, name: string, options: ImageOptions): string {
  const { size = 4096, artifact = true, locks = true, ...manifest } = options;
  const folder = path.join(cacheDir, kind);
  const file = path.join(folder, name);
  fs.mkdirSync(folder, { recursive: true });
  if (artifact) fs.writeFileSync(file, Buffer.alloc(size, 'x'));
  fs.writeFileSync(
    `${file}.json`,
    manifestText({ ...manifest, kind, artifact_path: manifest.artifact_path ?? file }),
  );
  if (locks)
    for (const lock of ['.json.lock', '.build.lock']) fs.writeFileSync(file + lock, '', { mode: 0o600 });
  return file;
}

/** Adds a staged directory with its sidecar. Gives its path. */
export function addStaged(
  cacheDir: string,
  kind: 'dataset' | 'model' | 'source',
  uri: string,
  options: Partial<Manifest> = {},
): string {
  const segment = kind === 'source' ? 'source' : `${kind}s`;
  const revision = options.revision ?? 'abcdef0';
  const key = keyOf('staged-input', segment, uri, revision).slice(0, 16);
  const directory = path.join(cacheDir, segment, key);
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, 'data.bin'), Buffer.alloc(8192, 'd'));
  fs.writeFileSync(
    `${directory}.${kind}.json`,
    manifestText({
      kind,
      artifact_path: directory,
      cache_key: key,
      source_image: uri,
      uri,
      revision,
      ...options,
    }),
  );
  return directory;
}

/** Text of a manifest as hpc-compose writes it. */
export function manifestText(manifest: Partial<Manifest>): string {
  const { uri, revision, content_digest, ...rest } = manifest;
  const now = Math.floor(Date.now() / 1000);
  const ordered = {
    kind: 'base',
    artifact_path: '',
    service_names: [],
    cache_key: '',
    source_image: '',
    registry: null,
    prepare_commands: [],
    prepare_env: [],
    prepare_root: null,
    prepare_mounts: [],
    force_rebuild_due_to_mounts: false,
    created_at: now,
    last_used_at: now,
    tool_version: VERSION,
    ...rest,
    ...(uri === undefined ? {} : { uri }),
    ...(revision === undefined ? {} : { revision }),
    ...(content_digest === undefined ? {} : { content_digest }),
  };
  return JSON.stringify(ordered, null, 2);
}

export interface ServiceOptions {
  readonly commands?: readonly string[];
  readonly env?: readonly string[];
  readonly mounts?: readonly string[];
  readonly prepare?: boolean;
}

/** Plan of one remote service, as the plan room would make it. */
export function planService(
  cacheDir: string,
  name: string,
  reference: string,
  options: ServiceOptions = {},
): ServicePlan {
  const baseKey = keyOf('base', reference, VERSION);
  const label = reference
    .slice(reference.lastIndexOf('/') + 1)
    .replaceAll(':', '-')
    .replace(/[^\w-]/g, '_');
  const basePath = path.join(cacheDir, 'base', `${baseKey.slice(0, 16)}-${label}.sqsh`);
  const base = { kind: 'base', path: basePath, manifestPath: `${basePath}.json`, key: baseKey } as const;
  const common = {
    name,
    source: { kind: 'remote', reference, registry: 'registry-1.docker.io' },
    sourceImage: reference,
    base,
    baseInputs: [
      { input: 'image', value: reference },
      { input: 'tool version', value: VERSION },
    ],
  } as const;
  if (options.prepare === false) return { ...common, runtimePath: basePath, preparedInputs: [] };
  const { commands = [`echo ${name}`], env = [], mounts = [] } = options;
  const key = keyOf('prepared', VERSION, 'pyxis', reference, ...commands, ...mounts, ...env, 'root=true');
  const file = path.join(cacheDir, 'prepared', `${key.slice(0, 16)}-${name.replace(/[^\w-]/g, '_')}.sqsh`);
  return {
    ...common,
    prepared: { kind: 'prepared', path: file, manifestPath: `${file}.json`, key },
    prepare: { commands, mounts, env, root: true, forceRebuild: mounts.length > 0 },
    runtimePath: file,
    preparedInputs: [
      { input: 'image', value: reference },
      { input: 'tool version', value: VERSION },
      { input: 'backend', value: 'pyxis' },
      ...commands.map((value, index) => ({ input: `command ${index + 1}`, value })),
      ...mounts.map((value, index) => ({ input: `mount ${index + 1}`, value })),
      ...env.map((entry) => variableInput(entry)),
      { input: 'root', value: 'true' },
    ],
  };
}

function variableInput(entry: string) {
  const [name = '', value = ''] = entry.split('=');
  const digest = createHash('sha256').update(value).digest('hex').slice(0, 8);
  return { input: `variable ${name}`, value: name.includes('TOKEN') ? `<redacted> ${digest}` : value };
}

export function planOf(
  cacheDir: string,
  services: readonly ServicePlan[],
  specPath = '/specs/compose.yaml',
): CachePlan {
  return {
    specPath,
    projectDir: path.dirname(specPath),
    backend: 'pyxis',
    cacheDir: { path: cacheDir, source: 'spec' },
    toolVersion: VERSION,
    services,
    stagedInputs: [],
    secretValues: [],
    binaries: {},
  };
}

/** A log that says nothing. */
export const silentLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function nothing(): void {
  // On purpose.
}
