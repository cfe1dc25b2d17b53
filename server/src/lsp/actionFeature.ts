// Quick fixes: what findings carry themselves, shared directories for an unsafe cache directory, and ignoring a rule here.
import fs from 'node:fs/promises';
import path from 'node:path';
import {
  CodeActionKind,
  TextEdit,
  type CodeAction,
  type CodeActionParams,
  type Diagnostic,
  type TextDocumentEdit,
  type WorkspaceEdit,
} from 'vscode-languageserver';
import { URI } from 'vscode-uri';
import { ignoreComment } from '../language/ignoreComment.ts';
import type { Finding, FindingFix } from '../model/finding.ts';
import { cacheDirFixes, type CacheFixSources } from '../spec/lint/cachePath.ts';
import { rangeOf } from './diagnosticOf.ts';
import { guarded } from './guarded.ts';
import { LARGEST_TEXT, type OpenDocument } from './openDocuments.ts';
import type { FeatureRegistration, ServerContext } from './serverContext.ts';
import { sharedDirectories } from './sharedDirectories.ts';
import { choicesFor } from './specPlans.ts';

const FIX_ALL = 'source.fixAll.hpcCompose';

/** Registers the code action provider. */
export function registerActions(context: ServerContext): FeatureRegistration {
  context.connection.onCodeAction((params, token) =>
    guarded(context.log, 'codeAction', token, async () => {
      const document = context.documents.get(params.textDocument.uri);
      if (!document || !context.documents.isSpec(document.uri)) return [];
      if (document.text.length > LARGEST_TEXT) return [];
      return actionsFor(context, document, params);
    }),
  );
  return { capabilities: { codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, FIX_ALL] } } };
}

async function actionsFor(
  context: ServerContext,
  document: OpenDocument,
  params: CodeActionParams,
): Promise<CodeAction[]> {
  const { only, diagnostics } = params.context;
  const wants = (kind: string) => !only || only.some((one) => kind === one || kind.startsWith(`${one}.`));
  const findings = context.findingsOf(document);
  const actions: CodeAction[] = [];
  if (wants(CodeActionKind.QuickFix)) {
    for (const diagnostic of diagnostics.filter(({ source }) => source === 'hpc-compose')) {
      if (diagnostic.code === 'HPC004')
        actions.push(...(await directoryFixes(context, document, diagnostic)));
      else actions.push(...findingFixes(findings, diagnostic, document));
      actions.push(...ignoreFix(diagnostic, document));
    }
  }
  if (only && wants(FIX_ALL)) actions.push(...fixAll(findings, document));
  return actions;
}

function findingFixes(
  findings: readonly Finding[],
  diagnostic: Diagnostic,
  document: OpenDocument,
): CodeAction[] {
  const start = document.text.offsetAt(diagnostic.range.start);
  const match = findings.filter(({ code, span }) => code === diagnostic.code && span.start === start);
  return match
    .flatMap(({ fixes = [] }) => fixes)
    .map((fix) => ({
      title: fix.title,
      kind: CodeActionKind.QuickFix,
      diagnostics: [diagnostic],
      ...(fix.preferred ? { isPreferred: true } : {}),
      edit: { changes: { [document.uri]: editsOf(fix, document) } },
    }));
}

function fixAll(findings: readonly Finding[], document: OpenDocument): CodeAction[] {
  const safe = findings.flatMap(({ fixes = [] }) => fixes.filter((fix) => fix.preservesMeaning).slice(0, 1));
  const edits = safe.flatMap((fix) => editsOf(fix, document));
  if (edits.length === 0) return [];
  return [{ title: 'Apply all safe fixes', kind: FIX_ALL, edit: { changes: { [document.uri]: edits } } }];
}

function editsOf(fix: FindingFix, document: OpenDocument): TextEdit[] {
  return fix.edits
    .filter(({ span }) => span.file === document.path)
    .map(({ span, newText }) => TextEdit.replace(rangeOf(span, document), newText));
}

function ignoreFix(diagnostic: Diagnostic, document: OpenDocument): CodeAction[] {
  const code = String(diagnostic.code);
  const insert = ignoreComment(document.text.getText(), document.text.offsetAt(diagnostic.range.start), code);
  if (!insert) return [];
  const at = document.text.positionAt(insert.offset);
  return [
    {
      title: `Ignore ${code} here`,
      kind: CodeActionKind.QuickFix,
      diagnostics: [diagnostic],
      edit: { changes: { [document.uri]: [TextEdit.insert(at, insert.text)] } },
    },
  ];
}

/** Ways out of an unsafe cache directory on this machine; what the finding itself carries where the disk is not looked at. */
async function directoryFixes(
  context: ServerContext,
  document: OpenDocument,
  diagnostic: Diagnostic,
): Promise<CodeAction[]> {
  const text = document.text.getText();
  const root = context.treeOf(document);
  if (root?.kind !== 'map') return [];
  const { sources, dotenv } = await fixSources(context, document);
  const raw = document.text.getText(diagnostic.range);
  const fixes = cacheDirFixes(root, raw, (file) => (file === document.path ? text : undefined), sources);
  return fixes.map((fix) => ({
    title: fix.title,
    kind: CodeActionKind.QuickFix,
    diagnostics: [diagnostic],
    ...(fix.preferred ? { isPreferred: true } : {}),
    edit: editWithDotenv(fix, document, dotenv),
  }));
}

interface Dotenv {
  readonly file: string;
  readonly text: string | undefined;
}

/** Shared directories, and whether CACHE_DIR is defined: by settings, the environment, or the dotenv file beside the spec. */
async function fixSources(
  context: ServerContext,
  document: OpenDocument,
): Promise<{ sources: CacheFixSources; dotenv?: Dotenv }> {
  if (!context.trusted) return { sources: {} };
  const { choices, ports } = await choicesFor(context, document.uri);
  const candidates = await sharedDirectories(ports.env, choices);
  if (choices.env.CACHE_DIR !== undefined)
    return { sources: { candidates, definedWhere: 'in the setting hpcCompose.env' } };
  if (ports.env.CACHE_DIR !== undefined)
    return { sources: { candidates, definedWhere: 'in the environment' } };
  if (!path.isAbsolute(document.path)) return { sources: { candidates } };
  const file = path.join(path.dirname(document.path), '.env');
  const text = await fs.readFile(file, 'utf8').catch(() => undefined);
  if (text !== undefined && /^\s*(?:export )?\s*CACHE_DIR\s*=\s*\S/m.test(text))
    return { sources: { candidates, definedWhere: 'in .env beside the spec' } };
  const dotenv = { file, text };
  return { sources: { candidates, dotenv }, dotenv };
}

/** Edits of the spec, and of the dotenv file, which is made when it is not there. */
function editWithDotenv(fix: FindingFix, document: OpenDocument, dotenv: Dotenv | undefined): WorkspaceEdit {
  const edits = editsOf(fix, document);
  const added = dotenv && fix.edits.find(({ span }) => span.file === dotenv.file);
  if (!added) return { changes: { [document.uri]: edits } };
  const uri = URI.file(dotenv.file).toString();
  const lines = (dotenv.text ?? '').split('\n');
  const end = { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
  const spec: TextDocumentEdit = {
    textDocument: { uri: document.uri, version: document.text.version },
    edits,
  };
  const other: TextDocumentEdit = {
    textDocument: { uri, version: null },
    edits: [TextEdit.insert(end, added.newText)],
  };
  const create =
    dotenv.text === undefined ? [{ kind: 'create' as const, uri, options: { ignoreIfExists: true } }] : [];
  return { documentChanges: [...create, other, spec] };
}
