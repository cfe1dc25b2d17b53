// Runs a task to its very end. VS Code asks a person what to do when a task starts while its twin has not been let go of;
// that question must not come up for one that has done its work and is only closing its terminal.
import * as vscode from 'vscode';

/** How long a twin that is closing may take before it is ended, in milliseconds. */
const CLOSING_LIMIT_MS = 5000;

export interface TaskRuns {
  /** Starts the task once no task of the same name and source is left; resolves when VS Code reports its end. */
  run(task: vscode.Task): Promise<void>;
}

/** Tasks that are asked for at the same moment run one after the other. */
export function createTaskRuns(): TaskRuns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(task) {
      const mine = last.then(() => runToEnd(task));
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}

async function runToEnd(task: vscode.Task): Promise<void> {
  for (const twin of vscode.tasks.taskExecutions.filter((one) => isSame(one.task, task))) await letGo(twin);
  const ended = new Set<vscode.TaskExecution>();
  let wake: () => void = () => undefined;
  const listener = vscode.tasks.onDidEndTask(({ execution }) => {
    ended.add(execution);
    wake();
  });
  try {
    const execution = await vscode.tasks.executeTask(task);
    while (!ended.has(execution)) await new Promise<void>((resolve) => (wake = resolve));
  } finally {
    listener.dispose();
  }
}

function isSame(one: vscode.Task, other: vscode.Task): boolean {
  return one.name === other.name && one.source === other.source;
}

async function letGo(twin: vscode.TaskExecution): Promise<void> {
  const isOver = () => !vscode.tasks.taskExecutions.includes(twin);
  let listener: vscode.Disposable | undefined;
  const ended = new Promise<void>((resolve) => {
    listener = vscode.tasks.onDidEndTask(() => {
      if (isOver()) resolve();
    });
  });
  const limit = setTimeout(() => twin.terminate(), CLOSING_LIMIT_MS);
  try {
    if (!isOver()) await ended;
  } finally {
    clearTimeout(limit);
    listener?.dispose();
  }
}
