// Several questions in a row with a way back: each is asked with what was answered so far.
import * as vscode from 'vscode';

/** The answer of people who want the question before. */
export const BACK = Symbol('back');

/** Asks one thing: gives what is known then, `BACK` for the question before, or undefined when people turn away. */
export type Step<T> = (known: T, place: StepPlace) => Promise<T | typeof BACK | undefined>;

export interface StepPlace {
  readonly title: string;
  readonly step: number;
  readonly totalSteps: number;
}

/** Asks all questions; gives the last answer, or undefined when people turn away. */
export async function askSteps<T>(
  title: string,
  start: T,
  steps: readonly Step<T>[],
): Promise<T | undefined> {
  const before: T[] = [];
  let known = start;
  for (let next = steps[0]; next; next = steps[before.length]) {
    const answer = await next(known, { title, step: before.length + 1, totalSteps: steps.length });
    if (answer === undefined) return undefined;
    if (answer === BACK) known = before.pop() ?? start;
    else {
      before.push(known);
      known = answer;
    }
  }
  return known;
}

interface PickQuestion<I extends vscode.QuickPickItem> {
  readonly place: StepPlace;
  readonly placeholder: string;
  readonly items: readonly I[];
  readonly active?: I | undefined;
}

/** One of several items. */
export function askPick<I extends vscode.QuickPickItem>(
  question: PickQuestion<I>,
): Promise<I | typeof BACK | undefined> {
  const pick = vscode.window.createQuickPick<I>();
  Object.assign(pick, question.place);
  pick.placeholder = question.placeholder;
  pick.items = question.items;
  pick.matchOnDescription = true;
  pick.ignoreFocusOut = true;
  if (question.active) pick.activeItems = [question.active];
  return ask(pick, question.place, () => pick.selectedItems[0]);
}

interface InputQuestion {
  readonly place: StepPlace;
  readonly prompt: string;
  readonly value: string;
  /** What is wrong with the text, or undefined. */
  readonly check?: (text: string) => string | undefined;
}

/** One line of text. */
export function askText(question: InputQuestion): Promise<string | typeof BACK | undefined> {
  const input = vscode.window.createInputBox();
  Object.assign(input, question.place);
  input.prompt = question.prompt;
  input.value = question.value;
  input.ignoreFocusOut = true;
  const problem = () => question.check?.(input.value.trim());
  input.onDidChangeValue(() => (input.validationMessage = problem()));
  return ask(input, question.place, () => (problem() === undefined ? input.value.trim() : undefined));
}

function ask<A>(
  box: vscode.QuickPick<vscode.QuickPickItem> | vscode.InputBox,
  { step }: StepPlace,
  answer: () => A | undefined,
): Promise<A | typeof BACK | undefined> {
  if (step > 1) box.buttons = [vscode.QuickInputButtons.Back];
  return new Promise((resolve) => {
    const end = (value: A | typeof BACK | undefined) => {
      resolve(value);
      box.hide();
    };
    box.onDidTriggerButton(() => end(BACK));
    box.onDidAccept(() => {
      const value = answer();
      if (value !== undefined) end(value);
    });
    box.onDidHide(() => {
      resolve(undefined);
      box.dispose();
    });
    box.show();
  });
}
