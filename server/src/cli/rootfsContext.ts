// What every rootfs command begins with: settings from flags and plugstack, the effects, and how failures are printed.
import { hostname } from 'node:os';
import { RootfsFailure, type RootfsGcResult } from '../model/rootfs.ts';
import { collectGarbage } from '../core/rootfs/collectGarbage.ts';
import { coordinateGc } from '../core/rootfs/coordinateGc.ts';
import { DEFAULT_PLUGSTACK, loadPlugstack } from '../core/rootfs/plugstackFiles.ts';
import { rootfsPorts, type RootfsPorts, type SelfCommand } from '../core/rootfs/rootfsPorts.ts';
import { readRootfsSettings, type RootfsSettings } from '../core/rootfs/settings.ts';
import type { Incoming } from '../core/rootfs/watermark.ts';
import { realPorts } from '../core/ports.ts';
import { formatOf, lastValue, UsageError, type Arguments, type CommandContext } from './command.ts';

declare const __PRODUCT_VERSION__: string | undefined;

export interface RootfsRun {
  readonly settings: RootfsSettings;
  readonly base: string;
  readonly ports: RootfsPorts;
  readonly format: 'text' | 'json';
  readonly context: CommandContext;
  readonly args: Arguments;
}

/** Flag -> setting of the same meaning. */
const SETTING_FLAGS: Readonly<Record<string, string>> = {
  base: 'base',
  high: 'gcHigh',
  low: 'gcLow',
  'max-bytes': 'maxBytes',
  'min-free': 'minFreeBytes',
  'min-age': 'minAge',
  'foreign-min-age': 'foreignMinAge',
  'max-age': 'maxAge',
  'inode-high': 'inodeHigh',
  'inode-low': 'inodeLow',
  'usage-formula': 'usageFormula',
  fairness: 'fairness',
  futile: 'futile',
  'key-scheme': 'keyScheme',
  'lock-timeout': 'lockTimeout',
  'build-timeout': 'buildTimeout',
  'max-processors': 'maxProcessors',
  nice: 'nice',
};

/** Runs a command's body; failures of the cache are printed with their code in the wanted format, exit 1. */
export async function withRootfs(
  context: CommandContext,
  args: Arguments,
  body: (run: RootfsRun) => Promise<number>,
): Promise<number> {
  const format = formatOf(args);
  const ports = systemPorts(context);
  const { settings, base } = readSettings(args);
  try {
    return await body({ settings, base, ports, format, context, args });
  } catch (error) {
    if (!(error instanceof RootfsFailure)) throw error;
    return await printFailure(error, format, context);
  }
}

/** The effects of this process. */
export function systemPorts(context: CommandContext): RootfsPorts {
  const version = typeof __PRODUCT_VERSION__ === 'string' ? __PRODUCT_VERSION__ : '0.0.0';
  const uid = process.geteuid?.() ?? -1;
  return rootfsPorts(realPorts(context.log, context.env), {
    uid,
    host: hostname(),
    version,
    self: selfCommand(),
  });
}

function readSettings(args: Arguments): { settings: RootfsSettings; base: string } {
  const raw: Record<string, unknown> = {};
  for (const [flag, key] of Object.entries(SETTING_FLAGS)) raw[key] = lastValue(args, flag);
  if (args.switches.has('no-sync')) raw.syncOnPublish = false;
  if (args.switches.has('allow-network-fs')) raw.allowNetworkFs = true;
  const path = lastValue(args, 'plugstack') ?? DEFAULT_PLUGSTACK;
  const { settings, problems } = readRootfsSettings(raw, loadPlugstack(path));
  const error = problems.find(({ severity }) => severity === 'error');
  if (error) throw new UsageError(error.message);
  if (settings.base === undefined)
    throw new UsageError(`name the cache root with --base DIR, or container_cache_data_path in ${path}`);
  return { settings, base: settings.base };
}

async function printFailure(
  error: RootfsFailure,
  format: 'text' | 'json',
  context: CommandContext,
): Promise<number> {
  const { rootfsCode: code, message, hint } = error;
  if (format === 'json') await printJson({ schema_version: 1, error: { code, message, hint } }, context);
  context.log.error(`error: ${code}: ${message}\nhint: ${hint}`);
  return 1;
}

/** Prints one JSON value. */
export async function printJson(value: unknown, context: CommandContext): Promise<void> {
  await context.out(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** How this very program is started again. */
export function selfCommand(): SelfCommand {
  return { command: process.execPath, args: [...process.execArgv, process.argv[1] ?? ''] };
}

/** Makes room for a build: among all users as root, else among our own entries. */
export function collectFor({
  settings,
  base,
  ports,
  context,
}: RootfsRun): (incoming: Incoming, exclude: string) => Promise<RootfsGcResult> {
  return async (incoming, exclude) => {
    const request = { settings, base, incoming, exclude: [exclude], trigger: 'acquire' };
    return ports.uid === 0
      ? await coordinateGc(request, { self: selfCommand(), signal: context.signal }, ports)
      : await collectGarbage(request, { wait: 10, signal: context.signal }, ports);
  };
}

/** `682.0 MiB`; `-` when it is not known. */
export function sizeText(bytes: number | null): string {
  if (bytes === null) return '-';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}
