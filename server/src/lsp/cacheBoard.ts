// What the server knows of caches without asking the disk: the last look per document, running prepares, last failures.
// Requests and lenses share it; the truth stays on disk, and every look replaces what is here.
import { Emitter, type Event } from 'vscode-languageserver';
import type { CacheSummary, InspectResult, PrepareProgress } from '../model/cache.ts';
import type { PackedState } from '../core/packed/packedState.ts';
import type { HeaderState, ServiceState } from '../language/lensState.ts';

/** What one look at a document's cache found. */
export interface Look {
  readonly inspected: InspectResult;
  readonly cacheDir: string;
  /** Bytes on disk of the images that are there, by path. */
  readonly sizes: ReadonlyMap<string, number>;
}

export type Trouble = 'unreachable' | 'spec-errors' | 'unsaved';

interface Entry {
  look?: Look;
  trouble?: Trouble;
  readonly running: Map<string, PrepareProgress>;
  readonly failed: Map<string, { at: number; message: string }>;
}

/** A cache without its entries: those are on disk, and too many to be kept. */
interface KnownCache {
  readonly summary: CacheSummary;
  readonly images: () => readonly string[];
}

export class CacheBoard {
  private readonly documents = new Map<string, Entry>();
  private readonly caches = new Map<string, KnownCache>();
  private readonly changed = new Emitter<void>();

  /** Fires when a lens may say something else. */
  readonly onDidChange: Event<void> = this.changed.event;

  /** Keeps what a look found; a look that failed keeps the last one and says so only when there is none. */
  putLook(uri: string, look: Look | Trouble): void {
    const entry = this.entry(uri);
    if (typeof look === 'string') entry.trouble = look;
    else if (entry.look?.inspected === look.inspected && entry.trouble === undefined) return;
    else {
      entry.look = look;
      delete entry.trouble;
    }
    this.changed.fire();
  }

  putCache({ summary, sources }: Omit<PackedState, 'pieces'>): void {
    this.caches.set(summary.cache_dir, { summary, images: once(() => imagesIn(sources)) });
    this.changed.fire();
  }

  /** Keeps the last step of a running prepare; `done` and `failed` end it. */
  putStep(uri: string, step: PrepareProgress, now: number): void {
    const { running, failed } = this.entry(uri);
    failed.delete(step.service);
    if (step.phase === 'done' || step.phase === 'failed') running.delete(step.service);
    else running.set(step.service, step);
    if (step.phase === 'failed') failed.set(step.service, { at: now, message: step.message });
    this.changed.fire();
  }

  /** Nothing is running for the document any more. */
  endPrepare(uri: string): void {
    this.entry(uri).running.clear();
    this.changed.fire();
  }

  forget(uri: string): void {
    this.documents.delete(uri);
  }

  lookOf(uri: string): Look | undefined {
    return this.documents.get(uri)?.look;
  }

  /** The cache that the document's last look went to, when it was listed since. */
  cacheOf(uri: string): CacheSummary | undefined {
    return this.knownCache(this.documents.get(uri))?.summary;
  }

  /** Names of the images in that cache, sorted, as a spec would write them. */
  imagesOf(uri: string): readonly string[] {
    return this.knownCache(this.documents.get(uri))?.images() ?? [];
  }

  headerOf(uri: string, budget: number | undefined): HeaderState {
    const entry = this.documents.get(uri);
    const cache = this.knownCache(entry)?.summary;
    if (cache) return { kind: 'listed', cache, budget };
    return { kind: entry?.trouble ?? 'unknown' };
  }

  stateOf(uri: string, service: string): ServiceState {
    const entry = this.documents.get(uri);
    const step = entry?.running.get(service);
    if (step) return { kind: 'running', step };
    const failure = entry?.failed.get(service);
    if (failure) return { kind: 'failed', ...failure };
    const found = entry?.look?.inspected.services.find(({ service_name }) => service_name === service);
    if (found) {
      const bytes = entry?.look?.sizes.get(found.runtime_artifact.path);
      return { kind: 'inspected', service: found, bytes };
    }
    return { kind: entry?.trouble ?? 'unknown' };
  }

  private knownCache(entry: Entry | undefined): KnownCache | undefined {
    return entry?.look && this.caches.get(entry.look.cacheDir);
  }

  private entry(uri: string): Entry {
    const known = this.documents.get(uri);
    if (known) return known;
    const made: Entry = { running: new Map(), failed: new Map() };
    this.documents.set(uri, made);
    return made;
  }
}

function imagesIn(sources: string): string[] {
  const images = sources.split('\n').map((source) => source.replace(/^docker:\/\//, ''));
  return [...new Set(images)].filter((image) => image !== '' && !image.startsWith('/')).sort();
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
