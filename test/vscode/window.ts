// What tests inside VS Code share: waiting for a condition, answering what people are asked, a cache made by the shell door.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import * as vscode from 'vscode';

const PATIENCE_MS = 30_000;

/** Waits until `find` gives something. */
export async function until<T>(what: string, find: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

type Asking =
  'showErrorMessage' | 'showWarningMessage' | 'showInformationMessage' | 'showInputBox' | 'showQuickPick';

/** Answers in place of a person until restored; `said` are the messages, or the arguments of pickers. */
export function answer(kind: Asking, reply: (first: unknown, ...rest: unknown[]) => unknown) {
  const window = vscode.window as unknown as Record<string, unknown>;
  const original = window[kind];
  const said: unknown[] = [];
  window[kind] = async (first: unknown, ...rest: unknown[]) => {
    const asked = await first;
    said.push(asked);
    return reply(asked, ...rest);
  };
  return { said, restore: () => (window[kind] = original) };
}

export function workspaceFolder(): string {
  return vscode.workspace.workspaceFolders![0]!.uri.fsPath;
}

/** Runs a command of the shell door: no window has a part in it. */
export function runShellDoor(...args: string[]): void {
  const extension = vscode.extensions.getExtension('hpc-compose.hpc-compose')!.extensionPath;
  execFileSync(process.execPath, [path.join(extension, 'dist/cli.js'), ...args], {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    stdio: 'pipe',
  });
}

/** Prepares a spec with the shell door and the stand-in for enroot. */
export function prepareFromShell(spec: string): void {
  const enroot = vscode.workspace.getConfiguration('hpcCompose').get<string>('enroot.path')!;
  runShellDoor('prepare', '-f', spec, '--enroot-bin', enroot);
}
