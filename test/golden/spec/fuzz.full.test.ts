import { judgeDamagedSpecs } from '../../helpers/fuzzCases.ts';

describe('100,000 damaged specs', () => {
  it('are judged without an exception, every range inside the document', () =>
    judgeDamagedSpecs(100_000)).timeout(1_800_000);
});
