// Prepare as a task: a terminal with the live log, Ctrl+C to cancel, exit code at the end, and rerun for free.
import * as vscode from 'vscode';
import { describeFailure } from './ui/failures.ts';
import type { PrepareProgress, PrepareResult } from '../../server/src/model/cache.ts';

export const TASK_TYPE = 'hpc-compose';

export interface PrepareDefinition extends vscode.TaskDefinition {
  readonly type: typeof TASK_TYPE;
  readonly operation: 'prepare';
  readonly file: string;
  readonly service?: string;
  readonly force?: boolean;
}

/** Runs one prepare; `write` shows a line of the log. Gives the result, or undefined when it could not start. */
export type RunPrepare = (
  definition: PrepareDefinition,
  onStep: (step: PrepareProgress) => void,
  cancelled: vscode.CancellationToken,
) => Promise<PrepareResult | undefined>;

/** The task of a prepare. */
export function prepareTask(
  definition: PrepareDefinition,
  run: RunPrepare,
  reveal: vscode.TaskRevealKind,
): vscode.Task {
  const execution = new vscode.CustomExecution(() => Promise.resolve(new PrepareTerminal(definition, run)));
  const task = new vscode.Task(
    definition,
    vscode.TaskScope.Workspace,
    taskName(definition),
    'HPC Compose',
    execution,
  );
  task.presentationOptions = {
    reveal,
    focus: false,
    panel: vscode.TaskPanelKind.Dedicated,
    showReuseMessage: false,
  };
  task.isBackground = false;
  return task;
}

/** What the task and its terminal are called. */
export function taskName(definition: PrepareDefinition): string {
  return definition.service
    ? vscode.l10n.t('Prepare {0}', definition.service)
    : vscode.l10n.t('Prepare all services');
}

const COLOURS: Readonly<Partial<Record<PrepareProgress['phase'], string>>> = {
  done: '\x1b[32m',
  failed: '\x1b[31m',
  waiting: '\x1b[33m',
};
const INTERRUPT = '\x03';
/** A terminal that closes sooner is reported as one that could not start. */
const SHORTEST_LIFE_MS = 600;

class PrepareTerminal implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  private readonly closed = new vscode.EventEmitter<number>();
  private readonly source = new vscode.CancellationTokenSource();
  private readonly definition: PrepareDefinition;
  private readonly run: RunPrepare;
  readonly onDidWrite = this.written.event;
  readonly onDidClose = this.closed.event;

  constructor(definition: PrepareDefinition, run: RunPrepare) {
    this.definition = definition;
    this.run = run;
  }

  open(): void {
    void this.prepare();
  }

  close(): void {
    this.source.cancel();
  }

  handleInput(data: string): void {
    if (data.includes(INTERRUPT)) this.source.cancel();
  }

  private line(text: string): void {
    this.written.fire(`${text.replace(/\r?\n/g, '\r\n')}\r\n`);
  }

  private async prepare(): Promise<void> {
    const opened = Date.now();
    const exitCode = await this.outcome();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, opened + SHORTEST_LIFE_MS - Date.now())));
    this.closed.fire(exitCode);
  }

  private async outcome(): Promise<number> {
    try {
      const result = await this.run(this.definition, (step) => this.show(step), this.source.token);
      for (const line of summary(result)) this.line(line);
      return result !== undefined && succeeded(result) ? 0 : 1;
    } catch (error) {
      const cancelled = error instanceof vscode.CancellationError;
      const words = cancelled ? vscode.l10n.t('Cancelled.') : describeFailure(error);
      this.line(`\x1b[31m${words}\x1b[0m`);
      return cancelled ? 130 : 1;
    }
  }

  private show(step: PrepareProgress): void {
    if (step.line !== undefined) {
      this.line(`\x1b[2m${step.service} |\x1b[0m ${step.line}`);
      return;
    }
    const colour = COLOURS[step.phase] ?? '\x1b[1m';
    this.line(`${colour}${step.service}: ${step.message}\x1b[0m`);
  }
}

/** True when no artifact failed or was skipped. */
export function succeeded(result: PrepareResult): boolean {
  return result.services.every((service) =>
    [service.base_image, service.runtime_image].every(
      (image) => image === null || !['failed', 'skipped'].includes(image.action),
    ),
  );
}

function summary(result: PrepareResult | undefined): string[] {
  if (!result) return [];
  return result.services.map((service) => {
    const { action, path, error } = service.runtime_image;
    const colour = action === 'failed' || action === 'skipped' ? '\x1b[31m' : '\x1b[32m';
    return `${colour}${service.service_name}: ${action}\x1b[0m ${error?.message ?? path}`;
  });
}
