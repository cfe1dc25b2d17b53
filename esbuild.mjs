// Builds the three bundles people run: dist/extension.js, dist/server.js and dist/cli.js, plus what they load later: the
// language client (dist/languageClient.js, most of the client's code), the scan worker, two parts that server and shell door
// share, and most of the shell door: reading a megabyte of code that is not used costs 30 ms at every start.
// The schema validator is compiled from schemas/ before bundling, because compiling it at start costs 220 ms.
import { build, context } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtinsOnce } from './scripts/bundling/builtins.mjs';
import { partEntries, partsApart } from './scripts/bundling/parts.mjs';
import { shellDoor } from './scripts/bundling/shellDoor.mjs';
import { compiledValidators } from './scripts/compileValidators.mjs';

const root = path.dirname(fileURLToPath(import.meta.url));
const watch = process.argv.includes('--watch');
const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));

const common = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: !watch,
  sourcemap: watch ? 'inline' : false,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [builtinsOnce, compiledValidators(root)],
  // `require` for parts loaded later, too: Node takes tens of milliseconds to import its first script. The extension host, besides,
  // answers `vscode` only to `require`.
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': '__import_meta_url', __PRODUCT_VERSION__: JSON.stringify(version) },
  banner: { js: "const __import_meta_url=require('node:url').pathToFileURL(__filename).href;" },
};

/** Leaves the import of the language client to run time. */
const languageClientApart = {
  name: 'language-client-apart',
  setup({ onResolve }) {
    onResolve({ filter: /\/languageClient\.ts$/ }, ({ kind }) =>
      kind === 'entry-point' ? undefined : { path: './languageClient.js', external: true },
    );
  },
};

const withParts = { ...common, plugins: [partsApart, ...common.plugins] };

const bundles = [
  {
    ...common,
    entryPoints: { extension: 'client/src/extension.ts', languageClient: 'client/src/languageClient.ts' },
    external: ['vscode'],
    plugins: [...common.plugins, languageClientApart],
  },
  {
    ...withParts,
    entryPoints: {
      server: 'server/src/main.ts',
      scanWorker: 'server/src/core/scanWorker.ts',
      ...partEntries,
    },
  },
  shellDoor(withParts),
];

if (watch) {
  for (const options of bundles) await (await context(options)).watch();
} else {
  await Promise.all(bundles.map((options) => build(options)));
}
