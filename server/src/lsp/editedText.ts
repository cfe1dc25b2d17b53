// The text of an open document. Positions mean what they mean to vscode-languageserver-textdocument: lines end at LF, CR LF and
// CR, columns are UTF-16, what lies beyond an end is that end. An edit costs what it touches, however long the text is.
import type { Position, Range, TextDocumentContentChangeEvent } from 'vscode-languageserver';
import { PieceText } from '../model/pieceText.ts';

/** What one change did: `[start, end)` of the old text became `length` characters. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly length: number;
}

export class EditedText {
  /** The text as it is now: a value that later edits leave alone. */
  state: PieceText;
  version: number;

  constructor(version: number, text: string) {
    this.state = PieceText.of(text);
    this.version = version;
  }

  get length(): number {
    return this.state.length;
  }

  get lineCount(): number {
    return this.state.lineCount;
  }

  /** The characters of a range, or all of them: as one string, which has to be made for whoever asks first after an edit. */
  getText(range?: Range): string {
    if (!range) return this.state.toString();
    const { start, end } = this.offsetsOf(range);
    return this.state.slice(start, end);
  }

  offsetAt({ line, character }: Position): number {
    if (line < 0) return 0;
    const { state } = this;
    const start = state.startOf(line);
    if (line >= state.lineCount || character <= 0) return start;
    return this.beforeBreak(Math.min(start + character, state.startOf(line + 1)), start);
  }

  positionAt(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.state.length));
    const line = this.state.lineOf(at);
    const start = this.state.startOf(line);
    return { line, character: this.beforeBreak(at, start) - start };
  }

  /** Takes one change of the client; undefined when it replaced everything. */
  change(change: TextDocumentContentChangeEvent, version: number): TextEdit | undefined {
    this.version = version;
    if (!('range' in change)) {
      this.state = PieceText.of(change.text);
      return undefined;
    }
    const { start, end } = this.offsetsOf(change.range);
    this.state = this.state.replaced(start, end, change.text);
    return { start, end, length: change.text.length };
  }

  /** In their order, whichever way the range was given. */
  private offsetsOf(range: Range): { readonly start: number; readonly end: number } {
    const [a, b] = [this.offsetAt(range.start), this.offsetAt(range.end)];
    return { start: Math.min(a, b), end: Math.max(a, b) };
  }

  /** No place lies behind what ends its line. */
  private beforeBreak(offset: number, lineStart: number): number {
    const before = this.state.slice(Math.max(lineStart, offset - 2), offset);
    return offset - (/[\r\n]*$/.exec(before)?.[0].length ?? 0);
  }
}
