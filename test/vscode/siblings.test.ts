// What others have a part in: Red Hat's YAML extension (a stand-in that keeps what it is given), and records of running jobs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { answer, runShellDoor, until, workspaceFolder } from './window.ts';

const FOLDER = path.join(path.dirname(process.env.HPC_COMPOSE_TEST_CACHE ?? ''), 'siblings');

async function show(name: string, text: string): Promise<vscode.Uri> {
  const file = path.join(workspaceFolder(), name);
  fs.writeFileSync(file, text);
  const document = await vscode.workspace.openTextDocument(file);
  await vscode.window.showTextDocument(document);
  return document.uri;
}

describe('beside other extensions and jobs', () => {
  const spec = `x-slurm:\n  cache_dir: ${FOLDER}\nservices:\n  app:\n    image: redis:7\n`;
  const written = ['siblings.yaml', 'plain.yaml'];

  before(() => fs.mkdirSync(path.join(FOLDER, 'base'), { recursive: true }));
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    for (const name of written) fs.rmSync(path.join(workspaceFolder(), name), { force: true });
    fs.rmSync(FOLDER, { recursive: true, force: true });
  });

  it("takes specs, and nothing else, from Red Hat's YAML extension", async () => {
    type Ask = (resource: string) => string | undefined;
    let asked: Ask | undefined;
    const api = { registerContributor: (_name: string, request: Ask) => Boolean((asked = request)) };
    const extensions = vscode.extensions as unknown as Record<string, unknown>;
    const original = vscode.extensions.getExtension;
    extensions.getExtension = (id: string): unknown =>
      id === 'redhat.vscode-yaml' ? { id, activate: () => Promise.resolve(api) } : original(id);
    try {
      const uri = await show('siblings.yaml', spec);
      const schemaOf = await until('registration', () => asked);
      assert.match(schemaOf(uri.toString()) ?? '', /permissive/);
      const plain = await show('plain.yaml', 'services:\n  web:\n    image: nginx\n');
      assert.equal(schemaOf(plain.toString()), undefined);
    } finally {
      extensions.getExtension = original;
    }
  });

  it('shows where a service of a running job listens', async () => {
    await show('siblings.yaml', spec);
    const where = ['--cache-dir', FOLDER, '--host', 'node17', '--port', '8000', '--job-id', '48213'];
    runShellDoor('rendezvous', 'register', 'llm', ...where);
    await vscode.commands.executeCommand('hpcCompose.cache.refresh');
    await vscode.commands.executeCommand('hpcCompose.rendezvous.refresh');
    const pick = answer('showQuickPick', (items) => (items as unknown[])[0]);
    try {
      const url = await vscode.commands.executeCommand<string>('hpcCompose.rendezvous.copyUrl');
      assert.equal(url, 'http://node17:8000');
    } finally {
      pick.restore();
    }
  });
});
