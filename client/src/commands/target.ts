// Finds what a command acts on: the lens's argument, else the current spec, else one that people pick.
import * as vscode from 'vscode';
import type { LensArgument } from '../../../server/src/model/protocol.ts';
import type { App } from '../app.ts';

/** The spec a command acts on, saved first; undefined when there is none or nobody chose one. */
export async function targetSpec(app: App, argument: unknown): Promise<vscode.Uri | undefined> {
  const uri = uriOf(argument) ?? app.documents.current() ?? (await pickSpec(app));
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri?.toString());
  if (open?.isDirty && !open.isUntitled) await open.save();
  return uri;
}

/** The service named by a lens's argument. */
export function serviceOf(argument: unknown): string | undefined {
  return isLensArgument(argument) ? argument.service : undefined;
}

/** One of the spec's services, picked; a single one is not asked for. */
export async function pickService(app: App, uri: vscode.Uri, title: string): Promise<string | undefined> {
  const { services } = await app.request('hpcCompose/cache/inspect', { uri: uri.toString() });
  if (services.length === 1) return services[0]?.service_name;
  const items = services.map((service) => ({
    label: service.service_name,
    description: service.current_reuse_expectation,
    detail: service.source_image,
  }));
  return (await vscode.window.showQuickPick(items, { title, matchOnDetail: true }))?.label;
}

function uriOf(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  return isLensArgument(argument) ? vscode.Uri.parse(argument.uri) : undefined;
}

function isLensArgument(argument: unknown): argument is LensArgument {
  return (
    typeof argument === 'object' && argument !== null && 'uri' in argument && typeof argument.uri === 'string'
  );
}

async function pickSpec(app: App): Promise<vscode.Uri | undefined> {
  const known = app.documents.known();
  if (known.length === 0) {
    const create = vscode.l10n.t('Create Example Spec');
    const words = vscode.l10n.t('Open a compose file with an x-slurm block first.');
    if ((await vscode.window.showInformationMessage(words, create)) === create)
      await vscode.commands.executeCommand('hpcCompose.createExample');
    return undefined;
  }
  const items = known.map((uri) => ({ label: vscode.workspace.asRelativePath(uri), uri }));
  const title = vscode.l10n.t('Which spec?');
  return (await vscode.window.showQuickPick(items, { title }))?.uri;
}
