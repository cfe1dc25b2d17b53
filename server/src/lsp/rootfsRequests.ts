// The requests `hpcCompose/rootfs/…`: unpacked images on the machine where the server runs. A plan is shown, confirmed and then
// applied as it is. Everything is done with the rights of the user who runs the editor, on that user's own entries.
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { acquireRootfs, ownLayout } from '../core/rootfs/acquireRootfs.ts';
import { checkBase, ensureUserDirectories } from '../core/rootfs/checkDirectories.ts';
import { collectGarbage } from '../core/rootfs/collectGarbage.ts';
import { ranLately } from '../core/rootfs/lastGc.ts';
import { changePins } from '../core/rootfs/pins.ts';
import { loadPlugstack } from '../core/rootfs/plugstackFiles.ts';
import { listInBackground, planInBackground } from '../core/rootfs/rootfsBackground.ts';
import { rootfsPorts, type RootfsPorts, type SelfCommand } from '../core/rootfs/rootfsPorts.ts';
import { readRootfsSettings, type RootfsSettings, type SettingProblem } from '../core/rootfs/settings.ts';
import type {
  RootfsAcquireParams,
  RootfsPinParams,
  RootfsPlanParams,
  RootfsState,
} from '../model/protocol.ts';
import type { RootfsAcquired, RootfsGcPlan, RootfsGcResult } from '../model/rootfs.ts';
import { OperationFailure } from '../model/failure.ts';
import { pinnedServices } from '../spec/rootfsPins.ts';
import { onOwnRequest } from './guarded.ts';
import type { Feature, ServerContext } from './serverContext.ts';
import { choicesFor, planOf, requireTrust } from './specPlans.ts';

declare const __PRODUCT_VERSION__: string | undefined;

/** Entries sent to an editor at most; the totals count all. */
const MOST_ENTRIES = 2000;

interface Configured {
  readonly settings: RootfsSettings;
  readonly base: string;
  readonly ports: RootfsPorts;
  readonly enroot: string | undefined;
}

/** Registers the requests. */
export const rootfsFeature: Feature = (context) => {
  const { connection, log } = context;
  onOwnRequest(connection, log, 'hpcCompose/rootfs/list', ({ uri }, signal) => list(context, uri, signal));
  onOwnRequest(connection, log, 'hpcCompose/rootfs/acquire', (params, signal) =>
    acquire(context, params, signal),
  );
  onOwnRequest(connection, log, 'hpcCompose/rootfs/gcPlan', (params, signal) =>
    plan(context, params, signal),
  );
  onOwnRequest(connection, log, 'hpcCompose/rootfs/gc', ({ plan: shown, uri }, signal) =>
    collect(context, uri, shown, signal),
  );
  onOwnRequest(connection, log, 'hpcCompose/rootfs/pin', (params) => pin(context, params));
  return {};
};

async function list(
  context: ServerContext,
  uri: string | undefined,
  signal: AbortSignal,
): Promise<RootfsState> {
  if (!context.trusted) return { configured: false, problems: [] };
  const { settings, problems } = await settingsFor(context, uri);
  const words = problems.map(({ message }) => message);
  if (settings.base === undefined) return { configured: false, problems: words };
  const ports = await portsFor(context, uri);
  const seen = await listInBackground(settings, settings.base, MOST_ENTRIES, ports, signal);
  return {
    configured: true,
    problems: words,
    host: hostname(),
    on_compute_node: ports.env.SLURM_JOB_ID !== undefined,
    hidden_entries: seen.hidden,
    list: seen.list,
  };
}

async function acquire(
  context: ServerContext,
  params: RootfsAcquireParams,
  signal: AbortSignal,
): Promise<RootfsAcquired> {
  const { settings, base, ports, enroot } = await configured(context, params.uri);
  const image = params.image ?? (await imageOf(context, params, signal));
  const handle = await acquireRootfs(
    image,
    {
      settings,
      cwd: '/',
      enroot,
      signal,
      collect: (incoming, exclude) =>
        collectGarbage(
          { settings, base, incoming, exclude: [exclude], trigger: 'acquire' },
          { wait: 10, signal },
          ports,
        ),
    },
    ports,
  );
  handle.release();
  const { name, path, hit, createMs, metadata } = handle;
  const { bytes, inodes, createdAt } = metadata;
  return { schema_version: 1, name, path, hit, bytes, inodes, created_at: createdAt, create_ms: createMs };
}

/** The image that a service's job starts from. */
async function imageOf(
  context: ServerContext,
  { uri, service }: RootfsAcquireParams,
  signal: AbortSignal,
): Promise<string> {
  if (uri === undefined || service === undefined)
    throw new OperationFailure('usage', { cause: 'The request names neither an image nor a service.' });
  const { plan: specPlan } = await planOf(context, uri, signal);
  const found = specPlan.services.find(({ name }) => name === service);
  if (found?.runtimePath) return found.runtimePath;
  throw new OperationFailure('usage', { cause: `The service ${service} has no image.` });
}

async function plan(
  context: ServerContext,
  { uri, names, maxBytes }: RootfsPlanParams,
  signal: AbortSignal,
): Promise<RootfsGcPlan> {
  const { settings, base, ports } = await configured(context, uri);
  const chosen = names !== undefined || maxBytes !== undefined;
  const wanted: RootfsSettings = {
    ...settings,
    ...(chosen ? { maxBytes: names ? 1 : (maxBytes ?? 0), futile: 'evict' as const } : {}),
    ...(names ? { minAge: 0, foreignMinAge: 0 } : {}),
  };
  const all = await planInBackground({ settings: wanted, base, uids: [ports.uid] }, ports, signal);
  return names ? onlyThese(all, new Set(names)) : all;
}

/** Eviction of chosen entries: the same plan, narrowed; nothing measured may stop it early. */
function onlyThese(all: RootfsGcPlan, names: ReadonlySet<string>): RootfsGcPlan {
  const wanted = all.would_evict.filter(({ name }) => names.has(name));
  const bytes = wanted.reduce((sum, victim) => sum + (victim.bytes ?? 0), 0);
  const ofThese = <T extends { name: string }>(list: readonly T[]) =>
    list.filter(({ name }) => names.has(name));
  return {
    ...all,
    would_evict: wanted,
    in_use: ofThese(all.in_use),
    skipped: ofThese(all.skipped),
    bytes,
    exceeded: [],
    need_bytes: bytes,
  };
}

async function collect(
  context: ServerContext,
  uri: string | undefined,
  shown: RootfsGcPlan,
  signal: AbortSignal,
): Promise<RootfsGcResult> {
  const { settings, base, ports } = await configured(context, uri);
  if (shown.base !== base) throw new OperationFailure('plan-stale', { path: shown.base });
  return await collectGarbage({ settings, base, trigger: 'editor' }, { plan: shown, signal }, ports);
}

async function pin(context: ServerContext, { uri, names, pinned }: RootfsPinParams): Promise<string[]> {
  const { settings, ports } = await configured(context, uri);
  checkBase(settings.base ?? '', settings.allowNetworkFs, ports);
  const layout = ownLayout(settings, ports);
  ensureUserDirectories(layout);
  return await changePins(layout, pinned ? { add: names } : { remove: names }, ports);
}

/** Throws untrusted, and usage when nothing is configured or a setting is wrong. */
async function configured(context: ServerContext, uri: string | undefined): Promise<Configured> {
  requireTrust(context);
  const { settings, problems } = await settingsFor(context, uri);
  if (settings.base === undefined) {
    const words = problems.find(({ severity }) => severity === 'error')?.message;
    throw new OperationFailure('usage', {
      cause: words ?? 'No rootfs cache is configured (hpcCompose.rootfsCache.base).',
    });
  }
  const { choices } = await choicesFor(context, uri);
  const ports = await portsFor(context, uri);
  return { settings, base: settings.base, ports, enroot: choices.enrootPath };
}

/** Settings over what the site says; images of services that a comment in an open spec pins count as pinned. */
async function settingsFor(
  context: ServerContext,
  uri: string | undefined,
): Promise<{ settings: RootfsSettings; problems: readonly SettingProblem[] }> {
  const raw = (await context.settings.read('rootfsCache', uri)) ?? context.options.rootfsCache;
  const record = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {};
  const { settings, problems } = readRootfsSettings(record, loadPlugstack());
  if (settings.base === undefined) return { settings, problems };
  return {
    settings: { ...settings, pinned: [...settings.pinned, ...(await imagesPinned(context))] },
    problems,
  };
}

/** What cannot be planned pins nothing. */
async function imagesPinned(context: ServerContext): Promise<string[]> {
  const never = new AbortController().signal;
  const found = context.documents.allSpecs().map(async ({ uri, text }) => {
    const names = new Set(pinnedServices(text.getText()));
    if (names.size === 0) return [];
    const { plan: specPlan } = await planOf(context, uri, never);
    const pinned = specPlan.services.filter(({ name }) => names.has(name));
    return pinned.flatMap(({ runtimePath }) => (runtimePath ? [runtimePath] : []));
  });
  const settled = await Promise.allSettled(found);
  return settled.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
}

/** A collection that nobody asked for: only where the cache is switched on, and never soon after another one. */
export async function collectByTimer(context: ServerContext): Promise<RootfsGcResult | undefined> {
  if (!context.trusted) return undefined;
  const { settings } = await settingsFor(context, undefined);
  if (!settings.enabled || settings.base === undefined) return undefined;
  const ports = await portsFor(context, undefined);
  if (ranLately(ownLayout(settings, ports), ports)) return undefined;
  return await collectGarbage({ settings, base: settings.base, trigger: 'timer' }, {}, ports);
}

async function portsFor(context: ServerContext, uri: string | undefined): Promise<RootfsPorts> {
  const { ports } = await choicesFor(context, uri);
  const version = typeof __PRODUCT_VERSION__ === 'string' ? __PRODUCT_VERSION__ : '0.0.0';
  return rootfsPorts(ports, { uid: process.geteuid?.() ?? -1, host: hostname(), version, ...shellDoor() });
}

/** The shell door beside the running bundle: it looks at other users' entries for root. None when running from source. */
function shellDoor(): { self?: SelfCommand } {
  if (import.meta.url.endsWith('.ts')) return {};
  return { self: { command: process.execPath, args: [fileURLToPath(new URL('./cli.js', import.meta.url))] } };
}
