// Follows a document through its states, block by block, and holds every analysis against one of the whole text.
import assert from 'node:assert/strict';
import { PieceText } from '../../server/src/model/pieceText.ts';
import { sharedEnd, sharedStart, type Text } from '../../server/src/model/text.ts';
import { analyse, type Surroundings } from '../../server/src/spec/analyse.ts';
import { followEdits, type EditedSpec } from '../../server/src/spec/analyseEdits.ts';
import { caseSurroundings } from './judge.ts';
import { BESIDE } from './specJourneys.ts';

/** What the specs of the journeys are judged against. */
export const AROUND: Surroundings = caseSurroundings({ files: BESIDE, env: { TOKEN: 'geheim' } }).around;

/** Follows one document through all states; fails where an analysis differs from that of the whole text. */
export function followStates(states: readonly string[], around = AROUND): EditedSpec {
  const followed = followEdits();
  for (const text of inPieces(states)) assertSameAnalysis(followed, text, around);
  return followed;
}

/** So small that an edit of a test's spec leaves most pieces alone. */
const PIECE = 64;

/** The states as an editor's document goes through them: each one made of the one before it by one edit. */
function* inPieces(states: readonly string[]): Generator<PieceText> {
  let last = PieceText.of('', PIECE);
  for (const text of states) {
    const start = sharedStart(last, text);
    const end = Math.min(sharedEnd(last, text), last.length - start, text.length - start);
    last = last.replaced(start, last.length - end, text.slice(start, text.length - end));
    yield last;
  }
}

/** One more state. */
export function assertSameAnalysis(followed: EditedSpec, text: Text, around: Surroundings): void {
  const { findings, valid, pending } = followed.analyse(text, around);
  const whole = analyse(text.toString(), around);
  assert.deepEqual(
    { findings, valid, pending },
    { findings: whole.findings, valid: whole.valid, pending: whole.pending },
  );
}
