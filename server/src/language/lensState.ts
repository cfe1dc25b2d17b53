// What a code lens says of a cache: from inspect results, list totals and a running prepare to one short text. Pure.
import type { CacheSummary, InspectService, PrepareProgress } from '../model/cache.ts';
import { formatAgo, formatBytes, type Units } from '../model/units.ts';

/** What is known of one service's image. */
export type ServiceState =
  | { readonly kind: 'unknown' | 'untrusted' | 'unreachable' | 'spec-errors' | 'unsaved' }
  | { readonly kind: 'inspected'; readonly service: InspectService; readonly bytes: number | undefined }
  | { readonly kind: 'running'; readonly step: PrepareProgress }
  | { readonly kind: 'failed'; readonly at: number; readonly message: string };

/** What is known of the cache as a whole. */
export type HeaderState =
  | { readonly kind: 'unknown' | 'untrusted' | 'unreachable' | 'spec-errors' | 'unsaved' }
  | { readonly kind: 'listed'; readonly cache: CacheSummary; readonly budget: number | undefined };

export interface LensStyle {
  readonly units: Units;
  /** Seconds since the epoch. */
  readonly now: number;
}

const PLAIN = {
  unknown: '$(circle-outline) looking at the cache…',
  untrusted: '$(question) state hidden in Restricted Mode',
  unreachable: '$(cloud-offline) cache not reachable',
  unsaved: '$(circle-outline) save the spec to see its state',
  'spec-errors': '$(circle-slash) state unknown: the spec has errors',
} as const;

/** Short words for phases whose messages name long paths. */
const DOING: Readonly<Partial<Record<PrepareProgress['phase'], string>>> = {
  import: 'importing',
  create: 'unpacking',
  export: 'exporting',
  publish: 'publishing',
};

/** The text of a service's state lens. */
export function serviceText(state: ServiceState, style: LensStyle): string {
  switch (state.kind) {
    case 'inspected':
      return inspectedText(state.service, state.bytes, style);
    case 'running':
      return runningText(state.step);
    case 'failed':
      return `$(error) failed ${formatAgo(state.at, style.now)}`;
    default:
      return PLAIN[state.kind];
  }
}

/** The text of the state lens over `services:`. */
export function headerText(state: HeaderState, style: LensStyle): string {
  if (state.kind !== 'listed') return PLAIN[state.kind];
  const { cache, budget } = state;
  const used = formatBytes(cache.totals.bytes, style.units);
  const over = budget !== undefined && cache.totals.bytes > budget;
  const size = budget === undefined ? used : `${used} of ${formatBytes(budget, style.units)}`;
  return `${over ? '$(warning)' : '$(database)'} ${size} · ${cache.cache_dir}`;
}

function inspectedText(service: InspectService, bytes: number | undefined, style: LensStyle): string {
  switch (service.current_reuse_expectation) {
    case 'cache hit':
      return hitText(service, bytes, style);
    case 'cache miss':
      return missText(service);
    case 'rebuild on prepare':
      return '$(history) rebuilds each prepare: mounts';
    case 'local image present':
      return '$(check) local image';
    case 'local image missing':
      return '$(error) local image does not exist';
    case 'host runtime':
      return '$(check) runs on the host: no image';
  }
}

function hitText(service: InspectService, bytes: number | undefined, style: LensStyle): string {
  const used = service.runtime_artifact.manifest?.last_used_at;
  const parts = [
    '$(check) cached',
    bytes === undefined ? '' : formatBytes(bytes, style.units),
    used === undefined ? '' : `used ${formatAgo(used, style.now)}`,
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function missText(service: InspectService): string {
  const changed = service.why.flatMap((one) => ('input' in one ? [one.input] : []));
  if (changed.length === 0) return '$(circle-outline) not prepared';
  const version = service.why.find((one) => 'input' in one && one.input === 'tool version');
  if (changed.length === 1 && version && 'input' in version) {
    return `$(warning) built by ${version.before}, tool is ${version.after}`;
  }
  const [first] = changed;
  const others = changed.length - 1;
  return `$(warning) stale: ${first ?? ''}${others > 0 ? ` and ${others} more` : ''} changed`;
}

function runningText(step: PrepareProgress): string {
  const percent = step.fraction === undefined ? '' : ` · ${Math.floor(step.fraction * 100)} %`;
  if (step.phase === 'waiting') return `$(lock) ${step.message}`;
  return `$(sync~spin) ${DOING[step.phase] ?? step.message}${percent}`;
}
