// The directories that a spec names and that a machine can tell something about, with the places where they are written.
import type { CacheDirChoice } from '../../model/plan.ts';
import { resolveHostPath } from '../grammar/localPath.ts';
import { parseMount } from '../grammar/mount.ts';
import { valueOf, type MapNode } from '../node.ts';
import { below, count, entries, items, text, under, valueSpan, type Place } from '../rules/place.ts';
import { cacheDirSpan } from './cachePath.ts';
import type { EvidenceSubject } from './pathEvidence.ts';

export interface PathSubject {
  /** Absolute and normalised. */
  readonly path: string;
  readonly subject: EvidenceSubject;
}

export interface PathContext {
  /** Directory that relative host paths of the spec start from. */
  readonly projectDir: string;
  readonly home: string | undefined;
  readonly cacheDir: CacheDirChoice;
}

/** `cache_dir`, `enroot_temp_dir` and volumes of a merged and interpolated spec; nothing whose text is not known yet. */
export function pathSubjects(root: MapNode, context: PathContext): PathSubject[] {
  const slurm = under({ node: root, field: '' }, 'x-slurm');
  const services = entries({ node: valueOf(root, 'services') ?? root, field: 'services' });
  return [
    ...cacheSubject(root, slurm, context.cacheDir),
    ...tempSubject(under(slurm, 'enroot_temp_dir'), context),
    ...(valueOf(root, 'services') ? services.flatMap((service) => volumeSubjects(service, context)) : []),
  ];
}

/** Nodes of the job: 1 when the spec does not say. */
export function nodesOf(root: MapNode): number {
  return count(below({ node: root, field: '' }, 'x-slurm', 'nodes')) ?? 1;
}

function cacheSubject(root: MapNode, slurm: Place | undefined, choice: CacheDirChoice): PathSubject[] {
  const written = under(slurm, 'cache_dir');
  const isKnown = written === undefined || text(written) !== undefined;
  if (!isKnown || !choice.path.startsWith('/')) return [];
  const subject = { kind: 'cache', span: cacheDirSpan(root), field: 'x-slurm.cache_dir' } as const;
  return [{ path: choice.path, subject: written ? subject : { ...subject, implied: true } }];
}

function tempSubject(place: Place | undefined, { projectDir, home }: PathContext): PathSubject[] {
  const value = text(place);
  if (!place || value === undefined || value.trim() === '') return [];
  const subject = { kind: 'temp', span: valueSpan(place), field: place.field } as const;
  return [{ path: resolveHostPath(value, projectDir, home), subject }];
}

function volumeSubjects(
  service: Place & { readonly name: string },
  { projectDir, home }: PathContext,
): PathSubject[] {
  return items(under(service, 'volumes')).flatMap((item) => {
    const value = text(item);
    const mount = value === undefined ? undefined : parseMount(value);
    if (!mount?.ok) return [];
    const path = resolveHostPath(mount.value.host, projectDir, home);
    const subject = {
      kind: 'volume',
      span: item.node.span,
      field: item.field,
      service: service.name,
    } as const;
    return [{ path, subject }];
  });
}
