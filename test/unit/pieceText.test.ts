import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PieceText } from '../../server/src/model/pieceText.ts';
import {
  holds,
  isSameText,
  runsFrom,
  sharedEnd,
  sharedStart,
  type Text,
} from '../../server/src/model/text.ts';

const texts = fc
  .array(fc.constantFrom('a', 'ab', '\n', '\r\n', '\r', '"'), { maxLength: 40 })
  .map((parts) => parts.join(''));
const edits = fc.record({ start: fc.nat(60), size: fc.nat(20), text: texts });
const SIZE = 4;

/** A text and what a few edits make of it, each as a string and in pieces. */
const states = fc.tuple(texts, fc.array(edits, { maxLength: 6 })).map(([first, changes]) => {
  const all = [{ text: first, pieces: PieceText.of(first, SIZE) }];
  for (const change of changes) {
    const { text, pieces } = all.at(-1) ?? { text: '', pieces: PieceText.of('') };
    const start = Math.min(change.start, text.length);
    const end = Math.min(start + change.size, text.length);
    all.push({
      text: text.slice(0, start) + change.text + text.slice(end),
      pieces: pieces.replaced(start, end, change.text),
    });
  }
  return all;
});

function sharedAtStart(a: string, b: string): number {
  let at = 0;
  while (at < Math.min(a.length, b.length) && a[at] === b[at]) at += 1;
  return at;
}

const reversed = (text: string) => text.split('').toReversed().join('');

describe('a text in pieces', () => {
  it('has the characters of the text, all of them and any part', () => {
    fc.assert(
      fc.property(states, fc.nat(50), fc.nat(50), (all, start, end) => {
        for (const { text, pieces } of all) {
          assert.equal(pieces.slice(start, end), text.slice(start, end));
          assert.equal(pieces.slice(start), text.slice(start));
          assert.equal(pieces.length, text.length);
          assert.equal(pieces.toString(), text);
          assert.equal(pieces.includes('ab"'), text.includes('ab"'));
          assert.equal(holds(pieces, /a$/m), /a$/m.test(text));
        }
      }),
    );
  });

  it('comes in runs of whole lines', () => {
    fc.assert(
      fc.property(states, fc.nat(50), (all, from) => {
        for (const { text, pieces } of all) {
          const runs = [...runsFrom(pieces, from)];
          assert.equal(runs.map((run) => run.text.slice(run.from)).join(''), text.slice(from));
          for (const run of runs.slice(0, -1)) assert.match(run.text, /\n$/);
        }
      }),
    );
  });

  it('tells what it shares with any other text', () => {
    fc.assert(
      fc.property(states, (all) => {
        const [a, b] = [all[0], all.at(-1)];
        if (!a || !b) return;
        const pairs: [Text, Text][] = [[a.pieces, b.pieces], [a.text, b.pieces], [a.pieces, b.text], [a.text, b.text]]; // prettier-ignore
        for (const [first, second] of pairs) {
          assert.equal(sharedStart(first, second), sharedAtStart(a.text, b.text));
          assert.equal(sharedEnd(first, second), sharedAtStart(reversed(a.text), reversed(b.text)));
          assert.equal(isSameText(first, second), a.text === b.text);
        }
      }),
    );
  });

  it('is cut into pieces that stay near their size, however it is edited', () => {
    let text = PieceText.of('line of a text\n'.repeat(100), 100);
    for (let round = 0; round < 500; round += 1) {
      const at = (round * 7919) % text.length;
      text = text.replaced(
        at,
        Math.min(at + (round % 40), text.length),
        round % 3 === 0 ? 'one more\nline' : '',
      );
      const runs = [...runsFrom(text, 0)].map((run) => run.text.length);
      const whole = text.toString().split('\n');
      const longest = Math.max(...whole.map((line) => line.length + 1));
      for (const size of runs) assert.ok(size <= 200 + longest, `a piece of ${size}`);
      for (const size of runs.slice(0, -1)) assert.ok(size >= 50, `a piece of ${size}`);
    }
  });
});
