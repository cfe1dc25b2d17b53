// Names of services over LSP: definition, uses, rename; and a document that is a spec only because people say so.
import assert from 'node:assert/strict';
import type { Location, WorkspaceEdit } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Footprint } from '../../server/src/model/protocol.ts';
import { LspClient } from '../helpers/lspClient.ts';

const URI = 'file:///nowhere/compose.yaml';
const TEXT = `x-slurm: {}
services:
  store:
    image: redis:7
  app:
    image: a
    depends_on: ['store']
`;

describe('names of services in the editor', () => {
  let client: LspClient;
  const start = async (text = TEXT) => {
    client = await LspClient.start({ env: {}, settings: {}, options: { trusted: false } });
    await client.open(URI, text);
  };
  const textDocument = { uri: URI };
  const use = { line: 6, character: 20 };
  afterEach(async () => {
    await client.stop();
  });

  it('lead to the definition and to all uses', async () => {
    await start();
    const definition = await client.request<Location>('textDocument/definition', {
      textDocument,
      position: use,
    });
    assert.equal(definition.range.start.line, 2);
    const found = await client.request<Location[]>('textDocument/references', {
      ...{ textDocument, position: use },
      context: { includeDeclaration: true },
    });
    assert.deepEqual(
      found.map(({ range }) => range.start.line),
      [2, 6],
    );
  });

  it('are renamed everywhere, quotes kept, numbers quoted', async () => {
    await start();
    const rename = async (newName: string) => {
      const edit = await client.request<WorkspaceEdit>('textDocument/rename', {
        ...{ textDocument, position: use, newName },
      });
      return TextDocument.applyEdits(TextDocument.create(URI, 'yaml', 1, TEXT), edit.changes?.[URI] ?? []);
    };
    assert.equal(
      await rename('cache'),
      TEXT.replace('  store:', '  cache:').replace("['store']", "['cache']"),
    );
    assert.match(await rename('42'), /^ {2}"42":$/m);
    await assert.rejects(rename('app'), /There is a service app already/);
  });

  it('are nowhere else', async () => {
    await start();
    const position = { line: 3, character: 12 };
    assert.equal(await client.request('textDocument/prepareRename', { textDocument, position }), null);
  });

  it('are there in a document that people declare to be a spec', async () => {
    await start(TEXT.replace('x-slurm: {}\n', ''));
    const position = { line: 5, character: 19 };
    assert.equal(await client.request('textDocument/definition', { textDocument, position }), null);
    await client.request('hpcCompose/treatAsSpec', { uri: URI });
    assert.ok(await client.request('textDocument/definition', { textDocument, position }));
    const footprint = await client.request<Footprint>('hpcCompose/footprint', {});
    assert.equal(footprint.specs, 1);
  });
});
