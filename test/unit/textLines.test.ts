import assert from 'node:assert/strict';
import { linesOf } from '../../server/src/model/textLines.ts';

describe('lines of a text', () => {
  it('are found by any offset, the line end being of the line before it', () => {
    const { lineOf, startOf } = linesOf('ab\n\ncd');
    assert.deepEqual([0, 2, 3, 4, 6, 99].map(lineOf), [0, 0, 1, 2, 2, 2]);
    assert.deepEqual([0, 1, 2, 3].map(startOf), [0, 3, 4, 6]);
  });
  it('are one in an empty text', () => {
    const { lineOf, startOf } = linesOf('');
    assert.deepEqual([lineOf(0), startOf(0), startOf(1)], [0, 0, 0]);
  });
});
