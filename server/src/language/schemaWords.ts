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
