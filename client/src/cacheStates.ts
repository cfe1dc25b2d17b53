// What the window knows of the caches: one state per cache directory, read through the server, never from disk here.
import * as vscode from 'vscode';
import { endAll, type Lifetime } from './lifetime.ts';
import type { CacheState } from '../../server/src/model/cache.ts';
import { RequestFailure, type Request } from './cacheClient.ts';
import type { Server } from './server.ts';
import type { SpecDocuments } from './specDocuments.ts';

/** Why there is nothing to show; the names are those of the welcome texts in package.json. */
export type EmptyReason =
  'noSpec' | 'loading' | 'empty' | 'missing' | 'unreadable' | 'unreachable' | 'specErrors' | 'serverDown';

export interface CacheStates extends Lifetime {
  /** Known states, the one of the current spec first. */
  all(): readonly CacheState[];
  emptyReason(): EmptyReason;
  /** Directories that were looked at, also those with nothing in them. */
  directories(): readonly string[];
  /** Reads all known caches again. Never rejects; a failure becomes the empty reason and a log line. */
  refresh(): Promise<void>;
  readonly onDidChange: vscode.Event<void>;
}

const PATIENCE_MS = 5000;
/** Entries a message: bigger ones hold up what people type meanwhile. */
const PAGE = 2000;

/** Holds the states; `refresh` asks for every open and every formerly seen spec. */
export function createCacheStates(
  server: Server,
  request: Request,
  documents: SpecDocuments,
  log: vscode.LogOutputChannel,
): CacheStates {
  const changed = new vscode.EventEmitter<void>();
  let states: readonly CacheState[] = [];
  let failure: EmptyReason = 'noSpec';
  const reading: { now?: Promise<void>; again: boolean } = { again: false };
  const askedAgain = () => reading.again;

  const set = (next: readonly CacheState[], reason: EmptyReason) => {
    states = next;
    failure = reason;
    changed.fire();
    for (const state of next) if (state.next !== undefined) void complete(state);
  };
  // The first page is shown at once; the others come one by one and are shown together.
  const complete = async (first: CacheState) => {
    const whole = await restOf(first, request).catch(() => undefined);
    if (!whole || !states.includes(first)) return;
    states = states.with(states.indexOf(first), whole);
    changed.fire();
  };
  const read = async () => {
    const specs = documents.known();
    if (specs.length === 0 || !vscode.workspace.isTrusted) {
      set([], 'noSpec');
      return;
    }
    if (states.length === 0) set([], 'loading');
    const answers = await Promise.all(specs.map((uri) => listOne(uri, request, documents, log)));
    const found = answers.filter((answer): answer is CacheState => typeof answer === 'object');
    const reason = answers.find((answer) => typeof answer === 'string');
    set(mergeStates(found), reason ?? 'noSpec');
  };
  const readUntilQuiet = async () => {
    do {
      reading.again = false;
      await read().catch((error: unknown) => {
        log.error(String(error));
        set([], 'serverDown');
      });
    } while (askedAgain());
    delete reading.now;
  };
  const refresh = () => {
    reading.again = reading.now !== undefined;
    reading.now ??= readUntilQuiet();
    return reading.now;
  };
  const pushed = server.onCacheChange((state) => {
    const others = states.filter((one) => one.cache_dir !== state.cache_dir);
    const at = states.findIndex((one) => one.cache_dir === state.cache_dir);
    set(at < 0 ? [...states, state] : others.toSpliced(at, 0, state), failure);
  });
  return {
    all: () => states.filter((state) => state.entries.length + state.problems.length > 0),
    emptyReason: () => (states[0] === undefined ? failure : states[0].exists ? 'empty' : 'missing'),
    directories: () => states.map((state) => state.cache_dir),
    refresh,
    onDidChange: changed.event,
    dispose: () => endAll(changed, pushed),
  };
}

async function listOne(
  uri: vscode.Uri,
  request: Request,
  documents: SpecDocuments,
  log: vscode.LogOutputChannel,
): Promise<CacheState | EmptyReason | undefined> {
  const source = new vscode.CancellationTokenSource();
  const timer = setTimeout(() => source.cancel(), PATIENCE_MS);
  try {
    return await request('hpcCompose/cache/list', { uri: uri.toString(), limit: PAGE }, source.token);
  } catch (error) {
    if (error instanceof vscode.CancellationError) return 'unreachable';
    if (!(error instanceof RequestFailure)) throw error;
    log.debug(`${uri.fsPath}: ${error.message}`);
    if (!(await isGone(uri))) return reasonOf(error);
    documents.forget(uri);
    return undefined;
  } finally {
    clearTimeout(timer);
    source.dispose();
  }
}

/** The whole state of which `first` is the first page. Undefined when the server has read another one meanwhile. */
async function restOf(first: CacheState, request: Request): Promise<CacheState | undefined> {
  const { next: start, ...whole } = first;
  const entries = [...first.entries];
  for (let offset = start; offset !== undefined;) {
    const source = new vscode.CancellationTokenSource();
    const params = { cacheDir: first.cache_dir, limit: PAGE, offset };
    const page = await request('hpcCompose/cache/list', params, source.token);
    entries.push(...page.entries);
    if (page.totals.entries !== first.totals.entries) return undefined;
    offset = page.next;
  }
  return { ...whole, entries };
}

function reasonOf(error: RequestFailure): EmptyReason {
  switch (error.code) {
    case 'cache-missing':
      return 'missing';
    case 'spec-invalid':
    case 'spec-surroundings':
    case 'settings-invalid':
      return 'specErrors';
    case 'stale-handle':
      return 'unreachable';
    default:
      return 'unreadable';
  }
}

async function isGone(uri: vscode.Uri): Promise<boolean> {
  if (uri.scheme !== 'file') return false;
  try {
    await vscode.workspace.fs.stat(uri);
    return false;
  } catch {
    return true;
  }
}

function mergeStates(states: readonly CacheState[]): CacheState[] {
  return [...new Map(states.map((state) => [state.cache_dir, state])).values()];
}
