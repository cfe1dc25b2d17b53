// Tells how VS Code's own grammars colour a YAML text, with and without ours: {line, text, scopes} for every token. The engine (vscode-textmate) and the
// grammars come from the VS Code under test, so a change there shows here.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as vscode from 'vscode';

export interface Token {
  line: number;
  start: number;
  text: string;
  scopes: string[];
}

export type Tokenise = (text: string) => Token[];

interface Grammar {
  tokenizeLine(line: string, stack: unknown): { tokens: RawToken[]; ruleStack: unknown };
}
interface RawToken {
  startIndex: number;
  endIndex: number;
  scopes: string[];
}
interface Textmate {
  INITIAL: unknown;
  Registry: new (options: object) => { loadGrammar(scope: string): Promise<Grammar> };
  parseRawGrammar(content: string, file: string): unknown;
}
interface Oniguruma {
  loadWASM(data: Buffer): Promise<void>;
  OnigScanner: new (patterns: string[]) => unknown;
  OnigString: new (text: string) => unknown;
}

interface Contribution {
  scopeName: string;
  path: string;
  injectTo?: string[];
}

/** The two ways to colour YAML, or undefined where this VS Code hides its engine. */
export async function loadGrammars(): Promise<{ ours: Tokenise; plain: Tokenise } | undefined> {
  const engine = findEngine();
  if (engine === undefined) return undefined;
  await engine.oniguruma.loadWASM(engine.wasm);
  return { ours: await tokeniser(engine, true), plain: await tokeniser(engine, false) };
}

function findEngine() {
  const required = createRequire(path.join(vscode.env.appRoot, 'package.json'));
  try {
    const oniguruma = required('vscode-oniguruma') as Oniguruma;
    const wasm = fs.readFileSync(required.resolve('vscode-oniguruma').replace(/main\.js$/, 'onig.wasm'));
    return { textmate: required('vscode-textmate') as Textmate, oniguruma, wasm };
  } catch {
    return undefined;
  }
}

async function tokeniser(engine: NonNullable<ReturnType<typeof findEngine>>, withOurs: boolean) {
  const { textmate, oniguruma } = engine;
  const files = new Map<string, string>();
  const injected: string[] = [];
  for (const id of ['vscode.yaml', 'vscode.shellscript', 'hpc-compose.hpc-compose'])
    for (const { scopeName, file, injectTo } of grammarsOf(id)) {
      files.set(scopeName, file);
      if (injectTo?.includes('source.yaml')) injected.push(scopeName);
    }
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns: string[]) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text: string) => new oniguruma.OnigString(text),
    }),
    loadGrammar: (scope: string) => {
      const file = files.get(scope);
      const grammar =
        file === undefined ? null : textmate.parseRawGrammar(fs.readFileSync(file, 'utf8'), file);
      return Promise.resolve(grammar);
    },
    getInjections: (scope: string) => (withOurs && scope === 'source.yaml' ? injected : []),
  });
  const grammar = await registry.loadGrammar('source.yaml');
  return (text: string) => tokensOf(grammar, textmate.INITIAL, text);
}

function grammarsOf(id: string) {
  const extension = vscode.extensions.getExtension(id);
  if (extension === undefined) throw new Error(`VS Code has no extension ${id}`);
  const { contributes } = extension.packageJSON as { contributes: { grammars: Contribution[] } };
  return contributes.grammars.map((one) => ({ ...one, file: path.join(extension.extensionPath, one.path) }));
}

function tokensOf(grammar: Grammar, initial: unknown, text: string): Token[] {
  let stack = initial;
  return text.split('\n').flatMap((content, line) => {
    const { tokens, ruleStack } = grammar.tokenizeLine(content, stack);
    stack = ruleStack;
    return tokens.map(({ startIndex, endIndex, scopes }) => ({
      ...{ line, start: startIndex, scopes },
      text: content.slice(startIndex, endIndex),
    }));
  });
}
