import { judgeDamagedSpecs } from '../../helpers/fuzzCases.ts';

// A logged run of any length: FUZZ_CASES=100000. The usual one fits into the time of the whole suite.
const CASES = Number(process.env.FUZZ_CASES ?? 10_000);

describe(`${CASES} damaged specs`, () => {
  it('are judged without an exception, every range inside the document', () =>
    judgeDamagedSpecs(CASES)).timeout(0);
});
