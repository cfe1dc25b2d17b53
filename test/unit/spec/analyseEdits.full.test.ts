import assert from 'node:assert/strict';
import fc from 'fast-check';
import { followStates } from '../../helpers/editedAnalysis.ts';
import { caseSurroundings } from '../../helpers/judge.ts';
import { needShared, sharedRecords } from '../../helpers/shared.ts';
import { journeys } from '../../helpers/specJourneys.ts';

const CORPUS = 'conformance/spec-corpus.jsonl';

describe('analysing edits block by block, at length', function () {
  this.timeout(600_000);

  it('equals the whole analysis after each of 10,000 edits', () => {
    let edits = 0;
    fc.assert(
      fc.property(journeys(12), (states) => {
        edits += states.length - 1;
        followStates(states);
      }),
      { numRuns: 560 },
    );
    assert.ok(edits > 10_000, `${edits} edits`);
  });

  it('equals the whole analysis on every eighth text of the corpus, seen as edits of one document', function () {
    needShared(this, CORPUS);
    const records = sharedRecords<{ readonly files: Readonly<Record<string, string>> }>(CORPUS).filter(
      (_, index) => index % 8 === 0,
    );
    for (let index = 0; index < records.length; index += 20) {
      const some = records.slice(index, index + 20);
      const { around } = caseSurroundings({ files: some[0]?.files ?? {} });
      followStates(
        some.flatMap(({ files }) => files['compose.yaml'] ?? []),
        around,
      );
    }
  });
});
