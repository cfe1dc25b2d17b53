// Follows a document through its states, block by block, and holds every analysis against one of the whole text.
import assert from 'node:assert/strict';
import { analyse, type Surroundings } from '../../server/src/spec/analyse.ts';
import { followEdits, type EditedSpec } from '../../server/src/spec/analyseEdits.ts';
import { caseSurroundings } from './judge.ts';
import { BESIDE } from './specJourneys.ts';

/** What the specs of the journeys are judged against. */
export const AROUND: Surroundings = caseSurroundings({ files: BESIDE, env: { TOKEN: 'geheim' } }).around;

/** Follows one document through all states; fails where an analysis differs from that of the whole text. */
export function followStates(states: readonly string[], around = AROUND): EditedSpec {
  const followed = followEdits();
  for (const text of states) assertSameAnalysis(followed, text, around);
  return followed;
}

/** One more state. */
export function assertSameAnalysis(followed: EditedSpec, text: string, around: Surroundings): void {
  const { findings, valid, pending } = followed.analyse(text, around);
  const whole = analyse(text, around);
  assert.deepEqual(
    { findings, valid, pending },
    { findings: whole.findings, valid: whole.valid, pending: whole.pending },
  );
}
