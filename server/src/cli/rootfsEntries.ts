// rootfs verify, pin and unpin: what people say of single entries, by name or by image.
import { RootfsFailure } from '../model/rootfs.ts';
import { ownLayout } from '../core/rootfs/acquireRootfs.ts';
import { checkBase, checkUserDirectories, ensureUserDirectories } from '../core/rootfs/checkDirectories.ts';
import { parseRootfsName } from '../core/rootfs/names.ts';
import { changePins, isPinned } from '../core/rootfs/pins.ts';
import { imageWords } from '../core/rootfs/identifyImage.ts';
import { scanInSlices } from '../core/rootfs/scanRootfs.ts';
import type { ScannedItem } from '../core/rootfs/scanUser.ts';
import { verifyRootfs, type Verdict } from '../core/rootfs/verifyRootfs.ts';
import { UsageError, type Arguments, type CommandContext } from './command.ts';
import { printJson, withRootfs, type RootfsRun } from './rootfsContext.ts';

/** `rootfs verify [NAME|IMAGE…]`. Exit 1 when anything is missing from an entry. */
export function verifyCommand(context: CommandContext, args: Arguments): Promise<number> {
  return withRootfs(context, args, async (run) => {
    checkBase(run.base, run.settings.allowNetworkFs, run.ports);
    const layout = ownLayout(run.settings, run.ports);
    const verdicts: Verdict[] = [];
    for (const name of checkUserDirectories(layout) ? await namesOf(run) : [])
      verdicts.push(await verifyRootfs(layout, name));
    if (run.format === 'json') await printJson({ schema_version: 1, entries: verdicts }, context);
    else await context.out(verdicts.map(({ name, problem }) => `${name}: ${problem ?? 'ok'}\n`).join(''));
    return verdicts.every(({ ok }) => ok) ? 0 : 1;
  });
}

/** Own entries that the words name; all of them without words. Throws E_NOT_FOUND. */
async function namesOf({ args, context, ports, base, settings }: RootfsRun): Promise<string[]> {
  const host = settings.allowNetworkFs ? ports.host : undefined;
  const items: ScannedItem[] = [];
  await scanInSlices({ base, host, uids: [ports.uid] }, (step) => {
    if (step.kind === 'entry' && step.problem === undefined) items.push(step);
  });
  if (args.positionals.length === 0) return items.map(({ name }) => name);
  return args.positionals.flatMap((word) => {
    if (parseRootfsName(word)) return [word];
    const words = new Set(imageWords(word, context.cwd));
    const found = items.filter(({ name, record }) => isPinned(words, name, record));
    if (found.length === 0) throw new RootfsFailure('E_NOT_FOUND', { name: word, path: base });
    return found.map(({ name }) => name);
  });
}

/** `rootfs pin NAME|IMAGE…`. */
export function pinCommand(context: CommandContext, args: Arguments): Promise<number> {
  return changeCommand(context, args, (words) => ({ add: words.map((all) => all.at(-1) ?? '') }));
}

/** `rootfs unpin NAME|IMAGE…`. */
export function unpinCommand(context: CommandContext, args: Arguments): Promise<number> {
  return changeCommand(context, args, (words) => ({ remove: words.flat() }));
}

type Change = { add: string[] } | { remove: string[] };

/** Names and images alike; an image file is known by its real path, so that pins survive another spelling. */
function changeCommand(
  context: CommandContext,
  args: Arguments,
  changeOf: (words: readonly (readonly string[])[]) => Change,
): Promise<number> {
  if (args.positionals.length === 0) return Promise.reject(new UsageError('name an entry or an image'));
  return withRootfs(context, args, async (run) => {
    checkBase(run.base, run.settings.allowNetworkFs, run.ports);
    const layout = ownLayout(run.settings, run.ports);
    ensureUserDirectories(layout);
    const change = changeOf(args.positionals.map((word) => imageWords(word, context.cwd)));
    const pinned = await changePins(layout, change, run.ports);
    if (run.format === 'json') await printJson({ schema_version: 1, pinned }, context);
    else await context.out(pinned.map((word) => `${word}\n`).join(''));
    return 0;
  });
}
