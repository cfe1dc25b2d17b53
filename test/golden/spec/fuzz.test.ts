import { judgeDamagedSpecs } from '../../helpers/fuzzCases.ts';

describe('damaged specs', () => {
  it('are judged without an exception, every range inside the document', () =>
    judgeDamagedSpecs(300)).timeout(60_000);
});
