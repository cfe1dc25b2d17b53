import assert from 'node:assert/strict';
import { nearestName } from '../../../server/src/spec/nearestName.ts';

describe('the name that was probably meant', () => {
  for (const [name, known, meant] of [
    ['HOEM', ['HOSTNAME', 'HOME'], 'HOME'],
    ['nodse', ['ntasks', 'nodes'], 'nodes'],
    ['db', ['web', 'dv'], 'dv'],
    ['A', ['a'], 'a'],
  ] as const)
    it(`is ${meant} for ${name}`, () => assert.equal(nearestName(name, known), meant));

  for (const [name, known] of [
    ['A', ['_', 'B']],
    ['nope', ['name', 'image']],
  ] as const)
    it(`is none of ${known.join(', ')} for ${name}`, () => assert.equal(nearestName(name, known), undefined));
});
