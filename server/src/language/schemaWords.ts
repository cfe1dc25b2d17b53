// Finds what the schema says at a place of a spec: the shapes that a path of keys can have. The schema is the home of all words.
import { dereferenced, SPEC_SCHEMA, type Shape } from '../spec/structure/shape.ts';

/** A key of a mapping, or `-` for an item of a list. */
export type Path = readonly string[];

/** Keywords by which a shape consists of others. */
interface Composite extends Shape {
  readonly allOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly if?: Shape;
  readonly then?: Shape;
  readonly else?: Shape;
}

/** All shapes that the value at this path can have; none for a key that the schema does not know. */
export function shapesAt(path: Path): Shape[] {
  return path.reduce<Shape[]>(
    (shapes, key) => shapes.flatMap((shape) => parts(shape).flatMap((part) => child(part, key))),
    [SPEC_SCHEMA],
  );
}

/** The words on a key, in Markdown. */
export function wordsOf(path: Path): string | undefined {
  const shapes = shapesAt(path).flatMap(parts);
  return shapes.find((shape) => shape.markdownDescription)?.markdownDescription;
}

/** The keys that a mapping at this path can have, with their shapes; the first of several wins. */
export function keysAt(path: Path): Map<string, Shape> {
  const keys = new Map<string, Shape>();
  for (const shape of shapesAt(path).flatMap(parts)) {
    for (const [key, value] of Object.entries(shape.properties ?? {})) {
      const known = keys.get(key);
      if (!known?.markdownDescription) keys.set(key, dereferenced(value));
    }
  }
  return keys;
}

/** The values that the schema lists for this path: of enumerations and of booleans. */
export function valuesAt(path: Path): string[] {
  const shapes = shapesAt(path).flatMap(parts);
  const listed = shapes.flatMap((shape) => shape.enum ?? []).filter((value) => value !== null);
  const booleans = shapes.some(({ type }) => type === 'boolean' || type?.includes('boolean'))
    ? ['true', 'false']
    : [];
  return [...new Set([...listed.map(String), ...booleans])];
}

/** How a value is written, in short. */
export interface ShapeWords {
  /** What a new line begins with behind the key: a mapping, a list, or the value itself. */
  readonly form: 'map' | 'list' | 'text';
  /** `text`, `number`, `a | b`, … */
  readonly detail: string;
  readonly hasValues: boolean;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'number',
  number: 'number',
  boolean: 'true | false',
  array: 'list',
  object: 'mapping',
};
const MOST_VALUES = 4;

/** The forms that a shape's value can take. */
export function shapeWords(shape: Shape): ShapeWords {
  const all = parts(shape);
  const types = all.flatMap(({ type }) => type ?? []).filter((type) => type !== 'null');
  const listed = all.flatMap((part) => part.enum ?? []).filter((value) => value !== null);
  const values = listed.slice(0, MOST_VALUES).join(' | ') + (listed.length > MOST_VALUES ? ' | …' : '');
  const words = new Set(types.map((type) => TYPE_WORDS[type] ?? type));
  const isBlock = types.length > 0 && types.every((type) => type === 'object' || type === 'array');
  return {
    form: !isBlock ? 'text' : types[0] === 'object' ? 'map' : 'list',
    detail: listed.length > 0 ? values : [...words].join(' or '),
    hasValues: listed.length > 0 || types.includes('boolean'),
  };
}

function child(shape: Shape, key: string): Shape[] {
  if (key === '-') {
    const { items } = shape;
    return items === undefined
      ? []
      : Array.isArray(items)
        ? [...(items as readonly Shape[])]
        : [items as Shape];
  }
  const own = shape.properties?.[key];
  if (own) return [own];
  return typeof shape.additionalProperties === 'object' ? [shape.additionalProperties] : [];
}

/** The shape itself and everything it is put together from. */
function parts(shape: Shape): Shape[] {
  const whole: Composite = dereferenced(shape);
  const others = [
    ...(whole.anyOf ?? []),
    ...(whole.oneOf ?? []),
    ...(whole.allOf ?? []),
    ...[whole.then, whole.else].filter((part) => part !== undefined),
    ...Object.values(whole['x-variants'] ?? {}),
  ];
  return [whole, ...others.flatMap(parts)];
}
