// npm run bench [-- NAME…]: runs the measurements of test/bench one after another; each prints its own table.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, run, say } from './lib/run.mjs';
import { asScript, setUp } from './setup.mjs';

await asScript(async () => {
  await setUp();
  const folder = path.join(ROOT, 'test/bench');
  const asked = process.argv.slice(2);
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.mjs'));
  const chosen = names.filter((name) => asked.length === 0 || asked.includes(path.basename(name, '.mjs')));
  if (chosen.length === 0) throw new Error(`No measurement of that name; there are: ${names.join(', ')}`);
  for (const name of chosen.sort()) {
    console.log(`\n== ${path.basename(name, '.mjs')}`);
    const { code, output } = await run(process.execPath, ['--import=tsx', path.join(folder, name)], {
      collect: true,
    });
    process.stdout.write(output);
    if (code !== 0) {
      say(`${name} failed (exit code ${code})`);
      process.exitCode = 1;
    }
  }
});
