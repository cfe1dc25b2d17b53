// Which documents another YAML extension leaves to us. Red Hat's extension judges by the generic Compose schema, which calls valid specs
// wrong: through its own door we hand it a schema that allows everything, for specs alone. What people set themselves always wins. Pure.

/** The address of the schema that allows everything; only a name, nothing is fetched. */
export const PERMISSIVE_SCHEMA = 'hpc-compose-schema://permissive';

/** Its text. */
export const PERMISSIVE_TEXT = JSON.stringify({
  $schema: 'http://json-schema.org/draft-07/schema#',
  description: 'hpc-compose specs are checked by the extension HPC Compose.',
});

export interface Document {
  readonly isSpec: boolean;
  /** `hpcCompose.coexistence` is `auto`, and the folder's files are not switched off. */
  readonly isWanted: boolean;
  /** The setting `yaml.schemas`: address -> pattern or patterns. */
  readonly userSchemas: Readonly<Record<string, unknown>>;
  /** True when a glob pattern fits the document. */
  readonly fits: (pattern: string) => boolean;
}

/** The schema for a document, or undefined to stay out of it. */
export function schemaFor({ isSpec, isWanted, userSchemas, fits }: Document): string | undefined {
  if (!isSpec || !isWanted) return undefined;
  const patterns = Object.values(userSchemas)
    .flat()
    .filter((pattern) => typeof pattern === 'string');
  const isMapped = patterns.some((pattern) => fits(anywhere(pattern)));
  return isMapped ? undefined : PERMISSIVE_SCHEMA;
}

/** Patterns there may begin anywhere in the path, as in `yaml.schemas`. */
function anywhere(pattern: string): string {
  if (pattern.startsWith('**') || /^(?:[a-z]+:)?\/\//i.test(pattern)) return pattern;
  return `**/${pattern.replace(/^\.?\//, '')}`;
}
