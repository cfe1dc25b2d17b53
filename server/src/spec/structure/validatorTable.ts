// Which parts of the schema get a validator of their own, for the build step and for running from source.

/** Unknown formats (`uint32`) and annotations (`x-…`) are ours and checked elsewhere. */
export const VALIDATOR_OPTIONS = { strict: false, validateFormats: false, strictNumbers: false } as const;

/** JSON pointers into the schema by kind of block: every root key, and `service`. */
export function validatedParts(rootKeys: readonly string[]): Readonly<Record<string, string>> {
  const roots = rootKeys.map((key) => [key, `#/properties/${key}`] as const);
  return { ...Object.fromEntries(roots), service: '#/definitions/service' };
}
