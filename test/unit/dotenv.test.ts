import assert from 'node:assert/strict';
import { parseDotenv } from '../../server/src/spec/dotenv.ts';

describe('dotenv files', () => {
  it('trims, unquotes once, keeps the last duplicate, and expands nothing', () => {
    const text = [
      '# note',
      '',
      ' A = 1 ',
      'export B="two words"\r',
      "C='x'y'",
      'D="',
      'E=a#b # c',
      'F=$A',
      'A=2',
      'export  G=1',
      'H=="x"',
      'export=4',
    ].join('\n');
    const { variables, problems } = parseDotenv(text);
    assert.deepEqual(problems, []);
    assert.deepEqual(Object.fromEntries(variables), {
      A: '2',
      B: 'two words',
      C: "x'y",
      D: '"',
      E: 'a#b # c',
      F: '$A',
      G: '1',
      H: '="x"',
      export: '4',
    });
  });

  it('names the line of an entry without = and of an empty name', () => {
    const text = 'A=1\n  nope \n=2\n';
    const { problems } = parseDotenv(text);
    assert.deepEqual(
      problems.map(({ line, start, end, reason }) => [line, text.slice(start, end), reason]),
      [
        [2, 'nope', 'must use KEY=VALUE syntax'],
        [3, '=2', 'has an empty variable name'],
      ],
    );
  });

  it('keeps a byte order mark in the name, as hpc-compose does', () => {
    assert.deepEqual([...parseDotenv('\uFEFFA=1').variables.keys()], ['\uFEFFA']);
  });
});
