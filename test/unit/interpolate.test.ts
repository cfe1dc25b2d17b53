import assert from 'node:assert/strict';
import { expressionsIn, interpolate } from '../../server/src/spec/interpolate.ts';

const variables: Record<string, string> = { SET: 'value', EMPTY: '', NESTED: 'nested' };
const lookup = (name: string) => variables[name];
const valueOf = (text: string) => interpolate(text, lookup).value;
const issuesOf = (text: string) =>
  interpolate(text, lookup).issues.map(({ code, start, end }) => [code, text.slice(start, end)]);

describe('interpolation', () => {
  const results: readonly (readonly [string, string])[] = [
    ['$SET', 'value'],
    ['a${SET}b', 'avalueb'],
    ['${EMPTY:-d}', 'd'],
    ['${EMPTY-d}', ''],
    ['${UNSET-d}', 'd'],
    ['${UNSET:-${NESTED}}', 'nested'],
    ['${UNSET:-a${EMPTY:-b}c}d}', 'abcd}'],
    ['${SET:-${}}', 'value'],
    ['${SET:?never}', 'value'],
    ['${EMPTY?never}', ''],
    ['$$SET $${SET}', '$SET ${SET}'],
    ['${UNSET:-$${x}}', '${x}'],
    ['$1 $ $- 5$', '$1 $ $- 5$'],
    ['${UNSET:-a:-b}', 'a:-b'],
    ['😀$SET😀', '😀value😀'],
  ];
  for (const [text, expected] of results) {
    it(`gives ${JSON.stringify(expected)} for ${text}`, () => {
      assert.deepEqual(issuesOf(text), []);
      assert.equal(valueOf(text), expected);
    });
  }

  const problems: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    ['a $UNSET b', [['R060', '$UNSET']]],
    [
      'a ${UNSET} ${NO} b',
      [
        ['R060', '${UNSET}'],
        ['R060', '${NO}'],
      ],
    ],
    ['x${UNSET:-${NO}}y', [['R060', '${NO}']]],
    ['${EMPTY:?}', [['R061', '${EMPTY:?}']]],
    [
      '${UNSET?give $NO}',
      [
        ['R060', '$NO'],
        ['R061', '${UNSET?give $NO}'],
      ],
    ],
    ['a${}b', [['R062', '${}']]],
    ['${SET:+x}', [['R062', '${SET:+x}']]],
    ['${SET#x}', [['R062', '${SET#x}']]],
    ['${ SET }', [['R062', '${ SET }']]],
    ['${1A}', [['R062', '${1A}']]],
    ['ok $SET ${SET', [['R063', '${SET']]],
    ['${UNSET:-${SET}', [['R063', '${UNSET:-${SET}']]],
  ];
  for (const [text, expected] of problems) {
    it(`finds what is wrong in ${text}`, () => assert.deepEqual(issuesOf(text), expected));
  }

  it('tells why a required variable is missing', () => {
    const reason = (text: string) => interpolate(text, lookup).issues[0]?.reason;
    assert.equal(reason('${UNSET:?}'), 'unset');
    assert.equal(reason('${EMPTY:?}'), 'empty');
    assert.deepEqual(reason('${UNSET:?say $SET}'), { text: 'say value' });
  });

  it('names defaults that stood in for unset variables, not for empty ones', () => {
    const { defaults } = interpolate('${UNSET:-a} ${EMPTY:-b} ${NO-c}', lookup);
    assert.deepEqual(
      defaults.map(({ name }) => name),
      ['UNSET', 'NO'],
    );
  });

  it('walks 50,000 nested defaults without running out of stack', () => {
    const depth = 50_000;
    assert.equal(valueOf(`${'${U:-'.repeat(depth)}x${'}'.repeat(depth)}`), 'x');
  });

  it('lists every well-formed expression with its name', () => {
    const names = expressionsIn('$A ${B:-${C}} $$D ${} ${E').map(({ name }) => name);
    assert.deepEqual(names, ['A', 'B', 'C']);
  });
});
