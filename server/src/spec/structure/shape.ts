// The schema as the structural checks read it: the few keywords of JSON Schema that schemas/hpc-compose.schema.json uses, and
// our own annotations (`x-…`). The schema file is the only place where shapes and the words about keys are written.
import schema from '../../../../schemas/hpc-compose.schema.json' with { type: 'json' };

export interface Shape {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly (string | number | null)[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: boolean | Shape;
  readonly required?: readonly string[];
  readonly items?: Shape | readonly Shape[];
  readonly minItems?: number;
  readonly minProperties?: number;
  readonly anyOf?: readonly Shape[];
  readonly deprecated?: boolean;
  readonly description?: string;
  readonly markdownDescription?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  /** Flag of sbatch (srun) that the key becomes. */
  readonly 'x-sbatch'?: string;
  readonly 'x-srun'?: string;
  /** hpc-compose tries one form after the other here and says only that none fits (R044). */
  readonly 'x-untagged'?: boolean;
  /** A rule of its own for the value. */
  readonly 'x-rule'?: string;
  /** Keys that the items of a list stand for, where a list may replace the mapping. */
  readonly 'x-positional'?: readonly string[];
  /** Shapes by the value of `type`. */
  readonly 'x-variants'?: Readonly<Record<string, Shape>>;
}

interface SchemaFile extends Shape {
  readonly properties: Readonly<Record<string, Shape>>;
  readonly definitions: Readonly<Record<string, Shape>>;
}

/** The whole schema: root keys under `properties`, services under `definitions.service`. */
export const SPEC_SCHEMA: SchemaFile = schema;

/** The shape of one service. */
export const SERVICE_SHAPE: Shape = SPEC_SCHEMA.definitions.service ?? {};

/** The shape behind a reference; annotations beside the reference stay. */
export function dereferenced(shape: Shape): Shape {
  if (shape.$ref === undefined) return shape;
  const target = SPEC_SCHEMA.definitions[shape.$ref.replace('#/definitions/', '')] ?? {};
  return { ...target, ...shape };
}

/** True when one of its forms is text. */
export function takesText(shape: Shape): boolean {
  return (
    typesOf(shape).includes('string') ||
    (shape.anyOf ?? []).some((form) => typesOf(dereferenced(form)).includes('string'))
  );
}

/** The JSON types that a shape allows; none named means any. */
export function typesOf(shape: Shape): readonly string[] {
  if (shape.type === undefined) return [];
  return typeof shape.type === 'string' ? [shape.type] : shape.type;
}
