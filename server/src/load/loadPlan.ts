// Spec and settings on disk (or a text being edited) -> the plan of what is asked of the cache. The one way for both doors.
import { realpath } from 'node:fs/promises';
import { runProcess } from '../core/process.ts';
import { finishInSlices } from '../core/restEvery.ts';
import { detectTool } from '../core/toolVersion.ts';
import { OperationFailure } from '../model/failure.ts';
import type { Finding } from '../model/finding.ts';
import { parentPath, resolvePath } from '../model/paths.ts';
import {
  DEFAULT_TOOL_VERSION,
  DETECTED_VERSION,
  type CacheDirChoice,
  type CachePlan,
} from '../model/plan.ts';
import { planCache, type PlanContext } from '../plan/planCache.ts';
import type { SelectedSettings } from '../plan/settings.ts';
import { analyse, type Analysis, type Surroundings } from '../spec/analyse.ts';
import type { SpecFiles } from '../spec/files.ts';
import { maskFindings } from '../spec/maskFindings.ts';
import type { ResolvedSpec } from '../spec/resolve.ts';
import { findingOf } from '../spec/rules/finding.ts';
import { firstByStage, liesOutside } from '../spec/rules/firstByStage.ts';
import { layerVariables } from '../spec/variables.ts';
import { createDiskFiles } from './diskFiles.ts';
import { createFingerprints, type Fingerprints } from './fingerprints.ts';
import { selectSettings, settingsLayers, settingsPath } from './selectSettings.ts';
import { SpecFailure } from './specFailure.ts';
import { userHomeOf } from './userHome.ts';

export interface LoadOptions {
  /** As given, relative to `cwd`; absent: the settings' compose file, else `compose.yaml`. */
  readonly specPath?: string;
  /** The text being edited, instead of the file's. */
  readonly text?: string;
  /** Where settings are searched upward and relative paths start: absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly profile?: string;
  readonly settingsFile?: string;
  /** Version mixed into keys; absent: the contract's; `detected`: that of the `hpc-compose` on PATH. */
  readonly toolVersion?: string;
  readonly cacheDir?: CacheDirChoice;
  /** Absent: read now, synchronously. */
  readonly files?: SpecFiles & { readonly settle?: () => Promise<void> };
  readonly fingerprints?: Fingerprints;
  /** Judges the text; absent: all of it, at once. */
  readonly analyse?: (text: string, around: Surroundings) => Analysis | Promise<Analysis>;
  readonly signal?: AbortSignal;
}

export interface LoadedPlan {
  readonly plan: CachePlan;
  /** For its values: places in it may count inside blocks. */
  readonly resolved: ResolvedSpec;
  readonly settings: SelectedSettings | undefined;
  /** Warnings and hints; errors are thrown. */
  readonly findings: readonly Finding[];
}

/** Loads one spec. Throws SpecFailure ('settings-invalid', 'spec-surroundings' or 'spec-invalid') with all findings when it cannot be used. */
export async function loadPlan(options: LoadOptions): Promise<LoadedPlan> {
  const files = options.files ?? createDiskFiles();
  for (;;) {
    const read = await readSpec(options, files);
    if (read.pending.length > 0 && options.files?.settle) {
      await options.files.settle();
      options.signal?.throwIfAborted();
      continue;
    }
    const resolved = resolvedOrThrow(read);
    const plan = await planWithFingerprints(read, resolved, options);
    return { plan, resolved, settings: read.settings, findings: read.findings };
  }
}

/** The settings in force for commands that look at no spec. Throws SpecFailure('settings-invalid'). */
export function loadSettings(
  options: Pick<LoadOptions, 'cwd' | 'env' | 'profile' | 'settingsFile'>,
): SelectedSettings | undefined {
  const selection = selectSettings(settingsRequest(options, createDiskFiles()));
  const [first] = selection.findings;
  if (first) throw new SpecFailure('settings-invalid', first.span.file, selection.findings);
  return selection.selected;
}

interface ReadSpec {
  readonly path: string;
  /** Undefined when the text is too damaged to be resolved: then there are errors. */
  readonly resolved: ResolvedSpec | undefined;
  readonly settings: SelectedSettings | undefined;
  readonly settingsFindings: readonly Finding[];
  readonly findings: readonly Finding[];
  readonly pending: readonly string[];
}

async function readSpec(options: LoadOptions, files: SpecFiles): Promise<ReadSpec> {
  const selection = selectSettings(settingsRequest(options, files));
  const settings = selection.selected;
  const path = specPathOf(options, settings);
  const state = options.text === undefined ? files.read(path) : { kind: 'text' as const, text: options.text };
  const pending = [...selection.pending, ...(state.kind === 'pending' ? [path] : [])];
  const about = { path, settings, settingsFindings: selection.findings };
  const variables = layerVariables({
    specPath: path,
    layers: settingsLayers(settings),
    env: options.env,
    files,
  });
  if (state.kind !== 'text') {
    const findings = [...variables.findings, ...unread(path, state)];
    return { ...about, resolved: undefined, findings, pending: [...pending, ...variables.pending] };
  }
  const analysis = await (options.analyse ?? analyse)(state.text, {
    file: path,
    files,
    variables,
    userHome: userHomeOf(options.env),
    resourceProfiles: settings?.settings.resourceProfiles ?? new Map(),
  });
  options.signal?.throwIfAborted();
  const { values } = analysis;
  const findings = maskFindings(analysis.findings, values?.secretValues);
  return { ...about, resolved: values, findings, pending: [...pending, ...analysis.pending] };
}

function settingsRequest(
  options: Pick<LoadOptions, 'cwd' | 'env' | 'profile' | 'settingsFile'>,
  files: SpecFiles,
) {
  const { cwd, profile, settingsFile } = options;
  return {
    cwd,
    files,
    userHome: userHomeOf(options.env),
    ...(profile === undefined ? {} : { profile }),
    ...(settingsFile === undefined ? {} : { settingsFile }),
  };
}

/** `-f`, else the profile's compose file, else the defaults', else compose.yaml. */
export function specPathOf(
  { specPath, cwd }: Pick<LoadOptions, 'specPath' | 'cwd'>,
  settings: SelectedSettings | undefined,
): string {
  if (specPath !== undefined) return resolvePath(cwd, specPath);
  const chosen = settings?.profile?.composeFile ?? settings?.settings.defaults.composeFile;
  return settings && chosen !== undefined ? settingsPath(chosen, settings) : resolvePath(cwd, 'compose.yaml');
}

function unread(path: string, state: ReturnType<SpecFiles['read']>): Finding[] {
  const span = { file: path, start: 0, end: 0 };
  if (state.kind === 'missing') return [findingOf('R001', { span, words: { file: path } })];
  if (state.kind !== 'unreadable') return [];
  return [findingOf('R004', { span, words: { cause: `${path} cannot be read: ${state.reason}` } })];
}

function resolvedOrThrow({ path, settingsFindings, findings, resolved }: ReadSpec): ResolvedSpec {
  const [first] = settingsFindings;
  if (first) throw new SpecFailure('settings-invalid', first.span.file, settingsFindings);
  const error = firstByStage(findings);
  if (error && liesOutside(error)) throw new SpecFailure('spec-surroundings', path, findings);
  if (!resolved || error) throw new SpecFailure('spec-invalid', path, findings);
  return resolved;
}

async function planWithFingerprints(
  read: ReadSpec,
  resolved: ResolvedSpec,
  options: LoadOptions,
): Promise<CachePlan> {
  const wanted = new Set<string>();
  const context: Omit<PlanContext, 'fingerprint'> = {
    specPath: read.path,
    projectDir: await projectDirOf(read.path),
    home: options.env.HOME,
    settings: read.settings,
    toolVersion: await toolVersionOf(options),
    ...(options.cacheDir === undefined ? {} : { cacheDir: options.cacheDir }),
  };
  const note = (path: string) => {
    wanted.add(path);
    return '';
  };
  const draft = await finishInSlices(planCache(resolved, { ...context, fingerprint: note }), options.signal);
  if (wanted.size === 0) return draft;
  const fingerprints = options.fingerprints ?? createFingerprints();
  const digests = new Map<string, string>();
  for (const path of wanted) digests.set(path, await fingerprints.of(path, options.signal));
  const fingerprint = (path: string) => digests.get(path) ?? '';
  return await finishInSlices(planCache(resolved, { ...context, fingerprint }), options.signal);
}

/** Throws tool-missing when the version on PATH is wanted and there is none. */
async function toolVersionOf({ toolVersion, env, signal }: LoadOptions): Promise<string> {
  if (toolVersion !== DETECTED_VERSION) return toolVersion ?? DEFAULT_TOOL_VERSION;
  const detected = await detectTool(env, runProcess, signal);
  if (detected) return detected.version;
  throw new OperationFailure('tool-missing', { tool: 'hpc-compose' });
}

/** Directory of the real path; of the path itself while the file does not exist. */
async function projectDirOf(path: string): Promise<string> {
  try {
    return parentPath(await realpath(path));
  } catch {
    return parentPath(path);
  }
}
