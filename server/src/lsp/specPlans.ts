// From a document to its plan: the text being edited, settings searched upward from its folder, variables as the tools see them.
import path from 'node:path';
import { URI } from 'vscode-uri';
import type { Ports } from '../core/ports.ts';
import type { LoadedPlan, LoadOptions } from '../load/loadPlan.ts';
import { OperationFailure } from '../model/failure.ts';
import { readCacheSettings, type CacheSettings } from './cacheSettings.ts';
import { LARGEST_TEXT, type OpenDocument } from './openDocuments.ts';
import type { ServerContext } from './serverContext.ts';

/** One document with everything that a request on its cache needs. */
export interface SpecPlan extends LoadedPlan {
  readonly settings: LoadedPlan['settings'];
  readonly choices: CacheSettings;
  /** The server's effects with the settings' environment and tools. */
  readonly ports: Ports;
}

type PlanContext = Pick<
  ServerContext,
  'documents' | 'settings' | 'ports' | 'trusted' | 'judgeBeside' | 'loadPlan'
>;

/** Refuses where the workspace is not trusted: nothing on disk is looked at then. Throws untrusted. */
export function requireTrust(context: Pick<ServerContext, 'trusted'>): void {
  if (!context.trusted) throw new OperationFailure('untrusted');
}

/** Settings and effects for requests about this document, or about none. */
export async function choicesFor(
  context: PlanContext,
  uri: string | undefined,
): Promise<{ choices: CacheSettings; ports: Ports }> {
  const choices = readCacheSettings(await context.settings.all(uri));
  return { choices, ports: { ...context.ports, env: environmentOf(context.ports.env, choices) } };
}

/** The plan of a document. Throws untrusted, spec-invalid, settings-invalid. */
export async function planOf(context: PlanContext, uri: string, signal: AbortSignal): Promise<SpecPlan> {
  requireTrust(context);
  const { choices, ports } = await choicesFor(context, uri);
  const file = fileOf(uri);
  const document = context.documents.get(uri);
  const { profile, toolVersion } = choices;
  const loaded = await context.loadPlan({
    specPath: file,
    cwd: path.dirname(file),
    env: ports.env,
    signal,
    ...(document === undefined ? {} : ofDocument(context, document, signal)),
    ...(profile === undefined ? {} : { profile }),
    ...(toolVersion === undefined ? {} : { toolVersion }),
  });
  const binaries = choices.enrootPath === undefined ? {} : { enroot: choices.enrootPath };
  const plan = { ...loaded.plan, binaries: { ...loaded.plan.binaries, ...binaries } };
  return { ...loaded, plan, choices, ports };
}

/** The text being edited, judged by what is known of its blocks already; one that is too large for that is judged like a file. */
function ofDocument(
  context: PlanContext,
  document: OpenDocument,
  signal: AbortSignal,
): Pick<LoadOptions, 'text' | 'analyse'> {
  const text = document.text.getText();
  if (text.length > LARGEST_TEXT) return { text };
  return { text, analyse: (given, around) => context.judgeBeside(document, given, around, signal) };
}

/** The path of a document on disk. Throws usage for a document that is on none: its folder decides what it means. */
function fileOf(uri: string): string {
  const parsed = URI.parse(uri);
  if (parsed.scheme === 'file') return parsed.fsPath;
  throw new OperationFailure('usage', {
    cause: 'Save the spec first: its folder decides what its paths mean.',
  });
}

/** The process's variables, those of the settings over them, and the folder of a chosen `flock` first on PATH. */
function environmentOf(env: Ports['env'], { env: added, flockPath }: CacheSettings): Ports['env'] {
  const all = { ...env, ...added };
  return flockPath === undefined ? all : { ...all, PATH: `${path.dirname(flockPath)}:${all.PATH ?? ''}` };
}
