// How long the language server is deaf to what people type while it lists a big cache, looks for the images of big specs in it,
// plans a prune and applies it: the longest delay of its event loop, told by the server process itself. Needs ../shared/bench/cache
// (HPC_COMPOSE_SHARED) to make the caches.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { LspConnection } from '../helpers/lspConnection.mjs';

const root = path.join(import.meta.dirname, '../..');
const shared = process.env.HPC_COMPOSE_SHARED ?? path.join(root, '../shared');
const generator = path.join(shared, 'bench/cache/gen-cache.mjs');
const specGenerator = path.join(shared, 'bench/cache/gen-spec.mjs');
const PAGE = 2000;
const rows = [];

/** What the picker of a prune asks for when it opens. */
const POLICIES = [
  { mode: 'age', age: 14 },
  { mode: 'all_unused' },
  { mode: 'budget', budget: 1e9 },
  { mode: 'orphans' },
  { mode: 'older_versions' },
];

/**
 * Loaded into the server: tells delays since the last time it was asked, by SIGUSR2. Beside the longest delay the longest stretch
 * of processor time that the thread used between two turns: what is left of a delay when other processes want the processors too.
 */
const HOOK = `
const fs = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const loop = monitorEventLoopDelay({ resolution: 1 });
loop.enable();
const own = '/proc/self/task/' + process.pid + '/schedstat';
const used = () => Number(fs.readFileSync(own, 'latin1').split(' ')[0]);
let last = used();
let busy = 0;
setInterval(() => {
  const now = used();
  busy = Math.max(busy, now - last);
  last = now;
}, 1).unref();
process.on('SIGUSR2', () => {
  process.stderr.write('loop ' + [loop.max, busy].map((ns) => (ns / 1e6).toFixed(1)).join(' ') + '\\n');
  loop.reset();
  busy = 0;
});
`;

function startServer(folder) {
  const hook = path.join(folder, 'hook.cjs');
  fs.writeFileSync(hook, HOOK);
  const server = spawn(process.execPath, ['--require', hook, path.join(root, 'dist/server.js'), '--stdio'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  server.stderr.on('data', (chunk) => (said += chunk));
  const delays = async () => {
    const before = said.length;
    server.kill('SIGUSR2');
    while (!/loop (\S+) (\S+)\n/.test(said.slice(before)))
      await new Promise((resolve) => setTimeout(resolve, 5));
    return /loop (\S+) (\S+)\n/.exec(said.slice(before)).slice(1).map(Number);
  };
  return { connection: new LspConnection(server), delays };
}

async function start(connection, folder, cache) {
  const spec = path.join(folder, 'compose.yaml');
  fs.writeFileSync(spec, `x-slurm:\n  cache_dir: ${cache}\nservices:\n  a:\n    image: redis:7\n`);
  await connection.request('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
  connection.notify('initialized', {});
  return await open(connection, spec);
}

async function open(connection, spec) {
  const text = fs.readFileSync(spec, 'utf8');
  const uri = pathToFileURL(spec).href;
  const shown = connection.diagnostics(uri, 1);
  connection.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
  await shown;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return uri;
}

function run(script, args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${script} failed`);
}

function makeCache(entries, folder) {
  const cache = path.join(folder, `cache-${entries}`);
  if (!fs.existsSync(cache)) run(generator, [cache, '--entries', String(entries)]);
  return cache;
}

function timer(entries, delays) {
  return async (what, work) => {
    const began = performance.now();
    const value = await work();
    const ms = performance.now() - began;
    const [max, busy] = await delays();
    rows.push({
      what: `${what}, ${entries} entries`,
      ms: ms.toFixed(0),
      'longest delay, ms': max,
      'longest work, ms': busy,
    });
    return value;
  };
}

/** Work with a server that looks at a spec with a cache of so many entries, and with the timer for what it is asked. */
async function withServer(entries, folder, work) {
  const cache = makeCache(entries, folder);
  const { connection, delays } = startServer(folder);
  try {
    const uri = await start(connection, folder, cache);
    await delays();
    await work({ connection, delays, cache, uri, timed: timer(entries, delays) });
  } finally {
    await connection.end();
  }
}

async function measure(entries, folder) {
  await withServer(entries, folder, async ({ connection, delays, cache, uri, timed }) => {
    const list = async (offset) =>
      (await connection.request('hpcCompose/cache/list', { uri, limit: PAGE, offset })).result;
    // What the machine itself adds: nothing is asked of the server meanwhile.
    await timed('nothing', () => new Promise((resolve) => setTimeout(resolve, 2000)));
    const first = await timed('first page', () => list(0));
    await timed('other pages', async () => {
      for (let offset = first.next; offset !== undefined;) offset = (await list(offset)).next;
    });
    const many = path.join(folder, 'many.yaml');
    run(specGenerator, [many, '--services', '500', '--cache-dir', cache]);
    const manyUri = await open(connection, many);
    // The same services with one step more: none of their images is there, an earlier build of each is.
    const other = path.join(folder, 'other.yaml');
    run(specGenerator, [other, '--services', '500', '--steps', '3', '--cache-dir', cache]);
    const otherUri = await open(connection, other);
    await delays();
    const inspect = (about) => connection.request('hpcCompose/cache/inspect', { uri: about });
    for (const turn of ['first', 'second', 'third', 'fourth'])
      await timed(`inspect of 500 services, ${turn} time`, () => inspect(manyUri));
    for (const turn of ['first', 'second'])
      await timed(`inspect of 500 misses, ${turn} time`, () => inspect(otherUri));
    const planned = async (what, params) => {
      const ask = () => connection.request('hpcCompose/prune/plan', { uri, mode: 'age', ...params });
      return (await timed(`prune plan, ${what}`, ask)).result;
    };
    const applied = async (what, plan) => {
      const done = await timed(`prune apply, ${what}`, () =>
        connection.request('hpcCompose/prune/apply', { plan }),
      );
      if (!(done.result?.removed_count > 0)) throw new Error(JSON.stringify(done).slice(0, 500));
    };
    await timed('plans of the five policies at once', () =>
      Promise.all(
        POLICIES.map((policy) =>
          connection.request('hpcCompose/prune/plan', { uri, ...policy, removalsOnly: true }),
        ),
      ),
    );
    // Ages are even between 0 and 100 days: a tenth goes, then half of all.
    const whole = await planned('everything named', { age: 90 });
    const few = await planned('removals only', { age: 90, removalsOnly: true });
    if (few.kept.entries + few.entries.length !== whole.entries.length) throw new Error('plans differ');
    const { length } = few.entries;
    const everySecond = (entry, index) => (index % 2 === 0 ? entry : { ...entry, action: 'keep' });
    await applied('everything named', { ...whole, entries: whole.entries.map(everySecond) });
    await applied('removals only', few);
    await timed('inspect of 500 services after the prune', () => inspect(manyUri));
    const half = await planned('removals only, half of all', { age: 40, removalsOnly: true });
    await applied('removals only, half of all', half);
    await timed('reports of these three prunes', () =>
      connection.request('hpcCompose/prune/reports', { uri }),
    );
    console.log(`${entries} entries: plans remove ${length}, then ${half.entries.length}`);
  });
}

/** A client that knows no pages gets everything at once, and again after each act of ours. */
async function measureWithoutPages(entries, folder) {
  await withServer(entries, folder, async ({ connection, cache, uri, timed }) => {
    const { result } = await timed('whole list', () => connection.request('hpcCompose/cache/list', { uri }));
    const { artifact_path } = result.entries[0];
    const pin = { cacheDir: cache, paths: [artifact_path], pinned: true };
    const told = connection.notified('hpcCompose/cache/didChange');
    await timed('pin, and the whole list again', () => connection.request('hpcCompose/cache/pin', pin));
    if ((await told).params.entries.length !== entries) throw new Error('not everything was told');
  });
}

if (!fs.existsSync(generator)) console.log(`skipped: ${generator} is not there (set HPC_COMPOSE_SHARED)`);
else {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hpc-compose-bench-loop-'));
  try {
    for (const entries of (process.env.BENCH_ENTRIES ?? '10000,100000').split(',').map(Number)) {
      await measureWithoutPages(entries, folder);
      await measure(entries, folder);
    }
    console.table(rows);
    console.log(
      `goal: no delay over 50 ms; load ${os
        .loadavg()
        .map((load) => load.toFixed(1))
        .join(' ')}`,
    );
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
