// Big parts that server and shell door share and that many commands never need, each in a file of its own in dist/.
import fs from 'node:fs';

const SCHEMA = 'schemas/hpc-compose.schema.json';

/** Node 23 and newer also tell `module.exports` of what is CommonJS. */
const namesOf = (exported) => Object.keys(exported).filter((name) => /^[\w$]+$/.test(name));

/** By the name in dist/. `names`: exports that are loaded when one is first used. */
const PARTS = [
  { name: 'yaml', entry: 'yaml', filter: /^yaml$/, names: namesOf(await import('yaml')) },
  { name: 'execa', entry: 'execa', filter: /^execa$/ },
  { name: 'schema', entry: SCHEMA, filter: /\/hpc-compose\.schema\.json$/ },
  {
    name: 'validators',
    entry: 'server/src/spec/structure/validators.ts',
    filter: /\/validators\.ts$/,
    names: ['validatorFor'],
  },
];

/** Entry points of the parts. */
export const partEntries = Object.fromEntries(PARTS.map(({ name, entry }) => [name, entry]));

/** Leaves the parts out of all other bundles. */
export const partsApart = {
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

const compactJson = (file) => JSON.stringify(JSON.parse(fs.readFileSync(file, 'utf8')));

/** A module with these exports that reads its file when one of them is asked for. */
function loadedAtUse(file, names) {
  const getters = names.map((name) => `get ${name}() { return load().${name}; }`);
  return `let part;
const load = () => (part ??= require(${JSON.stringify(file)}));
module.exports = { __esModule: true, ${getters.join(', ')} };`;
}
