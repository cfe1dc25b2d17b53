// Commands about the project and the extension itself: what counts as a spec, renaming, profiles, pages on how things stand.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { answer, until, workspaceFolder } from './window.ts';

// A folder of its own inside the workspace, with a cache that is not there.
const folder = () => path.join(workspaceFolder(), 'project');
const spec = () => `x-slurm:\n  cache_dir: ${folder()}/cache\nservices:\n  app:\n    image: redis:7\n`;

async function show(name: string, text: string): Promise<vscode.TextDocument> {
  fs.writeFileSync(path.join(folder(), name), text);
  const document = await vscode.workspace.openTextDocument(path.join(folder(), name));
  await vscode.window.showTextDocument(document);
  return document;
}

async function lenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
  return vscode.commands.executeCommand('vscode.executeCodeLensProvider', document.uri);
}

async function pageText(name: string): Promise<string> {
  const uri = vscode.Uri.parse(`hpc-compose-inspect:/${name}.md`);
  return (await vscode.workspace.openTextDocument(uri)).getText();
}

describe('the project', () => {
  before(() => {
    fs.mkdirSync(path.join(folder(), '.git'), { recursive: true });
  });
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));
  after(() => fs.rmSync(folder(), { recursive: true, force: true }));

  it('has a file treated as a spec on request', async () => {
    const document = await show('minimal.yaml', 'services:\n  app:\n    image: redis:7\n');
    assert.deepEqual(await lenses(document), []);
    await vscode.commands.executeCommand('hpcCompose.treatAsHpcCompose');
    await until('lenses', async () => ((await lenses(document)).length > 0 ? true : undefined));
  });

  it('gets a spec renamed so that other tools leave it alone', async () => {
    fs.rmSync(path.join(folder(), 'hpc-compose.yaml'), { force: true });
    const document = await show('docker-compose.yaml', spec());
    await until('lenses', async () => ((await lenses(document)).length > 0 ? true : undefined));
    await vscode.commands.executeCommand('hpcCompose.renameToHpc', { uri: document.uri.toString() });
    assert.ok(!fs.existsSync(document.uri.fsPath));
    assert.equal(fs.readFileSync(path.join(folder(), 'hpc-compose.yaml'), 'utf8'), spec());
  });

  it('is told how the cache directory stands', async () => {
    const document = await show('check.yaml', spec());
    await vscode.commands.executeCommand('hpcCompose.checkCacheDir', { uri: document.uri.toString() });
    assert.match(await pageText('check'), /\*\*Directory:\*\* ` .*\/project\/cache `/);
  });

  it('gets facts for a question, without the values of variables', async () => {
    const section = vscode.workspace.getConfiguration('hpcCompose');
    await section.update('env', { TOKEN: 'very-secret' }, vscode.ConfigurationTarget.Workspace);
    try {
      await vscode.commands.executeCommand('hpcCompose.doctor');
      const text = await pageText('diagnostics');
      assert.match(text, /Language server:\*\* process \d+/);
      assert.match(text, /hpcCompose\.env\.TOKEN|hpcCompose\.env /);
      assert.doesNotMatch(text, /very-secret/);
    } finally {
      await section.update('env', undefined, vscode.ConfigurationTarget.Workspace);
    }
    await vscode.commands.executeCommand('hpcCompose.showFootprint');
    assert.match(await pageText('footprint'), /Processor time:\*\* \d/);
  });

  it('is resolved with the profile that people choose', async () => {
    const document = await show('profiles.yaml', spec());
    const settings = path.join(folder(), '.hpc-compose/settings.toml');
    fs.mkdirSync(path.dirname(settings), { recursive: true });
    fs.writeFileSync(
      settings,
      'version = 1\ndefault_profile = "dev"\n\n[profiles.dev]\n\n[profiles.big]\nlogin_host = "login1"\n',
    );
    const pick = answer('showQuickPick', (items) =>
      (items as { label: string }[]).find(({ label }) => label === 'big'),
    );
    const section = () => vscode.workspace.getConfiguration('hpcCompose', document.uri);
    try {
      await vscode.commands.executeCommand('hpcCompose.selectProfile');
      await until('profile', () => (section().get('profile') === 'big' ? true : undefined));
    } finally {
      pick.restore();
      await section().update('profile', undefined, vscode.ConfigurationTarget.WorkspaceFolder);
    }
  });

  it('is set up in a few steps, and nothing is written when nothing changes', async () => {
    await show('profiles.yaml', spec());
    const settings = path.join(folder(), '.hpc-compose/settings.toml');
    const before = fs.readFileSync(settings, 'utf8');
    const tell = answer('showInformationMessage', () => undefined);
    try {
      const done = vscode.commands.executeCommand('hpcCompose.setup');
      const accepting = setInterval(() => {
        void vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      }, 300);
      await until('the end', () => (tell.said.length > 0 ? true : undefined)).finally(() =>
        clearInterval(accepting),
      );
      await done;
    } finally {
      tell.restore();
    }
    assert.deepEqual(tell.said, ['Nothing to change.']);
    assert.equal(fs.readFileSync(settings, 'utf8'), before);
  });
});
