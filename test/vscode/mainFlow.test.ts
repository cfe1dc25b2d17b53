// The main job in VS Code's extension host: diagnostic, fix, prepare by lens, inspect, prune; and what bad input gets.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { PrepareResult, PruneResult } from '../../server/src/model/cache.ts';

const CACHE = process.env.HPC_COMPOSE_TEST_CACHE ?? '';
const QUOTE = String.fromCharCode(34);

async function until<T>(what: string, find: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function folder(): string {
  return vscode.workspace.workspaceFolders![0]!.uri.fsPath;
}

async function show(file: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(path.join(folder(), file));
  await vscode.window.showTextDocument(document);
  return document;
}

/** Writes a file into the workspace and opens it. */
async function showNew(file: string, content: string | Buffer): Promise<vscode.TextDocument> {
  fs.writeFileSync(path.join(folder(), file), content);
  return show(file);
}

async function lensesOf(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
  return vscode.commands.executeCommand('vscode.executeCodeLensProvider', document.uri);
}

function lensOf(document: vscode.TextDocument, title: RegExp, service?: string) {
  return until(`lens ${String(title)}`, async () => {
    const lenses = await lensesOf(document);
    return lenses.find(({ command }) => {
      const argument = command?.arguments?.[0] as { service?: string } | undefined;
      return command && title.test(command.title) && argument?.service === service;
    });
  });
}

/** Clicks a lens. */
function click<T>({ command }: vscode.CodeLens): Thenable<T> {
  return vscode.commands.executeCommand<T>(command!.command, ...((command!.arguments ?? []) as unknown[]));
}

function findings(document: vscode.TextDocument): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(document.uri).filter(({ source }) => source === 'hpc-compose');
}

function codeOf({ code }: vscode.Diagnostic): unknown {
  return typeof code === 'object' ? code.value : code;
}

function files(directory: string): string[] {
  if (!fs.existsSync(directory)) return [];
  return (fs.readdirSync(directory, { recursive: true }) as string[]).sort();
}

function images(): string[] {
  return files(CACHE).filter((name) => /^(base|prepared)\/[^/]*\.sqsh$/.test(name));
}

type Said = (message: string, ...items: string[]) => string | undefined;

/** Answers messages in place of a person, and keeps them. */
function answer(kind: 'showErrorMessage' | 'showWarningMessage' | 'showInformationMessage', reply: Said) {
  const window = vscode.window as unknown as Record<string, unknown>;
  const original = window[kind];
  const said: string[] = [];
  window[kind] = (message: string, ...rest: unknown[]) => {
    said.push(message);
    return Promise.resolve(reply(message, ...rest.filter((item) => typeof item === 'string')));
  };
  return { said, restore: () => (window[kind] = original) };
}

async function configure(key: string, value: unknown): Promise<void> {
  const section = vscode.workspace.getConfiguration('hpcCompose');
  await section.update(key, value, vscode.ConfigurationTarget.Workspace);
}

async function revertAll(): Promise<void> {
  while (vscode.window.activeTextEditor?.document.isDirty) {
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  }
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

describe('main flow', () => {
  afterEach(revertAll);

  it('underlines an unsafe cache directory, and the preferred fix mends it', async () => {
    const document = await show('unsafe.yaml');
    const [diagnostic] = await until('HPC004', () => {
      const found = findings(document).filter((one) => codeOf(one) === 'HPC004');
      return found.length > 0 ? found : undefined;
    });
    assert.ok(diagnostic);
    assert.equal(document.getText(diagnostic.range), '/tmp/hpc-compose-cache');
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      document.uri,
      diagnostic.range,
    );
    assert.ok(actions.some(({ title }) => title.includes('${CACHE_DIR}')));
    const best = actions.find(({ isPreferred }) => isPreferred);
    assert.ok(best?.edit);
    await vscode.workspace.applyEdit(best.edit);
    await until('no HPC004', () =>
      findings(document).some((one) => codeOf(one) === 'HPC004') ? undefined : true,
    );
    assert.doesNotMatch(document.getText(), /cache_dir: \/tmp/);
  });

  it('prepares a service by its lens', async () => {
    const document = await show('compose.yaml');
    await lensOf(document, /not prepared/, 'store');
    await click(await lensOf(document, /^Prepare$/, 'store'));
    await lensOf(document, /cached .*used just now/, 'store');
    assert.equal(images().length, 1);
  });

  it('does not build again what is there', async () => {
    const document = await show('compose.yaml');
    const before = fs.statSync(path.join(CACHE, images()[0]!)).mtimeMs;
    const result = await click<PrepareResult>(await lensOf(document, /^Prepare$/, 'store'));
    assert.equal(result.services[0]?.runtime_image.action, 'reused');
    assert.equal(fs.statSync(path.join(CACHE, images()[0]!)).mtimeMs, before);
  });

  it('prepares one after the other when asked twice at once', async () => {
    const document = await show('compose.yaml');
    const lens = await lensOf(document, /^Prepare$/, 'store');
    const results = await Promise.all([click<PrepareResult>(lens), click<PrepareResult>(lens)]);
    assert.deepEqual(
      results.map((result) => result.services[0]?.runtime_image.action),
      ['reused', 'reused'],
    );
  });

  it('inspects a service as a page that can be read', async () => {
    const document = await show('compose.yaml');
    await click(await lensOf(document, /^Inspect$/, 'store'));
    const page = await vscode.workspace.openTextDocument(vscode.Uri.parse('hpc-compose-inspect:/store.md'));
    assert.match(page.getText(), /# store · compose\.yaml/);
    assert.match(page.getText(), /✓ Cached: the next prepare reuses it/);
    await until('preview', () =>
      vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).find(({ label }) => label.includes('store')),
    );
  });

  it('prunes what is selected and confirmed, and the lens knows', async () => {
    await configure('prune.defaultAgeDays', 0);
    await configure('prune.graceMinutes', 0);
    const document = await show('compose.yaml');
    await lensOf(document, /cached/, 'store');
    const asked = answer('showWarningMessage', (_message, ...buttons) =>
      buttons.find((item) => item.startsWith('Delete')),
    );
    try {
      const pruned = click<PruneResult | undefined>(await lensOf(document, /^Prune…$/));
      const accepting = setInterval(
        () => void vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem'),
        400,
      );
      const result = await pruned.then(
        (value) => value,
        () => undefined,
      );
      clearInterval(accepting);
      assert.equal(result?.removed_paths.length, 1);
    } finally {
      asked.restore();
    }
    assert.match(asked.said[0] ?? '', /^Delete 1 cache entry \(.*\)\?$/);
    assert.deepEqual(images(), []);
    await lensOf(document, /not prepared/, 'store');
  });

  it('removes nothing when the last question is not answered', async () => {
    const document = await show('compose.yaml');
    await click(await lensOf(document, /^Prepare$/, 'store'));
    const asked = answer('showWarningMessage', () => undefined);
    const told = answer('showInformationMessage', () => undefined);
    try {
      const entry = { artifact_path: path.join(CACHE, images()[0]!) };
      const node = { type: 'entry', id: 'x', cacheDir: CACHE, entry };
      await vscode.commands.executeCommand('hpcCompose.cache.pruneSelected', node, [node]);
    } finally {
      asked.restore();
      told.restore();
    }
    assert.equal(asked.said.length, 1, `said instead: ${told.said.join('\n')}`);
    assert.equal(images().length, 1);
  });
});

describe('what gets nothing from us', () => {
  afterEach(revertAll);

  it('is a plain Docker Compose file', async () => {
    const document = await showNew(
      'docker-compose.yaml',
      'services:\n  web:\n    image: nginx\n    ports: [80]\n',
    );
    await show('compose.yaml');
    await lensOf(vscode.window.activeTextEditor!.document, /^Prepare All$/);
    await vscode.window.showTextDocument(document);
    assert.deepEqual(findings(document), []);
    assert.deepEqual(await lensesOf(document), []);
  });
});

describe('a folder where it is switched off', () => {
  afterEach(async () => {
    await configure('enabled', undefined);
    await revertAll();
  });

  it('shows neither findings nor lenses', async () => {
    const document = await show('unsafe.yaml');
    await until('HPC004', () => (findings(document).length > 0 ? true : undefined));
    await configure('enabled', false);
    await until('silence', () => (findings(document).length === 0 ? true : undefined));
    assert.deepEqual(await lensesOf(document), []);
  });
});

describe('bad input', () => {
  const cacheDir = () => path.join(path.dirname(CACHE), 'bad-input-cache');
  const spec = (image = 'redis:7') =>
    `x-slurm:\n  cache_dir: ${cacheDir()}\nservices:\n  app:\n    image: ${image}\n`;
  let before: string[];
  const contents = () => files(path.dirname(CACHE)).filter((name) => !name.startsWith(path.basename(CACHE)));

  beforeEach(() => {
    before = contents();
  });
  afterEach(async () => {
    assert.deepEqual(contents(), before, 'nothing was written');
    await revertAll();
  });

  /** Prepares the document's service and gives every message that people saw. */
  const prepareAndListen = async (document: vscode.TextDocument): Promise<string[]> => {
    const kinds = ['showErrorMessage', 'showWarningMessage', 'showInformationMessage'] as const;
    const listeners = kinds.map((kind) => answer(kind, () => undefined));
    try {
      const argument = { uri: document.uri.toString(), service: 'app' };
      await vscode.commands.executeCommand('hpcCompose.prepareService', argument);
      const said = () => listeners.flatMap((one) => one.said);
      await until('a message', () => (said().length > 0 ? true : undefined));
      return said();
    } finally {
      for (const { restore } of listeners) restore();
    }
  };

  it('that is no YAML gets one finding at the place, and one message on prepare', async () => {
    const document = await showNew('broken.yaml', spec(`${QUOTE}redis`));
    const [finding, ...more] = await until('finding', () => {
      const found = findings(document);
      return found.length > 0 ? found : undefined;
    });
    assert.deepEqual(more, []);
    assert.equal(codeOf(finding!), 'R004');
    const said = await prepareAndListen(document);
    assert.equal(said.length, 1, said.join('\n'));
    assert.match(said[0]!, /has errors.*Problems/);
  });

  it('that is empty gets one finding when its name says that it is a spec', async () => {
    const document = await showNew('empty.hpc-compose.yaml', '');
    const found = await until('finding', () =>
      findings(document).length > 0 ? findings(document) : undefined,
    );
    assert.equal(found.length, 1);
  });

  it('of more than 5 MB gets one note and no analysis', async () => {
    const document = await showNew('large.hpc-compose.yaml', `${spec()}# ${'x'.repeat(5 * 1024 * 1024)}\n`);
    const found = await until('note', () => (findings(document).length > 0 ? findings(document) : undefined));
    assert.deepEqual(found.map(codeOf), ['HX001']);
  });

  it('with bytes of a binary file gets one finding', async () => {
    const document = await showNew(
      'binary.hpc-compose.yaml',
      Buffer.from([0x78, 0x2d, 1, 2, 3, 0xff, 0xfe, 0x3a, 10]),
    );
    const found = await until('finding', () =>
      findings(document).length > 0 ? findings(document) : undefined,
    );
    assert.equal(found.length, 1);
  });

  it('a cache directory that cannot be made gets one message with its path', async () => {
    fs.writeFileSync(path.join(folder(), 'a-file'), '');
    const document = await showNew(
      'unwritable.yaml',
      `x-slurm:\n  cache_dir: ${folder()}/a-file/cache\nservices:\n  app:\n    image: redis:7\n`,
    );
    const said = await prepareAndListen(document);
    assert.equal(said.length, 1, said.join('\n'));
    assert.ok(said[0]!.includes(`${folder()}/a-file`), said[0]);
  });

  it('no enroot gets one message that says what to do', async () => {
    await configure('enroot.path', path.join(folder(), 'no-such-enroot'));
    try {
      const document = await showNew('no-enroot.yaml', spec());
      const said = await prepareAndListen(document);
      assert.equal(said.length, 1, said.join('\n'));
      assert.match(said[0]!, /enroot was not found\. Install enroot/);
    } finally {
      await configure('enroot.path', undefined);
    }
  });
});
