import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TextDocumentContentChangeEvent } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { EditedText } from '../../server/src/lsp/editedText.ts';
import { PieceText } from '../../server/src/model/pieceText.ts';

/** Every kind of line end, whole and torn, empty lines, and a character of two code units. */
const words = fc.array(fc.constantFrom('a', 'bc', ' ', '\n', '\r\n', '\r', '\n\r', '\u{1f600}'), {
  maxLength: 40,
});
const texts = words.map((parts) => parts.join(''));
const place = fc.record({
  line: fc.integer({ min: -1, max: 30 }),
  character: fc.integer({ min: -1, max: 9 }),
});
const edits = fc.oneof(
  { weight: 9, arbitrary: fc.record({ range: fc.record({ start: place, end: place }), text: texts }) },
  { weight: 1, arbitrary: fc.record({ text: texts }) },
);
/** Few code units, so that a short text has many pieces. */
const SIZE = 4;

/** As the library does it: a document of its own for each state, since what it keeps from edit to edit goes wrong beyond the ends. */
function editedByLibrary(text: string, change: TextDocumentContentChangeEvent): string {
  const document = TextDocument.create('u', 'yaml', 1, text);
  if (!('range' in change)) return change.text;
  const [a, b] = [document.offsetAt(change.range.start), document.offsetAt(change.range.end)];
  return text.slice(0, Math.min(a, b)) + change.text + text.slice(Math.max(a, b));
}

function inPieces(text: string): EditedText {
  const edited = new EditedText(1, '');
  edited.state = PieceText.of(text, SIZE);
  return edited;
}

function assertSamePlaces(edited: EditedText, text: string): void {
  const document = TextDocument.create('u', 'yaml', 1, text);
  assert.equal(edited.getText(), text);
  assert.equal(edited.length, text.length);
  assert.equal(edited.lineCount, document.lineCount);
  for (let offset = -1; offset <= text.length + 1; offset += 1)
    assert.deepEqual(edited.positionAt(offset), document.positionAt(offset), `offset ${offset}`);
  for (let line = -1; line <= document.lineCount + 1; line += 1)
    for (let character = -1; character < 7; character += 1)
      assert.equal(
        edited.offsetAt({ line, character }),
        document.offsetAt({ line, character }),
        `line ${line}`,
      );
}

describe('the text of an open document', () => {
  it('says after any edits what the library for texts says', () => {
    fc.assert(
      fc.property(texts, fc.array(edits, { maxLength: 8 }), (first, changes) => {
        const edited = inPieces(first);
        let text = first;
        assertSamePlaces(edited, text);
        for (const change of changes) {
          text = editedByLibrary(text, change);
          edited.change(change, 2);
          assertSamePlaces(edited, text);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives the characters of a range, whichever way it is given', () => {
    fc.assert(
      fc.property(texts, place, place, (text, start, end) => {
        const range = { start, end };
        assert.equal(inPieces(text).getText(range), TextDocument.create('u', 'yaml', 1, text).getText(range));
      }),
    );
  });

  it('tells what a change did in offsets of the text before it', () => {
    const edited = new EditedText(1, 'one\ntwo\nthree\n');
    const range = { start: { line: 2, character: 5 }, end: { line: 1, character: 1 } };
    assert.deepEqual(edited.change({ range, text: 'xy' }, 7), { start: 5, end: 13, length: 2 });
    assert.equal(edited.getText(), 'one\ntxy\n');
    assert.equal(edited.version, 7);
    assert.equal(edited.change({ text: 'new' }, 8), undefined);
    assert.equal(edited.getText(), 'new');
  });

  it('leaves the text of earlier states as it was', () => {
    const edited = inPieces('one\ntwo\nthree\n');
    const before = edited.state;
    edited.change(
      { range: { start: { line: 0, character: 0 }, end: { line: 2, character: 0 } }, text: '' },
      2,
    );
    assert.equal(before.toString(), 'one\ntwo\nthree\n');
  });
});
