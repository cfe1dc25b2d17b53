// The short way to relative paths gives what the long one gives, also for paths that try to lead out.
import assert from 'node:assert/strict';
import path from 'node:path';
import fc from 'fast-check';
import { relativeTo } from '../../server/src/core/prune/relativePath.ts';

describe('paths relative to a cache', () => {
  const part = fc.constantFrom('a', 'b.sqsh', '..', '.', '', '...', '.x', 'x.', 'é', ' ');
  const spelled = fc.array(part, { maxLength: 6 }).map((parts) => parts.join('/'));

  it('are those that resolving gives', () => {
    const directory = fc.constantFrom('/c', '/c/', '/c/d', '/c/../d', 'c', './c', 'c/..', '/');
    fc.assert(
      fc.property(directory, spelled, fc.boolean(), (place, rest, below) => {
        const file = below ? `${place}/${rest}` : rest;
        assert.equal(relativeTo(place)(file), path.relative(path.resolve(place), path.resolve(file)));
      }),
      { numRuns: 2000 },
    );
  });
});
