import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('extension', () => {
  it('is there, and becomes active with a spec', async () => {
    const extension = vscode.extensions.getExtension('hpc-compose.hpc-compose');
    assert.ok(extension);
    const [spec] = await vscode.workspace.findFiles('compose.yaml');
    assert.ok(spec);
    await vscode.window.showTextDocument(spec);
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it('offers every command of its manifest', async () => {
    const known = new Set(await vscode.commands.getCommands(true));
    const manifest = vscode.extensions.getExtension('hpc-compose.hpc-compose')?.packageJSON as {
      contributes: { commands: { command: string }[] };
    };
    const missing = manifest.contributes.commands.filter(({ command }) => !known.has(command));
    assert.deepEqual(missing, []);
  });
});
