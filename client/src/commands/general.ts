// Commands that always work: the log, the server, the walkthrough, an example spec, the menu behind a state lens.
import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { EXAMPLE_SPEC } from '../exampleSpec.ts';
import { command } from './register.ts';
import { serviceOf } from './target.ts';

/** Registers them. */
export function registerGeneral(app: App): vscode.Disposable {
  return vscode.Disposable.from(
    command(app, 'showOutput', () => app.log.show()),
    command(app, 'restartServer', async () => {
      await app.server.restart();
      await app.states.refresh();
    }),
    command(app, 'openWalkthrough', () =>
      vscode.commands.executeCommand(
        'workbench.action.openWalkthrough',
        `${app.context.extension.id}#start`,
        false,
      ),
    ),
    command(app, 'createExample', createExample),
    command(app, 'stateMenu', (argument: unknown) => stateMenu(argument)),
  );
}

/** Opens an unsaved spec, in the first workspace folder where there is one: nothing is written until it is saved. */
async function createExample(): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = folder && (await freeName(folder));
  const open = vscode.workspace.openTextDocument;
  const document = await (target ? open(target) : open({ language: 'yaml', content: EXAMPLE_SPEC }));
  const editor = await vscode.window.showTextDocument(document);
  if (!target || document.getText() !== '') return;
  await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), EXAMPLE_SPEC));
}

async function freeName(folder: vscode.Uri): Promise<vscode.Uri | undefined> {
  const file = vscode.Uri.joinPath(folder, 'hpc-compose.yaml');
  const isTaken = await vscode.workspace.fs.stat(file).then(
    () => true,
    () => false,
  );
  return isTaken ? undefined : file.with({ scheme: 'untitled' });
}

interface MenuItem extends vscode.QuickPickItem {
  readonly run: string;
}

async function stateMenu(argument: unknown): Promise<void> {
  const service = serviceOf(argument);
  const item = (icon: string, label: string, run: string): MenuItem => ({
    label,
    run: `hpcCompose.${run}`,
    iconPath: new vscode.ThemeIcon(icon),
  });
  const items: MenuItem[] = [
    item('open-preview', vscode.l10n.t('Inspect'), 'cache.inspect'),
    service === undefined
      ? item('run-all', vscode.l10n.t('Prepare All Services'), 'prepareAll')
      : item('package', vscode.l10n.t('Prepare'), 'prepareService'),
    ...(service === undefined
      ? []
      : [item('refresh', vscode.l10n.t('Prepare Again (Force Rebuild)'), 'prepareForce')]),
    item('question', vscode.l10n.t('Why This Cache Directory?'), 'explainCacheDir'),
    item('clear-all', vscode.l10n.t('Prune Cache…'), 'cache.prune'),
    item('eye-closed', vscode.l10n.t('Hide These Lenses'), 'hideLenses'),
  ];
  const picked = await vscode.window.showQuickPick(items, { title: service ?? vscode.l10n.t('Cache') });
  if (!picked) return;
  if (picked.run === 'hpcCompose.hideLenses') return hideLenses();
  await vscode.commands.executeCommand(picked.run, argument);
}

async function hideLenses(): Promise<void> {
  const section = vscode.workspace.getConfiguration('hpcCompose');
  await section.update('codeLens', 'off', vscode.ConfigurationTarget.Global);
}
