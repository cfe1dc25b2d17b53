// Builds the three bundles people run: dist/extension.js, dist/server.js and dist/cli.js, plus what they load later: the
// language client (dist/languageClient.js, most of the client's code), the scan worker, and two parts that server and shell door
// share and that many commands never need: reading a megabyte of code that is not used costs 30 ms at every start.
// The schema validator is compiled from schemas/ before bundling, because compiling it at start costs 220 ms.
import { build, context } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiledValidators } from './scripts/compileValidators.mjs';

const root = path.dirname(fileURLToPath(import.meta.url));
const watch = process.argv.includes('--watch');
const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: !watch,
  sourcemap: watch ? 'inline' : false,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [compiledValidators(root)],
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

const SCHEMA = 'schemas/hpc-compose.schema.json';

/** What is loaded at run time from a file of its own, by its name in dist/. `names`: exports that are loaded when one is first used. */
const PARTS = [
  { name: 'yaml', entry: 'yaml', filter: /^yaml$/, names: Object.keys(await import('yaml')) },
  { name: 'execa', entry: 'execa', filter: /^execa$/ },
  { name: 'schema', entry: SCHEMA, filter: /\/hpc-compose\.schema\.json$/ },
  {
    name: 'validators',
    entry: 'server/src/spec/structure/validators.ts',
    filter: /\/validators\.ts$/,
    names: ['validatorFor'],
  },
];

const compactJson = (file) => JSON.stringify(JSON.parse(fs.readFileSync(file, 'utf8')));

/** A module with these exports that reads its file when one of them is asked for. */
function loadedAtUse(file, names) {
  const getters = names.map((name) => `get ${name}() { return load().${name}; }`);
  return `let part;
const load = () => (part ??= require(${JSON.stringify(file)}));
module.exports = { __esModule: true, ${getters.join(', ')} };`;
}

const partsApart = {
  name: 'parts-apart',
  setup({ onResolve, onLoad }) {
    for (const { name, filter, names } of PARTS)
      onResolve({ filter }, ({ kind }) => {
        if (kind === 'entry-point') return undefined;
        return names
          ? { path: name, namespace: 'loaded-at-use', pluginData: names }
          : { path: `./${name}.js`, external: true };
      });
    onResolve({ filter: /./, namespace: 'loaded-at-use' }, ({ path: file }) => ({
      path: file,
      external: true,
    }));
    onLoad({ filter: /./, namespace: 'loaded-at-use' }, ({ path: name, pluginData: names }) => ({
      contents: loadedAtUse(`./${name}.js`, names),
    }));
    onLoad({ filter: /\/hpc-compose\.schema\.json$/ }, ({ path: file }) => ({
      contents: `module.exports = JSON.parse(${JSON.stringify(compactJson(file))})`,
    }));
  },
};

const withParts = { ...common, plugins: [partsApart, ...common.plugins], outdir: 'dist' };

const bundles = [
  {
    ...common,
    entryPoints: { extension: 'client/src/extension.ts', languageClient: 'client/src/languageClient.ts' },
    outdir: 'dist',
    external: ['vscode'],
    plugins: [...common.plugins, languageClientApart],
  },
  {
    ...withParts,
    entryPoints: {
      server: 'server/src/main.ts',
      scanWorker: 'server/src/core/scanWorker.ts',
      ...Object.fromEntries(PARTS.map(({ name, entry }) => [name, entry])),
    },
  },
  {
    ...withParts,
    entryPoints: { cli: 'server/src/cli.ts' },
    // `--`: Node 20 takes an --env-file behind the script for its own.
    banner: { js: `#!/usr/bin/env -S node --\n${common.banner.js}` },
  },
];

if (watch) {
  for (const options of bundles) await (await context(options)).watch();
} else {
  await Promise.all(bundles.map((options) => build(options)));
  fs.chmodSync(path.join(root, 'dist/cli.js'), 0o755);
}
