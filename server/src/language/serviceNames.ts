// Where a spec names its services: each definition, and every place that refers to one. For going there, finding uses, and renaming.
import type { Span } from '../model/finding.ts';
import { pairOf, type ScalarNode, type SpecNode, valueAt, valueOf } from '../spec/node.ts';

export interface ServiceName {
  readonly name: string;
  /** Of the written name, quotes included. */
  readonly span: Span;
  readonly isDefinition: boolean;
}

/** All places of a document that name a service of it. Names of other files' services are none of them. */
export function serviceNames(root: SpecNode | undefined): ServiceName[] {
  const services = valueOf(root, 'services') ?? valueOf(root, 'steps');
  if (services?.kind !== 'map') return [];
  const own = new Set(services.pairs.map(({ key }) => key.value));
  const found = services.pairs.flatMap(({ key, value }) => [
    ...nameAt(key, true),
    ...dependencies(valueOf(value, 'depends_on')),
    ...scalarName(valueAt(value, 'x-slurm', 'placement', 'share_with')),
    ...extended(valueOf(value, 'extends')),
  ]);
  // What an anchor and its aliases share is written once.
  const places = new Map(found.map((one) => [one.span.start, one]));
  return [...places.values()].filter(({ name }) => own.has(name));
}

/** The name at an offset, or undefined. */
export function serviceNameAt(names: readonly ServiceName[], offset: number): ServiceName | undefined {
  return names.find(({ span }) => span.start <= offset && offset <= span.end);
}

/** Why a service cannot be called so, or undefined. */
export function badServiceName(
  name: string,
  names: readonly ServiceName[],
  former: string,
): string | undefined {
  if (!/^[A-Za-z0-9._-]+$/.test(name)) return 'Use letters, digits, dots, - and _ for the name of a service.';
  const isTaken = name !== former && names.some((one) => one.isDefinition && one.name === name);
  return isTaken ? `There is a service ${name} already.` : undefined;
}

function dependencies(node: SpecNode | undefined): ServiceName[] {
  if (node?.kind === 'seq') return node.items.flatMap(scalarName);
  return node?.kind === 'map' ? node.pairs.flatMap(({ key }) => nameAt(key, false)) : [];
}

/** `extends: name`, or `extends: {service: name}` without a file; a path names a service of another file. */
function extended(node: SpecNode | undefined): ServiceName[] {
  if (node?.kind === 'map') return pairOf(node, 'file') ? [] : scalarName(valueOf(node, 'service'));
  return scalarName(node).filter(({ name }) => !/[/\\]|\.ya?ml$/.test(name));
}

function scalarName(node: SpecNode | undefined): ServiceName[] {
  return node?.kind === 'scalar' ? nameAt(node, false) : [];
}

function nameAt({ value, span }: ScalarNode, isDefinition: boolean): ServiceName[] {
  return typeof value === 'string' ? [{ name: value, span, isDefinition }] : [];
}
