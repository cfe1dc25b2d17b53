// Plans of specs as they were made last, with all that went into each: the same plan is given again only while every file that
// was read still says the same. For a server, where the same spec is asked about many times.
import { realpath } from 'node:fs/promises';
import { DETECTED_VERSION } from '../model/plan.ts';
import type { FileState, SpecFiles } from '../spec/files.ts';
import { createDiskFiles } from './diskFiles.ts';
import { createFingerprints } from './fingerprints.ts';
import { loadPlan, type LoadedPlan, type LoadOptions } from './loadPlan.ts';

/** Plans of this many specs are kept, of those that were asked about last: each holds the tree of its spec. */
const KEPT = 2;

export interface PlanMemory {
  /** loadPlan, or what it gave last. What hangs on more than files and options (local images, a tool's version) is loaded each time. */
  readonly load: (options: LoadOptions) => Promise<LoadedPlan>;
  /** Lets go of the plan of a spec: nobody will ask for it soon. */
  readonly forget: (specPath: string) => void;
}

interface Remembered {
  /** False: it hangs on more than files and options. */
  readonly isKept: boolean;
  readonly options: LoadOptions;
  /** Where links led from the spec's path. */
  readonly place: string;
  readonly files: ReadonlyMap<string, FileState>;
  readonly loaded: LoadedPlan;
}

/** loadPlan with a memory. */
export function createPlanMemory(): PlanMemory {
  const memory = new Map<string, Remembered>();
  const loadRemembered: PlanMemory['load'] = async (options) => {
    const { specPath } = options;
    if (specPath === undefined || options.files || options.toolVersion === DETECTED_VERSION)
      return await loadPlan(options);
    const place = await placeOf(specPath);
    const last = memory.get(specPath);
    memory.delete(specPath);
    const found = last && isSame(last, options, place) ? last : await load(options, place);
    if (found.isKept) remember(memory, specPath, found);
    return found.loaded;
  };
  return { load: loadRemembered, forget: (specPath) => void memory.delete(specPath) };
}

async function load(options: LoadOptions, place: string): Promise<Remembered> {
  const files = new Map<string, FileState>();
  const images = countedFingerprints();
  const loaded = await loadPlan({ ...options, files: recorded(files), fingerprints: images });
  return { isKept: images.asked() === 0, options, place, files, loaded };
}

function remember(memory: Map<string, Remembered>, specPath: string, found: Remembered): void {
  memory.set(specPath, found);
  for (const oldest of [...memory.keys()].slice(0, -KEPT)) memory.delete(oldest);
}

function isSame({ options, place, files }: Remembered, now: LoadOptions, placeNow: string): boolean {
  return (
    place === placeNow &&
    isEqual(plainOf(now), plainOf(options)) &&
    isEqual(now.env, options.env) &&
    saySame(files)
  );
}

/** However a text is analysed, the result is the same. */
function plainOf(options: LoadOptions): Values {
  return { ...options, env: undefined, signal: undefined, analyse: undefined };
}

type Values = Readonly<Record<string, unknown>>;

/** The same values; what is undefined may be absent. */
function isEqual(left: Values, right: Values): boolean {
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every((name) => left[name] === right[name]);
}

function saySame(files: ReadonlyMap<string, FileState>): boolean {
  const disk = createDiskFiles();
  return [...files].every(([path, before]) => {
    const now = disk.read(path);
    return now.kind === before.kind && contentOf(now) === contentOf(before);
  });
}

function contentOf(state: FileState): string {
  if (state.kind === 'text') return state.text;
  return state.kind === 'unreadable' ? state.reason : '';
}

function recorded(files: Map<string, FileState>): SpecFiles {
  const disk = createDiskFiles();
  return {
    read: (path) => {
      const state = disk.read(path);
      files.set(path, state);
      return state;
    },
  };
}

function countedFingerprints() {
  const fingerprints = createFingerprints();
  let count = 0;
  return {
    asked: () => count,
    of: (path: string, signal?: AbortSignal) => {
      count++;
      return fingerprints.of(path, signal);
    },
  };
}

async function placeOf(specPath: string): Promise<string> {
  return await realpath(specPath).catch(() => '');
}
