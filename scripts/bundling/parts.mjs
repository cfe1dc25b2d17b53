// Big parts that server and shell door share and that many commands never need, each in a file of its own in dist/.
import fs from 'node:fs';
import { isName, lateModule } from './lateModule.mjs';

const SCHEMA = 'schemas/hpc-compose.schema.json';

/** By the name in dist/. `names`: exports that are loaded when one is first used. */
const PARTS = [
  { name: 'yaml', entry: 'yaml', filter: /^yaml$/, names: Object.keys(await import('yaml')).filter(isName) },
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
      contents: lateModule(`./${name}.js`, names, '__esModule: true, '),
    }));
    onLoad({ filter: /\/hpc-compose\.schema\.json$/ }, ({ path: file }) => ({
      contents: `module.exports = JSON.parse(${JSON.stringify(compactJson(file))})`,
    }));
  },
};

const compactJson = (file) => JSON.stringify(JSON.parse(fs.readFileSync(file, 'utf8')));
