// The settings text that a setup leaves behind: a new file in hpc-compose's own form (cache contract, section 9.1), an existing
// one edited in place. Checked by reading it back: a result that means anything else is never written.
import { REDACTED } from '../model/mask.ts';
import type { SetupChange } from '../model/setup.ts';
import { compareBytes } from '../model/byteOrder.ts';
import { readSettings, type Settings } from './settings.ts';
import { removeTomlValue, setTomlValue, tomlKey, tomlString } from './tomlEdit.ts';

/** The new text, or a sentence saying why the file cannot be edited. */
export function setupText(
  text: string | undefined,
  file: string,
  profile: string,
  change: SetupChange,
): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string } {
  if (text === undefined) return { ok: true, text: freshText(profile, change) };
  const before = readSettings(text, file);
  if (!before.ok) return { ok: false, problem: before.findings[0]?.message ?? 'it is invalid' };
  const edited = editText(text, before.settings, profile, change);
  const after = edited === undefined ? undefined : readSettings(edited, file);
  if (edited === undefined || after?.ok !== true || !isDone(after.settings, profile, change)) {
    return {
      ok: false,
      problem: `${file} uses inline tables where setup has to write; turn them into [tables] first`,
    };
  }
  return { ok: true, text: edited };
}

type Step = readonly [path: readonly string[], value: string | null];

function editText(
  text: string,
  settings: Settings,
  profile: string,
  change: SetupChange,
): string | undefined {
  const steps = stepsOf(profile, change, settings);
  let edited: string | undefined = text;
  for (const [path, value] of steps) {
    if (edited === undefined) return undefined;
    edited = value === null ? removeTomlValue(edited, path) : setTomlValue(edited, path, value);
  }
  return edited;
}

/** Only what changes: untouched values keep their spelling. */
function stepsOf(profile: string, change: SetupChange, settings: Settings): Step[] {
  const known = settings.profiles.get(profile);
  const base = ['profiles', profile];
  const text = (
    key: readonly string[],
    value: string | null | undefined,
    before: string | undefined,
  ): Step[] =>
    value === undefined || value === (before ?? null)
      ? []
      : [[key, value === null ? null : tomlString(value)]];
  const { env_files: envFiles } = change;
  const sameFiles = JSON.stringify(envFiles) === JSON.stringify(known?.envFiles ?? null);
  const files: Step[] =
    envFiles === undefined || sameFiles
      ? []
      : [[[...base, 'env_files'], envFiles === null ? null : inlineList(envFiles)]];
  return [
    ...text(['default_profile'], change.default_profile, settings.defaultProfile),
    ...text([...base, 'compose_file'], change.compose_file, known?.composeFile),
    ...files,
    ...text([...base, 'login_host'], change.login_host, known?.loginHost),
    ...text([...base, 'login_user'], change.login_user, known?.loginUser),
    ...tableSteps([...base, 'env'], change.env, known?.env),
    ...tableSteps([...base, 'binaries'], change.binaries, known?.binaries),
    ...text([...base, 'cache', 'dir'], change.cache_dir, known?.cacheDir),
  ];
}

function tableSteps(
  path: readonly string[],
  wanted: Readonly<Record<string, string>> | null | undefined,
  known: Readonly<Record<string, string>> = {},
): Step[] {
  if (wanted === undefined) return [];
  const next = withoutMasks(wanted ?? {}, known);
  const gone = Object.keys(known).filter((name) => !Object.hasOwn(next, name));
  const changed = Object.entries(next).filter(([name, value]) => known[name] !== value);
  return [
    ...gone.map((name): Step => [[...path, name], null]),
    ...changed.map(([name, value]): Step => [[...path, name], tomlString(value)]),
  ];
}

function withoutMasks(
  wanted: Readonly<Record<string, string>>,
  known: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(wanted).map(([name, value]) => [
      name,
      value === REDACTED ? (known[name] ?? value) : value,
    ]),
  );
}

function isDone(settings: Settings, profile: string, change: SetupChange): boolean {
  const scope = settings.profiles.get(profile);
  const texts = [
    [change.compose_file, scope?.composeFile],
    [change.cache_dir, scope?.cacheDir],
    [change.login_host, scope?.loginHost],
    [change.login_user, scope?.loginUser],
    [change.default_profile, settings.defaultProfile],
  ] as const;
  const files = change.env_files ?? undefined;
  return (
    texts.every(([wanted, got]) => wanted === undefined || (wanted ?? undefined) === got) &&
    (files === undefined || JSON.stringify(files) === JSON.stringify(scope?.envFiles)) &&
    hasAll(change.env, scope?.env) &&
    hasAll(change.binaries, scope?.binaries)
  );
}

function hasAll(
  wanted: Readonly<Record<string, string>> | null | undefined,
  got: Readonly<Record<string, string>> = {},
): boolean {
  if (wanted === undefined) return true;
  const names = Object.keys(wanted ?? {});
  return (
    names.length === Object.keys(got).length &&
    names.every((name) => wanted?.[name] === REDACTED || wanted?.[name] === got[name])
  );
}

function inlineList(items: readonly string[]): string {
  return `[${items.map(tomlString).join(', ')}]`;
}

function freshText(profile: string, change: SetupChange): string {
  const name = `profiles.${tomlKey(profile)}`;
  const tables = [
    ['version = 1', ...line('default_profile', change.default_profile)],
    ['[defaults]', 'env_files = []'],
    ['[defaults.env]'],
    ['[defaults.binaries]'],
    ['[defaults.cache]'],
    [
      `[${name}]`,
      ...line('compose_file', change.compose_file),
      freshList('env_files', change.env_files ?? []),
      ...line('login_host', change.login_host),
      ...line('login_user', change.login_user),
    ],
    [`[${name}.env]`, ...freshTable(change.env)],
    [`[${name}.binaries]`, ...freshTable(change.binaries)],
    [`[${name}.cache]`, ...line('dir', change.cache_dir)],
    ['[resource_profiles]'],
    ['[watch]'],
  ];
  return `${tables.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function line(key: string, value: string | null | undefined): string[] {
  return value === undefined || value === null ? [] : [`${tomlKey(key)} = ${tomlString(value)}`];
}

function freshList(key: string, items: readonly string[]): string {
  if (items.length < 2) return `${key} = ${inlineList(items)}`;
  return `${key} = [\n${items.map((item) => `    ${tomlString(item)},\n`).join('')}]`;
}

function freshTable(values: Readonly<Record<string, string>> | null | undefined): string[] {
  return Object.entries(values ?? {})
    .sort(([a], [b]) => compareBytes(a, b))
    .flatMap(([key, value]) => line(key, value));
}
