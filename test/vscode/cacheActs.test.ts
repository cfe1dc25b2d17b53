// Acts on cache entries besides the main flow: verify, budget, JSON, reports of prunes. On a cache of its own.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { InspectResult } from '../../server/src/model/cache.ts';
import { answer, prepareFromShell, until, workspaceFolder } from './window.ts';

const FOLDER = path.join(path.dirname(process.env.HPC_COMPOSE_TEST_CACHE ?? ''), 'acts');
const CACHE = path.join(FOLDER, 'cache');

describe('acts on the cache', () => {
  let spec: vscode.Uri;
  const node = () => {
    const base = path.join(CACHE, 'base');
    const image = fs.readdirSync(base).find((name) => name.endsWith('.sqsh'))!;
    const artifact_path = path.join(base, image);
    const entry = { artifact_path, source_image: 'docker://redis:7', uri: null };
    return { type: 'entry', id: artifact_path, cacheDir: CACHE, entry };
  };

  before(async () => {
    const file = path.join(workspaceFolder(), 'acts.yaml');
    const text = `x-slurm:\n  cache_dir: ${CACHE}\nservices:\n  app:\n    image: redis:7\n`;
    fs.writeFileSync(file, text);
    prepareFromShell(file);
    spec = vscode.Uri.file(file);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(spec));
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    fs.rmSync(spec.fsPath, { force: true });
    fs.rmSync(FOLDER, { recursive: true, force: true });
  });

  it('opens what a page says as JSON', async () => {
    await vscode.commands.executeCommand('hpcCompose.cache.inspect', { uri: spec.toString() });
    await vscode.commands.executeCommand('hpcCompose.openAsJson');
    const text = await until('JSON', () => {
      const document = vscode.window.activeTextEditor?.document;
      return document?.uri.scheme === 'hpc-compose-inspect' ? document.getText() : undefined;
    });
    const result = JSON.parse(text) as InspectResult;
    assert.equal(result.services[0]?.current_reuse_expectation, 'cache hit');
  });

  it('verifies an entry: in order, and damaged', async () => {
    const fine = answer('showInformationMessage', () => undefined);
    const wrong = answer('showWarningMessage', () => undefined);
    try {
      await vscode.commands.executeCommand('hpcCompose.cache.verify', node(), [node()]);
      assert.deepEqual(fine.said, ['redis 7 is in order.']);
      const image = node().entry.artifact_path;
      const bytes = fs.readFileSync(image);
      fs.writeFileSync(image, 'no image');
      await vscode.commands.executeCommand('hpcCompose.cache.verify', node(), [node()]);
      fs.writeFileSync(image, bytes);
      assert.match(String(wrong.said[0]), /^redis 7: the image has 8 bytes/);
    } finally {
      fine.restore();
      wrong.restore();
    }
  });

  it('takes a budget, and refuses words that are no size', async () => {
    const asked = answer('showInputBox', (options) => {
      const box = options as vscode.InputBoxOptions;
      assert.ok(box.validateInput?.('much'));
      assert.equal(box.validateInput?.('2 GB'), undefined);
      return '2 GB';
    });
    const section = () => vscode.workspace.getConfiguration('hpcCompose');
    try {
      await vscode.commands.executeCommand('hpcCompose.cache.setBudget');
      assert.equal(section().get('cache.budget'), '2 GB');
    } finally {
      asked.restore();
      await section().update('cache.budget', undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it('keeps a report of a prune that can be looked at later', async () => {
    prepareFromShell(spec.fsPath);
    const confirm = answer('showWarningMessage', (_question, _options, button) => button);
    const tell = answer('showInformationMessage', () => undefined);
    const pick = answer('showQuickPick', (items) => (items as unknown[])[0]);
    try {
      await vscode.commands.executeCommand('hpcCompose.cache.pruneSelected', node(), [node()]);
      assert.deepEqual(confirm.said.length, 1);
      await vscode.commands.executeCommand('hpcCompose.cache.showReports', { uri: spec.toString() });
      const [items] = pick.said as [{ description: string }[]];
      assert.match(items[0]?.description ?? '', /^freed .* in 1 entry$/);
      const page = await vscode.workspace.openTextDocument(
        vscode.Uri.parse('hpc-compose-inspect:/prune-report.md'),
      );
      assert.match(page.getText(), /## Removed/);
    } finally {
      for (const one of [confirm, tell, pick]) one.restore();
    }
  });
});
