// rootfs acquire and rootfs exec: from an image to its tree, and to a command that runs in it.
import { decideCache, withEnvironment } from '../model/containerOptions.ts';
import { RootfsFailure, type RootfsAcquired } from '../model/rootfs.ts';
import { acquireRootfs, type RootfsHandle } from '../core/rootfs/acquireRootfs.ts';
import { execRootfs } from '../core/rootfs/execRootfs.ts';
import { findEnroot } from '../core/rootfs/runEnroot.ts';
import { runAttached } from '../core/process.ts';
import { lastValue, UsageError, type Arguments, type CommandContext } from './command.ts';
import { collectFor, printJson, sizeText, withRootfs, type RootfsRun } from './rootfsContext.ts';

/** `rootfs acquire IMAGE`. */
export function acquireCommand(context: CommandContext, args: Arguments): Promise<number> {
  return withRootfs(context, args, async (run) => {
    if (args.positionals.length > 1)
      throw new UsageError(`unexpected argument '${args.positionals[1] ?? ''}'`);
    const handle = await acquire(run);
    try {
      const result = acquired(handle);
      if (run.format === 'json') await printJson(result, context);
      else await context.out(acquiredText(result));
      return 0;
    } finally {
      handle.release();
    }
  });
}

/** `rootfs exec IMAGE -- COMMAND…`. */
export function execCommand(context: CommandContext, args: Arguments): Promise<number> {
  return withRootfs(context, args, async (run) => {
    if (args.switches.has('rw'))
      throw new RootfsFailure('E_OPTION', { cause: 'A cached rootfs is never started writable (--rw).' });
    const handle = await acquire(run);
    try {
      const enroot = findEnroot(lastValue(args, 'enroot-bin'), context.env);
      const request = { enroot, options: startOptions(args), argv: args.positionals.slice(1) };
      return await execRootfs(handle, request, runAttached, run.ports);
    } finally {
      handle.release();
    }
  });
}

function startOptions(args: Arguments): string[] {
  const repeated = (flag: string) => (args.values[flag] ?? []).flatMap((value) => [`--${flag}`, value]);
  const root = args.switches.has('root') ? ['--root'] : [];
  return [...root, ...repeated('conf'), ...repeated('mount'), ...repeated('env')];
}

async function acquire(run: RootfsRun): Promise<RootfsHandle> {
  const { args, context, settings, ports } = run;
  const image = imageOf(run);
  return await acquireRootfs(
    image,
    {
      settings,
      cwd: context.cwd,
      enroot: lastValue(args, 'enroot-bin'),
      useForecast: !args.switches.has('no-forecast'),
      offline: args.switches.has('offline'),
      sha256: lastValue(args, 'sha256'),
      collect: collectFor(run),
      signal: context.signal,
      onPhase: (phase, forecast) => {
        context.say(`[rootfs] ${image}: ${phase}${forecast ? ` (up to ${sizeText(forecast.bytes)})` : ''}`);
      },
      onLine: (line) => {
        context.log.info(line);
      },
    },
    ports,
  );
}

/** The image, once the options that a step was given allow the cache at all. */
function imageOf({ args, context, base }: RootfsRun): string {
  const given = args.positionals[0];
  const options = withEnvironment(
    {
      cache: true,
      image: given,
      save: lastValue(args, 'container-save'),
      writable: args.switches.has('container-writable') ? true : undefined,
      name: lastValue(args, 'container-name'),
      base,
    },
    context.env,
  );
  const { conflict, ignoredName } = decideCache(options);
  if (conflict?.kind === 'no-image') throw new UsageError(conflict.message);
  if (conflict) throw new RootfsFailure('E_OPTION', { cause: `${conflict.message}.` });
  if (ignoredName !== undefined)
    context.say(`note: the container name '${ignoredName}' is not used; the cache has names of its own`);
  return options.image ?? '';
}

function acquired(handle: RootfsHandle): RootfsAcquired {
  const { name, path, hit, createMs, metadata } = handle;
  const { bytes, inodes, createdAt } = metadata;
  return { schema_version: 1, name, path, hit, bytes, inodes, created_at: createdAt, create_ms: createMs };
}

function acquiredText({ name, path, hit, bytes, inodes, create_ms }: RootfsAcquired): string {
  const how = hit ? 'reused' : `unpacked in ${(create_ms / 1000).toFixed(1)} s`;
  return `${name} ${how}: ${sizeText(bytes)}, ${inodes} files\n${path}\n`;
}
