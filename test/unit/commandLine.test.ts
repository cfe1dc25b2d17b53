import assert from 'node:assert/strict';
import { parseLine } from '../../server/src/cli/arguments.ts';
import type { CommandDefinition } from '../../server/src/cli/command.ts';

const list: CommandDefinition = {
  path: ['cache', 'list'],
  summary: 'List',
  flags: { 'cache-dir': { value: 'DIR' }, long: {}, file: { value: 'FILE', short: 'f', repeat: true } },
  load: () => Promise.reject(new Error('not run')),
};

describe('command line', () => {
  it('takes global flags before and after the command', () => {
    const { command, args } = parseLine(['--profile', 'dev', 'cache', 'list', '--quiet', '--long'], [list]);
    assert.equal(command, list);
    assert.deepEqual(args.values.profile, ['dev']);
    assert.deepEqual([...args.switches], ['quiet', 'long']);
  });

  it('takes inline and short values, repeated where allowed', () => {
    const { args } = parseLine(['cache', 'list', '--cache-dir=/a=b', '-f', 'x', '-fy'], [list]);
    assert.deepEqual(args.values, { 'cache-dir': ['/a=b'], file: ['x', 'y'] });
  });

  it('refuses unknown flags, missing values and repeated single values', () => {
    assert.throws(() => parseLine(['cache', 'list', '--nope'], [list]), /unknown option '--nope'/);
    assert.throws(() => parseLine(['cache', 'list', '--cache-dir'], [list]), /needs a value/);
    assert.throws(() => parseLine(['cache', 'list', '--cache-dir', 'a', '--cache-dir', 'b'], [list]), /once/);
  });
});
