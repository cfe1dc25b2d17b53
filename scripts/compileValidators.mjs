// An esbuild plugin: replaces server/src/spec/structure/validators.ts by validators compiled from the schema, so that neither
// ajv nor 220 ms of compiling get into the bundles. Same schema, same options, same exports as the module it replaces.
import { Ajv } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { transform } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';

/** The plugin; `root` is the folder of the repository. */
export function compiledValidators(root) {
  const schemaFile = path.join(root, 'schemas/hpc-compose.schema.json');
  const tableFile = path.join(root, 'server/src/spec/structure/validatorTable.ts');
  return {
    name: 'compiled-validators',
    setup(build) {
      build.onLoad({ filter: /spec[\\/]structure[\\/]validators\.ts$/ }, async () => ({
        contents: await compile(schemaFile, tableFile),
        loader: 'js',
        resolveDir: root,
        watchFiles: [schemaFile, tableFile],
      }));
    },
  };
}

async function compile(schemaFile, tableFile) {
  const { validatedParts, VALIDATOR_OPTIONS } = await importTypeScript(tableFile);
  const schema = JSON.parse(fs.readFileSync(schemaFile, 'utf8'));
  const ajv = new Ajv({ ...VALIDATOR_OPTIONS, code: { source: true, esm: true } });
  ajv.addSchema(schema, 'spec');
  const parts = validatedParts(Object.keys(schema.properties));
  const names = Object.keys(parts).map((kind, index) => [kind, `part${index}`]);
  for (const [kind, name] of names) ajv.addSchema({ $id: name, $ref: `spec${parts[kind]}` });
  const code = standaloneCode(ajv, Object.fromEntries(names.map(([, name]) => [name, name])));
  const table = names.map(([kind, name]) => `${JSON.stringify(kind)}: ${name}`).join(', ');
  return `${code}
const TABLE = { ${table} };
export function validatorFor(kind) {
  return Object.hasOwn(TABLE, kind) ? TABLE[kind] : undefined;
}
`;
}

/** Node 20 reads no TypeScript: the table is translated on the way. */
async function importTypeScript(file) {
  const { code } = await transform(fs.readFileSync(file, 'utf8'), { loader: 'ts', format: 'esm' });
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}
