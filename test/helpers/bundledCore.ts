// The core as people run it: in a bundle beside its worker, because from source no worker is started.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as background from '../../server/src/core/background.ts';
import type * as packed from '../../server/src/core/packed/packedState.ts';
import type * as pruneTask from '../../server/src/core/prune/pruneTask.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const PARTS = ['background.ts', 'packed/packedState.ts', 'prune/pruneTask.ts'];
const OPTIONS = [
  '--bundle',
  '--platform=node',
  '--target=node20',
  '--format=cjs',
  '--log-level=warning',
  '--define:import.meta.url=__import_meta_url',
  "--banner:js=const __import_meta_url=require('node:url').pathToFileURL(__filename).href;",
];

export type BundledCore = typeof background & typeof packed & typeof pruneTask;

/** Builds what answers in the background into `folder`, with its worker, and loads it. */
export function bundleCore(folder: string): BundledCore {
  const core = path.join(folder, 'core.js');
  const input = PARTS.map((part) => `export * from './server/src/core/${part}';`).join('\n');
  bundle([`--outfile=${core}`], input);
  bundle(['server/src/core/scanWorker.ts', `--outfile=${path.join(folder, 'scanWorker.js')}`]);
  return createRequire(import.meta.url)(core) as BundledCore;
}

function bundle(args: readonly string[], input = ''): void {
  const esbuild = path.join(ROOT, 'node_modules/.bin/esbuild');
  execFileSync(esbuild, [...OPTIONS, ...args], { cwd: ROOT, input, stdio: ['pipe', 'inherit', 'inherit'] });
}
