import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLI, startProgram } from '../../helpers/cli.ts';
import { useFolder } from '../../helpers/folder.ts';

/** Services one after the other; `more` gives the lines below each. */
const specOf = (count: number, more: (index: number) => string) =>
  `x-slurm:\n  nodes: 2\nservices:\n${Array.from(
    { length: count },
    (_, index) => `  s${index}:\n    image: x:1\n${more(index)}`,
  ).join('')}`;

const CASES = {
  'W45 30,000 services that share nodes along a chain': specOf(30_000, (index) =>
    index === 0 ? '' : `    x-slurm:\n      placement:\n        share_with: s${index - 1}\n`,
  ),
  'W45 30,000 services that extend each other': specOf(30_000, (index) =>
    index === 0 ? '' : `    extends: s${index - 1}\n`,
  ),
  'W46 20,000 defaults inside each other': `services:\n  a:\n    image: x:1\n    command: ${'${A:-'.repeat(20_000)}v${'}'.repeat(20_000)}\n`,
  'W44 50,000 ranges of nodes': `x-slurm:\n  nodes: 10000000\nservices:\n  a:\n    image: x:1\n    x-slurm:\n      placement:\n        node_range: "${Array.from({ length: 50_000 }, (_, index) => index * 2).join(',')}"\n`,
  'W46 20,000 services on one node': specOf(20_000, () => '    command: y\n'),
};

/** The whole process stays below 500 MB with this heap. */
const HEAP_MB = 350;

describe('costs of weak spots of hpc-compose', function () {
  this.timeout(120_000);
  const folder = useFolder();

  for (const [what, text] of Object.entries(CASES))
    it(`${what} get their verdict within ${HEAP_MB} MB`, async () => {
      const file = join(folder(), 'compose.yaml');
      writeFileSync(file, text);
      const command = [process.execPath, `--max-old-space-size=${HEAP_MB}`, CLI, 'validate', '-f', file];
      const { code, stdout, stderr } = await startProgram(command, { cwd: folder() }).ended;
      assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'spec is valid\n', stderr: '' });
    });
});
