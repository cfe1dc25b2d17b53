// npm run package [-- --out FILE]: builds and makes the .vsix. Its README has no pictures, which would be most of the package.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, run } from './lib/run.mjs';
import { asScript, setUp } from './setup.mjs';

await asScript(async () => {
  await setUp();
  const text = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  fs.writeFileSync(path.join(ROOT, 'dist/README.md'), text.replace(/^<picture>.*<\/picture>\n\n?/gm, ''));
  const vsce = path.join(ROOT, 'node_modules/@vscode/vsce/vsce');
  const fixed = [
    '--no-dependencies',
    '--allow-missing-repository',
    '--no-rewrite-relative-links',
    '--readme-path',
    'dist/README.md',
  ];
  const { code } = await run(process.execPath, [vsce, 'package', ...fixed, ...process.argv.slice(2)]);
  process.exitCode = code;
});
