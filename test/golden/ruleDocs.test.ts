import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { docsPathOf, RULES, type RuleCode } from '../../server/src/spec/rules/catalogue.ts';

const ROOT = new URL('../../', import.meta.url);

describe('documentation of rules', () => {
  for (const [code, rule] of Object.entries(RULES))
    it(`${code} has a page that says what, why and how loud`, () => {
      const page = readFileSync(new URL(docsPathOf(code), ROOT), 'utf8');
      const [title, , severity, , why = ''] = page.split('\n');
      assert.equal(title, `# ${code}: ${rule.name}`);
      assert.match(severity ?? '', new RegExp(`^\\*\\*${rule.severity}\\.\\*\\* .`, 'i'));
      assert.ok(why.length > 20, 'a sentence that says why');
      assert.equal(
        page.match(/^- /gm)?.length,
        Object.keys(rule.messages).length,
        'one line for each message',
      );
    });

  it('has no page of a rule that does not exist', () => {
    const pages = readdirSync(new URL('docs/rules/', ROOT)).map((name) => name.replace(/\.md$/, ''));
    assert.deepEqual(
      pages.filter((code) => !(code in RULES) && !code.startsWith('RC')),
      [],
    );
  });

  it('shows for every rule on values, layout and lint what is wrong and what is right', () => {
    const lacking = (Object.keys(RULES) as RuleCode[]).filter((code) => {
      const page = readFileSync(new URL(docsPathOf(code), ROOT), 'utf8');
      const number = Number(/^R(\d+)$/.exec(code)?.[1] ?? 0);
      // What a machine says about paths, a cluster, a flag or a big file is no matter of the text alone.
      const isOutside =
        (/^HX0(0[1-9]|1\d)$/.test(code) && code !== 'HX002') ||
        code === 'HPC900' ||
        number === 170 ||
        number === 171;
      const needsExamples = code.startsWith('H') || number >= 70;
      return needsExamples && !isOutside && !(page.includes('Wrong:') && page.includes('Right:'));
    });
    assert.deepEqual(lacking, []);
  });
});
