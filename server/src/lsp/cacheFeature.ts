// Everything about images in the editor: looking, preparing, pruning, lenses. The parts share one board.
import { nodeLocalRootOf } from '../spec/grammar/localPath.ts';
import { verifyInBackground } from '../core/background.ts';
import { changePins } from '../core/pins.ts';
import type {
  CacheParams,
  ExplainResult,
  ListParams,
  InspectParams,
  PinParams,
  VerifyAnswer,
  VerifyParams,
} from '../model/protocol.ts';
import type { CacheState, InspectResult } from '../model/cache.ts';
import { OperationFailure } from '../model/failure.ts';
import { putCacheDir } from '../spec/lint/cachePath.ts';
import { CacheBoard } from './cacheBoard.ts';
import { type CacheLooks, startLooks } from './cacheLooks.ts';
import { rangeOf } from './diagnosticOf.ts';
import { onOwnRequest } from './guarded.ts';
import { JsonText } from './jsonText.ts';
import { registerLenses } from './lensFeature.ts';
import { registerPrepare } from './prepareFeature.ts';
import { registerPrune } from './pruneFeature.ts';
import type { Feature, ServerContext } from './serverContext.ts';
import { registerServerCommands } from './serverCommands.ts';
import { sharedDirectories } from './sharedDirectories.ts';
import { choicesFor, planOf, requireTrust } from './specPlans.ts';
import { registerWords } from './wordsFeature.ts';

/** Registers the requests `hpcCompose/cache/…`, `hpcCompose/prepare`, `hpcCompose/prune/…` the code lenses, hover and completion. */
export const cacheFeature: Feature = (context) => {
  const { connection, log } = context;
  const board = new CacheBoard();
  const looks = startLooks(context, board);
  onOwnRequest(connection, log, 'hpcCompose/cache/list', (params, signal) =>
    list(context, looks, params, signal),
  );
  const textOf = rememberText();
  onOwnRequest(connection, log, 'hpcCompose/cache/inspect', async (params, signal) => {
    const found = await inspect(context, board, looks, params, signal);
    return params.service === undefined ? textOf(found) : found;
  });
  onOwnRequest(connection, log, 'hpcCompose/cache/explain', (params, signal) =>
    explain(context, params, signal),
  );
  onOwnRequest(connection, log, 'hpcCompose/cache/pin', (params) => pin(context, looks, params));
  onOwnRequest(connection, log, 'hpcCompose/cache/verify', (params) => verify(context, params));
  const prepare = registerPrepare(context, board, looks);
  registerPrune(context, looks);
  const lenses = registerLenses(context, board);
  const words = registerWords(context, board);
  const commands = registerServerCommands(context, prepare, (uri, signal) =>
    inspect(context, board, looks, { uri }, signal),
  );
  return {
    capabilities: { ...lenses.capabilities, ...words.capabilities, ...commands.capabilities },
    dispose: () => {
      looks.dispose();
      lenses.dispose?.();
    },
  };
};

async function list(
  context: ServerContext,
  looks: CacheLooks,
  { uri, cacheDir, ...page }: ListParams,
  signal: AbortSignal,
): Promise<CacheState | JsonText<CacheState>> {
  requireTrust(context);
  const place = cacheDir ?? (await planOf(context, required(uri), signal)).plan.cacheDir.path;
  return looks.list(place, page);
}

async function pin(
  context: ServerContext,
  looks: CacheLooks,
  { cacheDir, paths, pinned }: PinParams,
): Promise<string[]> {
  requireTrust(context);
  const { ports } = await choicesFor(context, undefined);
  const changed = await changePins(cacheDir, paths, pinned, ports);
  await looks.tell(cacheDir);
  return changed;
}

async function verify(context: ServerContext, { cacheDir, paths }: VerifyParams): Promise<VerifyAnswer> {
  requireTrust(context);
  const { ports } = await choicesFor(context, undefined);
  const { checked, problems } = await verifyInBackground(cacheDir, paths, ports);
  const wanted = new Set(paths);
  return { checked, problems: problems.filter(({ path }) => wanted.has(path)) };
}

async function inspect(
  context: ServerContext,
  board: CacheBoard,
  looks: CacheLooks,
  { uri, service }: InspectParams,
  signal: AbortSignal,
): Promise<InspectResult> {
  const document = required(uri);
  const { plan, ports } = await planOf(context, document, signal);
  const look = await looks.lookAt(plan, ports);
  const { inspected } = look;
  board.putLook(document, look);
  if (service === undefined) return inspected;
  return {
    ...inspected,
    services: inspected.services.filter(({ service_name }) => service_name === service),
  };
}

/** Answers that are given again and again, written once. */
function rememberText(): (found: InspectResult) => JsonText<InspectResult> {
  const texts = new WeakMap<InspectResult, JsonText<InspectResult>>();
  return (found) => {
    const text = texts.get(found) ?? new JsonText([Buffer.from(JSON.stringify(found))]);
    texts.set(found, text);
    return text;
  };
}

async function explain(
  context: ServerContext,
  { uri }: CacheParams,
  signal: AbortSignal,
): Promise<ExplainResult> {
  const { plan, choices, ports } = await planOf(context, required(uri), signal);
  const candidates = await sharedDirectories(ports.env, choices);
  const choice = plan.cacheDir;
  return {
    choice,
    unsafeRoot: nodeLocalRootOf(choice.path) ?? null,
    candidates: candidates.map(({ path }) => path).filter((path) => path !== choice.path),
    place: placeIn(context, required(uri)),
  };
}

const SAMPLE = '/CACHE-DIRECTORY';

/** Where the text takes a new value: found by asking for the edit of a sample value. */
function placeIn(context: ServerContext, uri: string): ExplainResult['place'] {
  const document = context.documents.get(uri);
  if (!document) return null;
  const text = document.text.getText();
  const root = context.treeOf(document);
  const edit = root?.kind === 'map' ? putCacheDir(root, SAMPLE, () => text)[0] : undefined;
  if (!edit) return null;
  const [before = '', after = ''] = edit.newText.split(SAMPLE);
  return { range: rangeOf(edit.span, document), before, after };
}

function required(uri: string | undefined): string {
  if (uri === undefined) throw new OperationFailure('usage', { cause: 'The request names no spec (uri).' });
  return uri;
}
