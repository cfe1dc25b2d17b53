// Prepare one service or all of them: starts the task, shows progress with a cancel button, tells how it ended.
import * as vscode from 'vscode';
import type {
  PrepareAction,
  PrepareArtifactResult,
  PrepareProgress,
  PrepareResult,
  PrepareServiceResult,
} from '../../../server/src/model/cache.ts';
import { hintFor } from '../../../server/src/model/failure.ts';
import type { PrepareParams } from '../../../server/src/model/protocol.ts';
import type { App } from '../app.ts';
import { requestWithReports } from '../cacheClient.ts';
import {
  type PrepareDefinition,
  prepareTask,
  type RunPrepare,
  succeeded,
  TASK_TYPE,
  taskName,
} from '../prepareTask.ts';
import { showFailure } from '../ui/failures.ts';
import { readSettings } from '../ui/settings.ts';
import { command, requireTrust } from './register.ts';
import { pickService, serviceOf, targetSpec } from './target.ts';

/** Registers the prepare commands and the task type. */
export function registerPrepare(app: App): vscode.Disposable {
  const pickTitle = vscode.l10n.t('Prepare which service?');
  const start = async (argument: unknown, kind: { all: boolean; force: boolean }) => {
    if (!(await requireTrust())) return undefined;
    const uri = await targetSpec(app, argument);
    if (!uri) return undefined;
    const service = kind.all ? undefined : (serviceOf(argument) ?? (await pickService(app, uri, pickTitle)));
    if (!kind.all && service === undefined) return undefined;
    return startTask(app, definitionOf(uri, service, kind.force));
  };
  return vscode.Disposable.from(
    command(app, 'prepareService', (argument: unknown) => start(argument, { all: false, force: false })),
    command(app, 'prepareAll', (argument: unknown) => start(argument, { all: true, force: false })),
    command(app, 'prepareForce', (argument: unknown) => start(argument, { all: false, force: true })),
    command(app, 'cancelOperation', () => app.operations.cancel()),
    vscode.tasks.registerTaskProvider(TASK_TYPE, {
      provideTasks: () => {
        const uri = app.documents.current();
        return uri ? [taskOf(app, definitionOf(uri, undefined, false))] : [];
      },
      resolveTask: (task) => taskOf(app, task.definition as PrepareDefinition),
    }),
  );
}

function definitionOf(uri: vscode.Uri, service: string | undefined, force: boolean): PrepareDefinition {
  return {
    type: TASK_TYPE,
    operation: 'prepare',
    file: uri.scheme === 'file' ? uri.fsPath : uri.toString(),
    ...(service === undefined ? {} : { service }),
    ...(force ? { force } : {}),
  };
}

/** Runs the task; gives the prepare's result when it has ended, undefined when it failed, was cancelled or could not start. */
async function startTask(app: App, definition: PrepareDefinition): Promise<PrepareResult | undefined> {
  if (!app.operations.isFree()) return undefined;
  let result: PrepareResult | undefined;
  const run: RunPrepare = async (...args) => {
    result = await runPrepare(app)(...args);
    return result;
  };
  await app.tasks.run(prepareTask(definition, run, revealKind()));
  return result;
}

function taskOf(app: App, definition: PrepareDefinition): vscode.Task {
  return prepareTask(definition, runPrepare(app), revealKind());
}

function revealKind(): vscode.TaskRevealKind {
  const { prepareReveal } = readSettings();
  return prepareReveal === 'always' ? vscode.TaskRevealKind.Always : vscode.TaskRevealKind.Silent;
}

function runPrepare(app: App): RunPrepare {
  return async (definition, onStep, cancelled) => {
    const title = definition.service
      ? vscode.l10n.t('Preparing {0}', definition.service)
      : vscode.l10n.t('Preparing all services');
    const params: PrepareParams = {
      uri: uriOfFile(definition.file).toString(),
      ...(definition.service === undefined ? {} : { service: definition.service }),
      ...(definition.force ? { force: true } : {}),
    };
    try {
      const result = await app.operations.run(title, (operation) =>
        withProgress(title, definition.service !== undefined, [operation, cancelled], (token, report) =>
          requestWithReports(app.server, 'hpcCompose/prepare', params, token, (step) => {
            report(step);
            onStep(step);
            logStep(app.log, step);
          }),
        ),
      );
      if (result) void tellResult(app, definition, result);
      return result;
    } catch (error) {
      void showFailure(app.log, error);
      throw error;
    } finally {
      void app.states.refresh();
    }
  };
}

function uriOfFile(file: string): vscode.Uri {
  return /^[\w+.-]{2,}:/.test(file) ? vscode.Uri.parse(file) : vscode.Uri.file(file);
}

async function withProgress<T>(
  title: string,
  isSingle: boolean,
  tokens: readonly vscode.CancellationToken[],
  act: (token: vscode.CancellationToken, report: (step: PrepareProgress) => void) => Promise<T>,
): Promise<T> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (progress, user) => {
    const source = new vscode.CancellationTokenSource();
    const listeners = [user, ...tokens].map((token) => token.onCancellationRequested(() => source.cancel()));
    let reported = 0;
    try {
      return await act(source.token, (step) => {
        if (step.line !== undefined) return;
        const percent = Math.floor((step.fraction ?? 0) * 100);
        progress.report({
          message: stepText(step, isSingle),
          increment: Math.max(0, percent - reported),
        });
        reported = Math.max(reported, percent);
      });
    } finally {
      vscode.Disposable.from(source, ...listeners).dispose();
    }
  });
}

function stepText({ service, message }: PrepareProgress, isSingle: boolean): string {
  return isSingle ? message : `${service}: ${message}`;
}

function logStep(log: vscode.LogOutputChannel, step: PrepareProgress): void {
  if (step.line === undefined) log.info(`prepare ${step.service}: ${step.message}`);
  else log.debug(`prepare ${step.service} | ${step.line}`);
}

async function tellResult(app: App, definition: PrepareDefinition, result: PrepareResult): Promise<void> {
  if (succeeded(result)) {
    const built = result.services.filter((service) => service.runtime_image.action === 'built').length;
    const words =
      built === 0
        ? vscode.l10n.t('Everything was prepared already.')
        : vscode.l10n.t('Prepared {0}.', namesOf(result, 'built'));
    const inspect = vscode.l10n.t('Inspect');
    if ((await vscode.window.showInformationMessage(words, inspect)) === inspect)
      await vscode.commands.executeCommand('hpcCompose.cache.inspect', uriOfFile(definition.file));
    return;
  }
  await tellFailure(app, definition, result);
}

async function tellFailure(app: App, definition: PrepareDefinition, result: PrepareResult): Promise<void> {
  const failed = result.services.find((service) => imageError(service) !== undefined);
  const error = failed && imageError(failed);
  const words =
    failed && error
      ? vscode.l10n.t('Preparing {0} failed: {1}', failed.service_name, describeError(error))
      : vscode.l10n.t('Not every service could be prepared.');
  app.log.error(words);
  if (readSettings().prepareReveal !== 'never') showTerminal(definition);
  const retry = vscode.l10n.t('Try Again');
  const show = vscode.l10n.t('Show Log');
  const settings = vscode.l10n.t('Open Setting');
  const buttons = error?.code === 'tool-missing' ? [settings, retry] : [retry, show];
  const chosen = await vscode.window.showErrorMessage(words, ...buttons);
  if (chosen === retry) await startTask(app, definition);
  if (chosen === show) showTerminal(definition);
  if (chosen === settings)
    await vscode.commands.executeCommand('workbench.action.openSettings', 'hpcCompose.enroot.path');
}

function describeError({ code, message }: { code: string; message: string }): string {
  return `${/[.!?]$/.test(message) ? message : `${message}.`} ${hintFor(code)}`.trim();
}

/** Brings the task's terminal, which holds the live log, to the front without taking the focus. */
function showTerminal(definition: PrepareDefinition): void {
  const name = taskName(definition);
  vscode.window.terminals.findLast((terminal) => terminal.name.includes(name))?.show(true);
}

function namesOf(result: PrepareResult, action: PrepareAction): string {
  const names = result.services.filter(({ runtime_image }) => runtime_image.action === action);
  return names.map(({ service_name }) => service_name).join(', ');
}

function imageError(service: PrepareServiceResult): PrepareArtifactResult['error'] {
  return service.base_image?.error ?? service.runtime_image.error;
}
