// Measures what the extension costs a window in which no spec is open: loading dist/extension.js and calling activate, with a
// stand-in for the `vscode` module, in fresh processes. CPU time of the process, so that other work counts for little.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import Module, { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const EXTENSION = path.join(import.meta.dirname, '../../dist/extension.js');
const PROCESSES = 11;
const CHILD = '--in-this-process';

/** A stand-in for everything in `vscode`: can be called, constructed and extended; lists are empty, nothing is open. */
function anything() {
  const known = {
    then: undefined,
    activeTextEditor: undefined,
    workspaceFolders: undefined,
    textDocuments: [],
    visibleTextEditors: [],
    get: () => undefined,
    [Symbol.toPrimitive]: () => '',
    [Symbol.iterator]: () => [].values(),
  };
  const handler = {
    get: (target, name) => {
      if (name === 'prototype') return target.prototype;
      if (Object.hasOwn(known, name)) return known[name];
      return (target.members[name] ??= anything());
    },
    apply: () => anything(),
    construct: (_target, _args, made) => Object.create(made.prototype, members),
  };
  const target = function () {};
  target.members = {};
  return new Proxy(target, handler);
}

/** What objects made of a stand-in class can do. */
const members = Object.fromEntries(
  ['event', 'fire', 'dispose', 'append', 'with'].map((name) => [
    name,
    { value: () => ({ dispose: () => undefined }) },
  ]),
);

function measureOnce() {
  // Bundled code copies the module's own members and keeps its prototype: there, names need not be listed.
  const vscode = Object.create(anything());
  const load = Module._load;
  Module._load = (name, ...rest) => (name === 'vscode' ? vscode : load(name, ...rest));
  const require = createRequire(import.meta.url);
  const cpu = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const state = { get: () => undefined, update: () => Promise.resolve() };
  const context = { subscriptions: [], workspaceState: state, globalState: state, extensionUri: anything() };
  const began = cpu();
  const { activate } = require(EXTENSION);
  const loaded = cpu();
  activate(context);
  const activated = cpu();
  const started = Object.keys(require.cache).some((file) => file.endsWith('languageClient.js'));
  console.log(
    JSON.stringify({ load: loaded - began, activate: activated - loaded, sum: activated - began, started }),
  );
  process.exit(0);
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

function measure() {
  const file = fileURLToPath(import.meta.url);
  const runs = Array.from({ length: PROCESSES }, () =>
    JSON.parse(execFileSync(process.execPath, [file, CHILD], { encoding: 'utf8' })),
  );
  const row = (what, pick, goal = '') => ({
    what,
    measured: `${median(runs.map(pick)).toFixed(1)} ms`,
    goal,
  });
  console.table([
    row('load dist/extension.js', ({ load }) => load),
    row('activate, no spec open', ({ activate }) => activate),
    row('both', ({ sum }) => sum, '< 50 ms'),
    { what: 'size of dist/extension.js', measured: `${Math.round(fs.statSync(EXTENSION).size / 1024)} KB` },
    {
      what: 'language client loaded by then',
      measured: runs.some(({ started }) => started) ? 'yes' : 'no',
      goal: 'no',
    },
  ]);
}

if (process.argv.includes(CHILD)) measureOnce();
else measure();
