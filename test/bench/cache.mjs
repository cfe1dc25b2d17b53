// Listing, inspecting and pruning of big caches, as whole processes. Uses the generators and the interleaved runner of
// ../shared/bench/cache (HPC_COMPOSE_SHARED); ratios are printed where hpc-compose is on PATH. Options go to the runner.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');
const shared = process.env.HPC_COMPOSE_SHARED ?? path.join(root, '../shared');
const runner = path.join(shared, 'bench/cache/bench-cache.mjs');
const CLI = path.join(root, 'dist/cli.js');

const commandsOf = (...program) => ({
  list: [...program, 'cache', 'list', '--cache-dir', '{cache}'],
  'list-json': [...program, 'cache', 'list', '--cache-dir', '{cache}', '--format', 'json'],
  inspect: [...program, 'cache', 'inspect', '-f', '{spec}', '--format', 'json'],
  'prune-age': [...program, 'cache', 'prune', '--age', '{days}', '--cache-dir', '{cache}', '--yes'],
});

const CONFIG = {
  tools: [
    {
      name: 'hpc-compose',
      version: ['hpc-compose', '--version'],
      index: [],
      commands: commandsOf('hpc-compose'),
    },
    {
      name: 'ours',
      version: [process.execPath, CLI, '--version'],
      index: ['.hpc-compose-vscode/index'],
      commands: commandsOf(process.execPath, CLI),
    },
  ],
};

/** Big scales have their own cases: pruning is asked for at 10,000, listing at 100,000. */
const ROUNDS = [
  ['--scales', '10000', '--runs', '5', '--cases', 'start,inspect-500,prune-age'],
  ['--scales', '100000', '--runs', '3', '--cases', 'list,list-again,list-touched1,list-json,list-json-again'],
];

if (!fs.existsSync(runner)) {
  console.log(`skipped: ${runner} is not there (set HPC_COMPOSE_SHARED)`);
} else {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hpc-compose-bench-cache-'));
  try {
    const config = path.join(folder, 'config.json');
    fs.writeFileSync(config, JSON.stringify(CONFIG));
    for (const round of ROUNDS) {
      const { status } = spawnSync(process.execPath, [runner, config, ...round], { stdio: 'inherit' });
      if (status !== 0) process.exitCode = 1;
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
