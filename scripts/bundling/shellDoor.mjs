// The shell door in three files: what every command needs to begin and all that a look at a cache takes (cli.js), most of the code
// (cli-later.js), and what both use (cli-shared.js). V8 reads every byte of a script before it runs the first.
import { transform } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';

/** Modules that read specs or keep root file systems, or that are seldom asked for. They are reached by `import()` alone. */
const LATER = [
  'cli/cacheInspect',
  'cli/cachePins',
  'cli/cacheVerify',
  'cli/lint',
  'cli/loadSpec',
  'cli/preflight',
  'cli/prepare',
  'cli/rendezvous',
  'cli/rootfsAcquire',
  'cli/rootfsEntries',
  'cli/rootfsGc',
  'cli/rootfsList',
  'cli/setup',
  'cli/validate',
  'load/loadPlan',
  'plan/cacheDir',
];

/** `--`: Node 20 takes an --env-file behind the script for its own. */
const SHEBANG = '#!/usr/bin/env -S node --';

/** The build of the shell door, from options for any one of our bundles. */
export function shellDoor(options) {
  return {
    ...options,
    entryPoints: { cli: 'server/src/cli.ts', 'cli-later': 'cli-later' },
    chunkNames: 'cli-shared',
    plugins: [splitAsCommonJs, laterApart, ...options.plugins],
  };
}

const laterApart = {
  name: 'later-apart',
  setup({ initialOptions: { absWorkingDir }, onResolve, onLoad }) {
    const files = LATER.map((name) => path.join(absWorkingDir, 'server/src', `${name}.ts`));
    onResolve({ filter: /^cli-later$/ }, () => ({ path: 'cli-later', namespace: 'later' }));
    onLoad({ filter: /./, namespace: 'later' }, () => ({
      contents: files.map((file) => `export * from ${JSON.stringify(file)};`).join('\n'),
      resolveDir: absWorkingDir,
    }));
    onResolve({ filter: /\.ts$/ }, ({ path: file, kind, resolveDir }) =>
      kind === 'dynamic-import' && files.includes(path.resolve(resolveDir, file))
        ? { path: './cli-later.js', external: true }
        : undefined,
    );
  },
};

/** esbuild itself splits ES modules only, which take Node longer to load: what it gives is made CommonJS. */
const splitAsCommonJs = {
  name: 'split-as-common-js',
  setup({ initialOptions, onEnd }) {
    const { minify, sourcemap, target, banner } = initialOptions;
    Object.assign(initialOptions, { format: 'esm', splitting: true, write: false, banner: undefined });
    onEnd(async ({ outputFiles = [] }) => {
      for (const { path: file, text } of outputFiles) {
        const { code } = await transform(text, {
          format: 'cjs',
          platform: 'node',
          minify,
          sourcemap,
          target,
        });
        const isEntry = path.basename(file) === 'cli.js';
        fs.writeFileSync(file, [...(isEntry ? [SHEBANG] : []), banner.js, code].join('\n'));
        if (isEntry) fs.chmodSync(file, 0o755);
      }
    });
  },
};
