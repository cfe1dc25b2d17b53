// Why this cache directory, and choosing another one that compute nodes see too.
import * as vscode from 'vscode';
import type { ExplainResult } from '../../../server/src/model/protocol.ts';
import type { App } from '../app.ts';
import { escape } from '../views/entryText.ts';
import { command, requireTrust } from './register.ts';
import { targetSpec } from './target.ts';

const SOURCES: Readonly<Record<ExplainResult['choice']['source'], string>> = {
  spec: 'the spec (x-slurm.cache_dir)',
  profile: 'a profile of the settings file',
  defaults: 'the defaults of the settings file',
  builtin: 'the built-in default, because neither spec nor settings name one',
  argument: 'the command line',
};

/** Registers the commands about the cache directory itself. */
export function registerCacheDir(app: App): vscode.Disposable {
  return vscode.Disposable.from(
    command(app, 'explainCacheDir', (argument: unknown) => explainCacheDir(app, argument)),
    command(app, 'chooseCacheDir', (argument: unknown) => chooseCacheDir(app, argument)),
  );
}

async function explainCacheDir(app: App, argument: unknown): Promise<void> {
  if (!(await requireTrust())) return;
  const uri = await targetSpec(app, argument);
  if (!uri) return;
  const explained = await app.request('hpcCompose/cache/explain', { uri: uri.toString() });
  await app.pages.showPage('cache-directory', () => explainPage(explained));
}

/** The page that says where the directory comes from and whether it is safe. Pure. */
function explainPage({ choice, unsafeRoot, candidates }: ExplainResult): string {
  const lines = [
    '# Cache directory',
    `\`${choice.path}\``,
    `It comes from ${SOURCES[choice.source]}.`,
    choice.raw !== undefined && choice.raw !== choice.path ? `Written as \`${choice.raw}\`.` : '',
    choice.settingsFile === undefined ? '' : `Settings file: ${escape(choice.settingsFile)}`,
    choice.profile === undefined ? '' : `Profile: ${escape(choice.profile)}`,
    unsafeRoot === null
      ? 'It does not lie in a directory that is known to be local to one node.'
      : `⚠ It lies in \`${unsafeRoot}\`, which every node has for itself: images prepared here are not there when the job starts on another node.`,
    '## Looked up in this order',
    '1. `x-slurm.cache_dir` of the spec\n2. `cache_dir` of the chosen profile in `.hpc-compose/settings.toml`\n3. `cache_dir` of the defaults there\n4. `~/.cache/hpc-compose`',
    candidates.length === 0 ? '' : '## Directories to consider',
    candidates.map((candidate) => `- \`${candidate}\``).join('\n'),
  ];
  return lines.filter((line) => line !== '').join('\n\n');
}

async function chooseCacheDir(app: App, argument: unknown): Promise<void> {
  if (!(await requireTrust())) return;
  const uri = await targetSpec(app, argument);
  if (!uri) return;
  const explained = await app.request('hpcCompose/cache/explain', { uri: uri.toString() });
  const chosen = await pickDirectory(explained);
  if (chosen === undefined) return;
  if (!explained.place) {
    const words = vscode.l10n.t(
      'The spec has no x-slurm block to write cache_dir into. Add one, then try again.',
    );
    void vscode.window.showWarningMessage(words);
    return;
  }
  await writeCacheDir(uri, explained.place, chosen);
}

async function pickDirectory({ choice, unsafeRoot, candidates }: ExplainResult): Promise<string | undefined> {
  const custom = vscode.l10n.t('Another directory…');
  const current =
    unsafeRoot === null ? vscode.l10n.t('current') : vscode.l10n.t('current, local to one node');
  const items: vscode.QuickPickItem[] = [
    ...candidates.map((label) => ({ label, iconPath: new vscode.ThemeIcon('folder') })),
    {
      label: choice.path,
      description: current,
      iconPath: new vscode.ThemeIcon(unsafeRoot === null ? 'check' : 'warning'),
    },
    { label: custom, iconPath: new vscode.ThemeIcon('edit') },
  ];
  const title = vscode.l10n.t('Cache directory that compute nodes see too');
  const picked = await vscode.window.showQuickPick(items, { title });
  if (picked?.label !== custom) return picked?.label;
  return vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('An absolute path; variables such as $USER are allowed.'),
    value: choice.path,
    validateInput: (text) =>
      /^[/~$]/.test(text.trim()) ? undefined : vscode.l10n.t('Begin with /, ~ or a variable.'),
  });
}

async function writeCacheDir(
  uri: vscode.Uri,
  place: NonNullable<ExplainResult['place']>,
  directory: string,
): Promise<void> {
  const { start, end } = place.range;
  const range = new vscode.Range(start.line, start.character, end.line, end.character);
  const value = /^[/\w.~-][/\w.~ -]*$/.test(directory) ? directory : JSON.stringify(directory);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(uri, range, `${place.before}${value}${place.after}`);
  await vscode.workspace.applyEdit(edit);
}
