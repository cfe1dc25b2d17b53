// One prepare or prune at a time in a window, always cancellable. The locks on disk guard against everyone else.
import * as vscode from 'vscode';
import type { Lifetime } from './lifetime.ts';

export interface Operations extends Lifetime {
  /** Words for the running operation, or undefined. */
  running(): string | undefined;
  /** True when nothing runs; else says what does and offers to cancel it. */
  isFree(): boolean;
  /** Runs `act` unless something is running already; then says so and gives undefined. */
  run<T>(title: string, act: (token: vscode.CancellationToken) => Promise<T>): Promise<T | undefined>;
  cancel(): void;
  /** Fires when an operation starts or ends. */
  readonly onDidChange: vscode.Event<void>;
}

/** Keeps the context key `hpcCompose:busy` in step with what runs. */
export function createOperations(): Operations {
  const changed = new vscode.EventEmitter<void>();
  let current: { title: string; source: vscode.CancellationTokenSource } | undefined;
  const announce = () => {
    void vscode.commands.executeCommand('setContext', 'hpcCompose:busy', current !== undefined);
    changed.fire();
  };
  const isFree = () => {
    if (current) void offerCancel(current.title, current.source);
    return current === undefined;
  };
  return {
    running: () => current?.title,
    cancel: () => current?.source.cancel(),
    onDidChange: changed.event,
    dispose: () => {
      current?.source.cancel();
      changed.dispose();
    },
    isFree,
    async run(title, act) {
      if (!isFree()) return undefined;
      const source = new vscode.CancellationTokenSource();
      current = { title, source };
      announce();
      try {
        return await act(source.token);
      } finally {
        current = undefined;
        source.dispose();
        announce();
      }
    },
  };
}

async function offerCancel(title: string, source: vscode.CancellationTokenSource): Promise<void> {
  const cancel = vscode.l10n.t('Cancel It');
  const words = vscode.l10n.t('{0} is still running. Wait until it ends, or cancel it.', title);
  if ((await vscode.window.showInformationMessage(words, cancel)) === cancel) source.cancel();
}
