// What a block tells the rest of the spec, as plain values: enough for every rule over several blocks, and nothing more.
// Spans are those of the block's own tree; `Placed` says how far that tree was moved since.
import type { FindingFix, Span } from '../../model/finding.ts';
import type { Interval } from '../grammar/nodeRange.ts';
import type { Backend } from './check.ts';

/** A value and where it is written. */
export interface Fact<T> {
  readonly value: T;
  readonly span: Span;
  /** True when variables were put in: the text at the place is not the value. */
  readonly interpolated?: boolean;
}

/** A count; `broken` when something is written there that is no positive count: nothing can be said about it then. */
export type CountFact = Fact<number | 'broken'>;

export type CountKey =
  | 'nodes'
  | 'ntasks'
  | 'ntasks_per_node'
  | 'cpus_per_task'
  | 'gpus'
  | 'gpus_per_node'
  | 'gpus_per_task'
  | 'cpus_per_gpu';

export type Counts = Readonly<Partial<Record<CountKey, CountFact>>>;

export type Condition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

/** One edge of `depends_on`. */
export interface DependencyFact {
  readonly target: string;
  /** Undefined when the written condition is none of the three. */
  readonly condition: Condition | undefined;
  /** False when the condition is only assumed. */
  readonly explicit: boolean;
  /** The name of the target in the text. */
  readonly span: Span;
  /** Edits that write the assumed condition. `isWholeList`: they turn the list of all edges into a mapping. */
  readonly fix?: { readonly edits: FindingFix['edits']; readonly isWholeList: boolean };
}

export type ReadinessFact =
  | { readonly kind: 'sleep' | 'log' | 'unknown'; readonly span: Span }
  /** `isLocal`: the probe looks at the node that runs it. */
  | { readonly kind: 'tcp' | 'http'; readonly isLocal: boolean; readonly span: Span };

export type PlacementFact =
  | { readonly kind: 'broken' }
  | { readonly kind: 'share'; readonly target: Fact<string> }
  | {
      readonly kind: 'nodes';
      /** Exactly one of the three is there. */
      readonly range?: Fact<readonly Interval[]>;
      readonly count?: Fact<number>;
      readonly percent?: Fact<number>;
      readonly start?: Fact<number>;
      readonly exclude?: Fact<readonly Interval[]>;
      /** Places of the parts of `node_range` and `exclude`, for bounds. */
      readonly bounds: readonly Fact<number>[];
      readonly allowOverlap: boolean;
    };

export interface MountFact {
  readonly host: string;
  readonly container: string;
  readonly readOnly: boolean;
  readonly span: Span;
  /** Where `:ro` can be put in; absent when the text is not the value, or has a mode already. */
  readonly end?: number;
}

export interface ServiceFacts {
  readonly name: string;
  /** The service's key. */
  readonly span: Span;
  readonly dependencies: readonly DependencyFact[];
  readonly readiness?: ReadinessFact;
  readonly counts: Counts;
  /** Text of `gres`; undefined when absent or not known. */
  readonly gres?: Fact<string>;
  readonly memPerGpu?: Fact<string>;
  readonly timeLimit?: Fact<number>;
  readonly placement?: PlacementFact;
  /** Key `placement`, or the service's key. */
  readonly placementSpan: Span;
  readonly mpiType?: Fact<string>;
  readonly expectedRanks?: Fact<number>;
  /** Where `mode: ignore` is written: failures of the service do not fail the job. */
  readonly ignored?: Span;
  /** Remote image, for tags. */
  readonly image?: Fact<string>;
  /** Volumes and MPI binds, in this order. */
  readonly mounts: readonly MountFact[];
  readonly usesScratch: boolean;
  readonly registers?: Fact<string>;
  /** Names no image at all, so that nothing of pyxis may reach it. */
  readonly imageless?: true;
  /** Its container starts from the rootfs cache. */
  readonly cached?: true;
}

export interface RootFacts {
  /** `services` or `steps`; where findings about all services sit. */
  readonly servicesSpan: Span;
  readonly backend: Backend | undefined;
  readonly backendSpan?: Span;
  readonly cacheDirSpan?: Span;
  /** Key `x-slurm`, if any. */
  readonly slurmSpan?: Span;
  readonly counts: Counts;
  readonly gres?: Fact<string>;
  readonly mem?: Fact<string>;
  readonly memPerGpu?: Fact<string>;
  readonly partition?: Fact<string>;
  readonly qos?: Fact<string>;
  readonly constraint?: Fact<string>;
  readonly time?: Fact<number>;
  readonly scratch?: { readonly shared: boolean; readonly base?: Fact<string>; readonly span: Span };
  readonly discovers: readonly Fact<string>[];
  /** PYXIS_CONTAINER_CACHE switched on in `x-env.env`, for every step. */
  readonly cacheForAll?: Span;
  /** The image cache, written here, and the rootfs cache of the settings lie one inside the other. */
  readonly nestedCaches?:
    { readonly span: Span; readonly base: string; readonly cacheDir: string } | undefined;
}

/** Facts of a service whose block was moved by `shift` code units since they were read. */
export interface Placed {
  readonly facts: ServiceFacts;
  readonly shift: number;
}

/** A service as far as rules see it that read these facts of all services: what says nothing new to them, they need not read again. */
export interface PlacedWith<K extends keyof ServiceFacts> {
  readonly facts: Pick<ServiceFacts, K | 'name' | 'span'>;
  readonly shift: number;
}

/** A span of the facts where it stands now. */
export function movedSpan(span: Span, shift: number): Span {
  return shift === 0 ? span : { file: span.file, start: span.start + shift, end: span.end + shift };
}

/** Order of names as hpc-compose sorts them: by code point, which is the byte order of UTF-8. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (left === right) continue;
    // Surrogates stand for code points above every other unit.
    const [isHighLeft, isHighRight] = [isSurrogate(left), isSurrogate(right)];
    return isHighLeft === isHighRight ? left - right : isHighLeft ? 1 : -1;
  }
  return a.length - b.length;
}

/** By name, in the order of bytes. */
export function sortServices<S extends PlacedWith<never>>(services: readonly S[]): readonly S[] {
  return services.toSorted((a, b) => compareNames(a.facts.name, b.facts.name));
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
