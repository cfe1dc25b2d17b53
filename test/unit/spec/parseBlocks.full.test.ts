import fc from 'fast-check';
import { createBlockParser } from '../../../server/src/spec/parseBlocks.ts';
import { needShared, sharedRecords } from '../../helpers/shared.ts';
import { assertSameTree } from '../../helpers/blockTrees.ts';
import { editedSpecs } from '../../helpers/specEdits.ts';

const CORPUS = 'conformance/spec-corpus.jsonl';

function sameAsWhole(states: readonly string[]): void {
  const parser = createBlockParser();
  for (const text of states) assertSameTree(parser, text);
}

describe('parsing block by block, at length', function () {
  this.timeout(600_000);

  it('equals the whole parse after 10,000 runs of edits', () => {
    fc.assert(fc.property(editedSpecs, sameAsWhole), { numRuns: 10_000 });
  });

  it('equals the whole parse on every text of the corpus', function () {
    needShared(this, CORPUS);
    const records = sharedRecords<{ readonly files: Readonly<Record<string, string>> }>(CORPUS);
    sameAsWhole(records.flatMap(({ files }) => Object.values(files)));
  });
});
