// RC001 to RC013: a service that asks for the cache of unpacked images, and what forbids or spoils it. Silent without such a
// wish, but for variables that pyxis ignores anyway. Source: rootfs contract, sections 1.2 and 3.
import { parsePyxisBoolean, splitName } from '../../model/containerOptions.ts';
import type { Finding, FindingFix, Span } from '../../model/finding.ts';
import type { RuleContext, Sink } from './check.ts';
import { sortServices, type PlacedWith, type RootFacts } from './facts.ts';
import { findingOf, quoted } from './finding.ts';
import { below, entries, items, text, under, valueSpan, type Place } from './place.ts';

/** What settings say of the cache; all of it may stay unknown. */
export interface RootfsRuleSettings {
  readonly enabled: boolean;
  readonly base?: string | undefined;
  readonly keyScheme: 'strict' | 'pr174';
  /** Bad settings: the directory (RC009) or a limit (RC010). */
  readonly problems: readonly { readonly code: 'RC009' | 'RC010'; readonly message: string }[];
  /** Whether the srun at hand lists `--container-cache`; asked only where a spec has the flag. Absent: there is none to ask. */
  readonly flagIsKnown?: () => boolean;
}

interface Variable {
  readonly name: string;
  readonly value: string;
  readonly place: Place;
}

interface Wish {
  /** Where the cache is asked for: a variable, a flag, or the service's key. */
  readonly place: Place;
  readonly flag: boolean;
}

const BOOLEANS = ['PYXIS_CONTAINER_CACHE', 'PYXIS_CONTAINER_WRITABLE', 'PYXIS_CONTAINER_READONLY'];

/** RC001-RC007, RC009-RC012 for one service. */
export function checkRootfsCache(service: Place, sink: Sink): void {
  const variables = readVariables(under(service, 'environment'));
  const flags = items(below(service, 'x-slurm', 'extra_srun_args'));
  checkBooleans(variables, sink);
  const { backend } = sink.context;
  const dataPath = variables.find(({ name }) => name === 'ENROOT_DATA_PATH');
  if (dataPath && backend === 'pyxis') sink.value('RC012', dataPath.place);
  const wish = findWish(service, variables, flags, sink.context);
  if (!wish) return;
  if (wish.flag && sink.context.rootfsCache?.flagIsKnown?.() !== true) sink.value('RC006', wish.place);
  checkImageOf(service, wish, sink);
  checkWritable(variables, flags, sink);
  checkSave(variables, flags, sink);
  checkName(variables, flags, sink);
  checkSettings(service, wish, sink);
}

/** Where `x-env.env` switches the cache on for every step; undefined when it does not. */
export function readInheritedCache(root: Place): Span | undefined {
  const variables = readVariables(below(root, 'x-env', 'env'));
  const found = variables.find(({ name }) => name === 'PYXIS_CONTAINER_CACHE');
  return found && parsePyxisBoolean(found.value) === true ? found.place.node.span : undefined;
}

/** RC008: the cache is on for every step, also for those without an image. */
export function checkInheritedCache(
  root: RootFacts,
  services: readonly PlacedWith<'imageless'>[],
): Finding[] {
  const { cacheForAll } = root;
  if (cacheForAll === undefined) return [];
  const imageless = sortServices(services.filter(({ facts }) => facts.imageless)).map(
    ({ facts }) => facts.name,
  );
  if (imageless.length === 0) return [];
  const words = { services: imageless.join(', ') };
  return [findingOf('RC008', { span: cacheForAll, field: 'x-env.env.PYXIS_CONTAINER_CACHE', words })];
}

/** True when a service's container starts from the cache: asked for by variable or flag, or switched on by the settings. */
export function wishesCache(service: Place, context: RuleContext): boolean {
  const flags = items(below(service, 'x-slurm', 'extra_srun_args'));
  return findWish(service, readVariables(under(service, 'environment')), flags, context) !== undefined;
}

/** Where the image cache and the rootfs cache lie one inside the other, for RC013. */
export function readCachesInEachOther(
  cacheDir: Place | undefined,
  { rootfsCache }: RuleContext,
): RootFacts['nestedCaches'] {
  const path = text(cacheDir);
  const base = rootfsCache?.base;
  if (!cacheDir || path === undefined || base === undefined) return undefined;
  if (!isInside(path, base) && !isInside(base, path)) return undefined;
  return { span: valueSpan(cacheDir), base, cacheDir: path };
}

/** RC013: once for the spec, at its cache directory, when any service starts from the rootfs cache. */
export function checkCachesInEachOther(
  { nestedCaches }: RootFacts,
  services: readonly PlacedWith<'cached'>[],
): Finding[] {
  if (!nestedCaches || !services.some(({ facts }) => facts.cached)) return [];
  const { span, base, cacheDir } = nestedCaches;
  return [findingOf('RC013', { span, field: 'x-slurm.cache_dir', words: { base, cacheDir } })];
}

function findWish(
  service: Place,
  variables: readonly Variable[],
  flags: readonly Place[],
  context: RuleContext,
): Wish | undefined {
  const flag = flags.find((item) => text(item) === '--container-cache');
  if (flag) return { place: flag, flag: true };
  const variable = variables.find(({ name }) => name === 'PYXIS_CONTAINER_CACHE');
  const asked = parsePyxisBoolean(variable?.value);
  if (variable && asked === true) return { place: variable.place, flag: false };
  const bySetting = context.rootfsCache?.enabled === true && asked === undefined;
  return bySetting && under(service, 'image') ? { place: service, flag: false } : undefined;
}

function checkBooleans(variables: readonly Variable[], sink: Sink): void {
  for (const { name, value, place } of variables) {
    if (!BOOLEANS.includes(name) || parsePyxisBoolean(value) !== undefined) continue;
    const meant = guessBoolean(value);
    const fixes = meant === undefined ? [] : replaceFix(place, name, meant);
    sink.value('RC007', place, { words: { name, value: quoted(value) }, fixes });
  }
}

function guessBoolean(value: string): string | undefined {
  if (/^(true|yes|y|on|enabled?)$/i.test(value.trim())) return '1';
  return /^(false|no|n|off|disabled?)$/i.test(value.trim()) ? '0' : undefined;
}

function checkImageOf(service: Place, wish: Wish, sink: Sink): void {
  const { backend } = sink.context;
  if (backend !== undefined && backend !== 'pyxis') {
    sink.value('RC001', wish.place, { variant: 'backend', words: { backend } });
    return;
  }
  if (!under(service, 'image')) sink.value('RC001', wish.place);
}

function checkWritable(variables: readonly Variable[], flags: readonly Place[], sink: Sink): void {
  const flag = flags.find((item) => text(item) === '--container-writable');
  if (flag) {
    sink.value('RC002', flag, { fixes: removeFix(flag, sink) });
    return;
  }
  const variable = variables.find(
    ({ name, value }) =>
      (name === 'PYXIS_CONTAINER_WRITABLE' && parsePyxisBoolean(value) === true) ||
      (name === 'PYXIS_CONTAINER_READONLY' && parsePyxisBoolean(value) === false),
  );
  if (!variable) return;
  const readOnly = variable.name === 'PYXIS_CONTAINER_WRITABLE' ? '0' : '1';
  sink.value('RC002', variable.place, { fixes: replaceFix(variable.place, variable.name, readOnly) });
}

function checkSave(variables: readonly Variable[], flags: readonly Place[], sink: Sink): void {
  const flag = flags.find((item) => /^--container-save(=|$)/.test(text(item) ?? ''));
  if (flag) {
    sink.value('RC003', flag, { fixes: removeFix(flag, sink) });
    return;
  }
  const variable = variables.find(({ name, value }) => name === 'PYXIS_CONTAINER_SAVE' && value !== '');
  if (variable) sink.value('RC003', variable.place);
}

function checkName(variables: readonly Variable[], flags: readonly Place[], sink: Sink): void {
  const flag = flags.find((item) => text(item)?.startsWith('--container-name='));
  const variable = variables.find(({ name }) => name === 'PYXIS_CONTAINER_NAME');
  const place = flag ?? variable?.place;
  const { name, flag: mode } = splitName(
    flag ? text(flag)?.replace('--container-name=', '') : variable?.value,
  );
  if (!place || name === undefined) return;
  const fixes = flag ? removeFix(flag, sink) : [];
  if (mode !== undefined && mode !== 'auto') sink.value('RC004', place, { words: { flag: mode }, fixes });
  else sink.value('RC005', place, { words: { name }, fixes });
}

function checkSettings(service: Place, wish: Wish, sink: Sink): void {
  const settings = sink.context.rootfsCache;
  for (const { code, message } of settings?.problems ?? [])
    sink.value(code, wish.place, { words: { problem: message } });
  const image = under(service, 'image');
  const reference = text(image);
  if (settings?.keyScheme !== 'pr174' || !image || reference === undefined) return;
  if (/^[./]|\.(sqsh|sqfs|squashfs)$|@sha256:/.test(reference)) return;
  sink.value('RC011', image, { words: { tag: /:([^:/]+)$/.exec(reference)?.[1] ?? 'latest' } });
}

/** Variables of a mapping or of a list of NAME=value, as the job will see them. */
function readVariables(environment: Place | undefined): Variable[] {
  const mapped = entries(environment).flatMap((entry): Variable[] => {
    const value = scalarText(entry);
    return value === undefined ? [] : [{ name: entry.name, value, place: entry }];
  });
  const listed = items(environment).flatMap((item): Variable[] => {
    const value = text(item);
    const at = value?.indexOf('=') ?? -1;
    if (value === undefined || at < 0) return [];
    return [{ name: value.slice(0, at), value: value.slice(at + 1), place: item }];
  });
  return [...mapped, ...listed];
}

function scalarText(place: Place): string | undefined {
  const { node } = place;
  if (node.kind !== 'scalar' || node.unresolved || node.value === null) return undefined;
  return String(node.value);
}

function replaceFix(place: Place, name: string, value: string): FindingFix[] {
  const { node } = place;
  if (node.kind !== 'scalar' || node.raw !== undefined) return [];
  const newText = place.key ? `"${value}"` : `${name}=${value}`;
  return [{ title: `Write ${name}=${value}`, edits: [{ span: node.span, newText }], preferred: true }];
}

/** Takes an item out of a block list, with its line; none for flow lists and the only item. */
function removeFix(item: Place, sink: Sink): FindingFix[] {
  const source = sink.context.textOf(item.node.span.file);
  const span = source === undefined ? undefined : lineOf(item.node.span, source);
  return span ? [{ title: 'Remove this option', edits: [{ span, newText: '' }] }] : [];
}

function lineOf({ file, start, end }: Span, source: string): Span | undefined {
  const from = source.lastIndexOf('\n', start - 1) + 1;
  const next = source.indexOf('\n', end);
  const to = next < 0 ? source.length : next + 1;
  const isAlone = /^\s*-\s+$/.test(source.slice(from, start)) && /^\s*(#.*)?\s*$/.test(source.slice(end, to));
  return isAlone ? { file, start: from, end: to } : undefined;
}

function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory.replace(/\/+$/, '')}/`);
}
