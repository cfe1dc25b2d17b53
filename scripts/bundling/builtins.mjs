// Node's own modules in a bundle.
import { createRequire } from 'node:module';
import { isName, lateModule } from './lateModule.mjs';

const require = createRequire(import.meta.url);

/** Take milliseconds to load, and many commands never call them. */
const LOADED_AT_CALL = ['node:crypto', 'node:child_process'];

/**
 * Imports of Node's own modules, once for a whole bundle: esbuild copies all properties of each for every file that imports it,
 * which costs 10 ms of a command's start.
 */
export const builtinsOnce = {
  name: 'builtins-once',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({ contents: moduleOf(path) }));
    // Libraries that are CommonJS.
    onResolve({ filter: /./ }, ({ path, kind, namespace }) =>
      kind === 'require-call' && namespace === 'file' && LOADED_AT_CALL.includes(`node:${path}`)
        ? { path, namespace: 'builtin-late' }
        : undefined,
    );
    onLoad({ filter: /./, namespace: 'builtin-late' }, ({ path }) => ({ contents: lateModuleOf(path) }));
  },
};

/** A module of which a bundle keeps what it uses. */
function moduleOf(name) {
  const isLate = LOADED_AT_CALL.includes(name);
  // Some properties warn when they are read.
  const properties = Object.entries(Object.getOwnPropertyDescriptors(require(name)));
  const lines = properties
    .filter(([key, { enumerable }]) => enumerable && key !== 'default' && isName(key))
    .map(([key, { value }]) => `export const ${key} = ${exportOf(key, isLate && isFunction(key, value))};`);
  return `let loaded;
const load = () => (loaded ??= require(${JSON.stringify(name)}));
export default /* @__PURE__ */ load();
${lines.join('\n')}`;
}

/** The same for CommonJS: with every property in place, because what TypeScript makes of `import *` copies them one by one. */
function lateModuleOf(name) {
  return lateModule(`node:${name}`, Object.getOwnPropertyNames(require(name)).filter(isName));
}

const exportOf = (key, atCall) =>
  atCall ? `(...args) => load().${key}(...args)` : `/* @__PURE__ */ (() => load().${key})()`;

/** Not of classes, which are called with `new`. */
const isFunction = (key, value) => typeof value === 'function' && /^[a-z]/.test(key);
