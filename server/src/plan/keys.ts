// Cache keys and file names, to the byte (cache contract, section 2). Changing any of this makes every cache a miss.
import { createHash } from 'node:crypto';
import type { Backend, ImageSource, PreparePlan } from '../model/plan.ts';

/** Hex SHA-256 over the parts in order, each as UTF-8 followed by one zero byte. */
export function hashParts(parts: readonly string[]): string {
  const preimage = parts.map((part) => `${part}\0`).join('');
  return createHash('sha256').update(preimage, 'utf8').digest('hex');
}

/** Keeps `[A-Za-z0-9_-]`; every other code point becomes `_`. */
export function fileToken(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/gu, '_');
}

/** Full key of a base image. The backend is not part of it. */
export function baseKey(reference: string, toolVersion: string): string {
  return hashParts(['base', reference, toolVersion]);
}

/** File name of a base image: 16 digits of the key, the last path segment of the reference, the backend's extension. */
export function baseFileName(key: string, reference: string, backend: Backend): string {
  const label = reference.slice(reference.lastIndexOf('/') + 1).replaceAll(':', '-');
  return `${key.slice(0, 16)}-${fileToken(label)}.${remoteExtension(backend)}`;
}

export interface PreparedKeyParts {
  readonly toolVersion: string;
  readonly backend: Backend;
  readonly source: ImageSource;
  /** `sha256:…` of a local image file. */
  readonly fingerprint?: string;
  readonly prepare: Pick<PreparePlan, 'commands' | 'mounts' | 'env' | 'root'>;
}

/** Full key of a prepared image. Sections have no separators: interoperation needs the ambiguity. */
export function preparedKey(parts: PreparedKeyParts): string {
  const { toolVersion, backend, source, fingerprint, prepare } = parts;
  return hashParts([
    'prepared',
    toolVersion,
    backend,
    ...sourceParts(source, fingerprint),
    ...prepare.commands,
    ...prepare.mounts,
    ...prepare.env,
    `root=${prepare.root}`,
  ]);
}

/** File name of a prepared image. */
export function preparedFileName(
  key: string,
  service: string,
  source: ImageSource,
  backend: Backend,
): string {
  const extension = source.kind === 'remote' ? remoteExtension(backend) : localExtension(source);
  return `${key.slice(0, 16)}-${fileToken(service)}.${extension}`;
}

export type StagedSegment = 'datasets' | 'models' | 'source';

/** The 16-digit key of a staged input. The tool version is not part of it. */
export function stagedKey(segment: StagedSegment, uri: string, revision: string | null): string {
  return hashParts(['staged-input', segment, uri, revision ?? '']).slice(0, 16);
}

/** Fingerprint that stands for a local image that cannot be read. */
export const FINGERPRINT_UNAVAILABLE = 'sha256:unavailable';

function sourceParts(source: ImageSource, fingerprint: string | undefined): readonly string[] {
  if (source.kind === 'remote') return [source.reference];
  if (source.kind === 'host') return ['host'];
  return [source.path, fingerprint ?? FINGERPRINT_UNAVAILABLE];
}

function remoteExtension(backend: Backend): string {
  return backend === 'pyxis' ? 'sqsh' : backend === 'host' ? 'host' : 'sif';
}

function localExtension(source: ImageSource): string {
  return source.kind === 'local-sif' ? 'sif' : source.kind === 'local-sqsh' ? 'sqsh' : 'host';
}
