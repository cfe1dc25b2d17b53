// Pages that say how things stand: this machine and the cache directory for a spec, the extension itself, what it has cost so far.
import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { checkPage, doctorPage, footprintPage } from '../views/checkPages.ts';
import { readSettings } from '../ui/settings.ts';
import { command, requireTrust } from './register.ts';
import { targetSpec } from './target.ts';

/** Registers the commands. */
export function registerChecks(app: App): vscode.Disposable {
  return vscode.Disposable.from(
    command(app, 'checkCacheDir', (argument: unknown) => checkCacheDir(app, argument)),
    command(app, 'doctor', () => doctor(app)),
    command(app, 'showFootprint', async () => {
      const page = await footprintOf(app);
      await app.pages.showPage('footprint', () => page);
    }),
  );
}

async function checkCacheDir(app: App, argument: unknown): Promise<void> {
  if (!(await requireTrust())) return;
  const uri = await targetSpec(app, argument);
  if (!uri) return;
  const location = vscode.ProgressLocation.Window;
  const report = await vscode.window.withProgress(
    { location, title: vscode.l10n.t('Checking the cache directory') },
    () => app.request('hpcCompose/preflight', { uri: uri.toString() }),
  );
  await app.pages.showPage(
    'check',
    () => checkPage(report, readSettings().units),
    () => report,
  );
}

async function doctor(app: App): Promise<void> {
  const server = await app.request('hpcCompose/footprint', {}).catch(() => undefined);
  const section = vscode.workspace.getConfiguration('hpcCompose');
  const page = doctorPage({
    extension: String((app.context.extension.packageJSON as { version: unknown }).version),
    vscode: `${vscode.env.appName} ${vscode.version}`,
    host: vscode.env.remoteName ?? 'local',
    platform: `${process.platform} ${process.arch}, Node ${process.versions.node}`,
    trusted: vscode.workspace.isTrusted,
    server,
    specs: app.documents.known().map((uri) => vscode.workspace.asRelativePath(uri)),
    directories: app.states.directories(),
    siblings: SIBLINGS.filter((id) => vscode.extensions.getExtension(id)),
    settings: changedSettings(section),
  });
  await app.pages.showPage('diagnostics', () => page);
}

const SIBLINGS = [
  'redhat.vscode-yaml',
  'docker.docker',
  'ms-azuretools.vscode-containers',
  'ms-azuretools.vscode-docker',
];

/** Settings that someone changed; the values of `env` may be secret and are left out. */
function changedSettings(section: vscode.WorkspaceConfiguration): [string, string][] {
  const names = Object.keys(section).filter((name) => section.inspect(name) !== undefined);
  const flat = names.flatMap((name) => {
    const value: unknown = section.get(name);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.keys(value).map((inner) => `${name}.${inner}`)
      : [name];
  });
  return flat.flatMap((name): [string, string][] => {
    const found = section.inspect(name);
    const value = found?.workspaceFolderValue ?? found?.workspaceValue ?? found?.globalValue;
    if (value === undefined) return [];
    return [[name, name.startsWith('env') ? '…' : JSON.stringify(value)]];
  });
}

async function footprintOf(app: App): Promise<string> {
  const server = await app.request('hpcCompose/footprint', {}).catch(() => undefined);
  return footprintPage(server, readSettings().units);
}
