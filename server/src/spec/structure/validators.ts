// Validators of the blocks of a spec, one for each root key and one for services. In the bundles this module is replaced by
// code that was compiled from the schema when they were built (esbuild.mjs): compiling here costs 220 ms.
import { Ajv } from 'ajv';
import schema from '../../../../schemas/hpc-compose.schema.json' with { type: 'json' };
import { validatedParts, VALIDATOR_OPTIONS } from './validatorTable.ts';

export type Validator = (value: unknown) => boolean;

let compiled: Readonly<Record<string, Validator>> | undefined;

/** The validator of a root key, or of `service`; undefined for keys that the schema does not know. */
export function validatorFor(kind: string): Validator | undefined {
  compiled ??= compile();
  return Object.hasOwn(compiled, kind) ? compiled[kind] : undefined;
}

function compile(): Readonly<Record<string, Validator>> {
  const ajv = new Ajv(VALIDATOR_OPTIONS);
  ajv.addSchema(schema, 'spec');
  const entries = Object.entries(validatedParts(Object.keys(schema.properties)));
  return Object.fromEntries(
    entries.map(([kind, pointer]) => {
      const validate = ajv.compile({ $ref: `spec${pointer}` });
      return [kind, (value: unknown) => validate(value)];
    }),
  );
}
