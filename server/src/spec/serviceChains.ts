// Follows `extends` from service to service inside one file and merges the chain (rules R014 and R015). A walk, not a
// recursion: a chain of 30,000 services is no problem.
import type { Finding } from '../model/finding.ts';
import { NOTHING_KEPT, type Kept } from './kept.ts';
import { mergeNodes } from './mergeNodes.ts';
import { pairOf, valueOf, type MapNode, type Pair, type SpecNode } from './node.ts';
import { findingOf } from './rules/finding.ts';
import type { ExtendsReference } from './serviceExtends.ts';

export interface ChainActions {
  /** The reference of an `extends`; undefined after reporting what is wrong with it. */
  readonly read: (extension: Pair, service: string) => ExtendsReference | undefined;
  /** The base service of another file. */
  readonly external: (
    reference: ExtendsReference & { readonly file: string },
    service: string,
  ) => { readonly base: SpecNode | undefined; readonly incomplete: boolean };
  readonly report: (finding: Finding) => void;
  /** Keeps merged services, so that they stay the same values while their parts do. */
  readonly kept?: Kept;
}

export interface ResolvedServices {
  readonly root: MapNode;
  /** Services whose base could not be had. */
  readonly incomplete: ReadonlySet<string>;
}

/** The root with every service merged with its bases and free of `extends`. */
export function resolveServiceChains(root: MapNode, actions: ChainActions): ResolvedServices {
  const services = valueOf(root, 'services');
  const { kept = NOTHING_KEPT } = actions;
  const starting = ({ value }: Pair) => pairOf(value, 'extends') !== undefined;
  if (services?.kind !== 'map' || !kept.map('extends', services.pairs, starting).includes(true)) {
    return { root, incomplete: new Set() };
  }
  const walk = new ChainWalk(services, actions);
  const pairs = services.pairs.map((pair) => {
    const value = walk.resolve(pair);
    return value === pair.value ? pair : kept.of('entry', pair, [value], () => ({ key: pair.key, value }));
  });
  return { root: withServices(root, { ...services, pairs }), incomplete: walk.incomplete };
}

interface Link {
  readonly name: string;
  /** The service without its `extends`. */
  readonly own: SpecNode;
  readonly extension?: Pair;
  /** What names the next link. */
  place?: SpecNode;
}

class ChainWalk {
  readonly incomplete = new Set<string>();
  private readonly resolved = new Map<string, SpecNode>();
  private readonly services: MapNode;
  private readonly byName: ReadonlyMap<unknown, SpecNode>;
  private readonly actions: ChainActions;
  private readonly kept: Kept;

  constructor(services: MapNode, actions: ChainActions) {
    this.kept = actions.kept ?? NOTHING_KEPT;
    this.services = services;
    this.byName = new Map(services.pairs.map(({ key, value }) => [key.value, value]));
    this.actions = actions;
  }

  resolve({ key, value }: Pair): SpecNode {
    if (typeof key.value !== 'string') return value;
    const { links, base } = this.follow(key.value, value);
    let merged = base;
    const last = links.at(-1);
    const broken =
      last !== undefined && (this.incomplete.has(last.name) || (!base && last.extension !== undefined));
    for (const link of links.toReversed()) {
      merged = merged ? this.lay(link.own, merged) : link.own;
      if (broken) this.incomplete.add(link.name);
      this.resolved.set(link.name, merged);
    }
    return merged ?? value;
  }

  private lay(own: SpecNode, base: SpecNode): SpecNode {
    return this.kept.of('chained', own, [base], () => mergeNodes(base, own, 'service'));
  }

  private linkOf(name: string, service: SpecNode, extension: Pair | undefined): Link {
    if (!extension) return { name, own: service };
    return {
      name,
      own: this.kept.of('own', service, [], () => without(service, extension)),
      extension,
    };
  }

  /** The links from a service down to one that needs no more of this file, and what that one starts from. */
  private follow(first: string, node: SpecNode): { links: Link[]; base: SpecNode | undefined } {
    const links: Link[] = [];
    const seen = new Set<string>();
    let name = first;
    let service = node;
    for (;;) {
      const extension = pairOf(service, 'extends');
      seen.add(name);
      const link = this.linkOf(name, service, extension);
      links.push(link);
      if (!extension) return { links, base: undefined };
      const reference = this.actions.read(extension, name);
      if (!reference) return { links, base: undefined };
      link.place = reference.place;
      if (reference.file !== undefined) return { links, base: this.external(reference, name) };
      const next = this.byName.get(reference.service);
      const known = this.resolved.get(reference.service);
      if (known && !seen.has(reference.service)) return this.onto(reference.service, known, links);
      if (!next || seen.has(reference.service)) {
        this.reportBroken(reference, links, next !== undefined);
        return { links, base: undefined };
      }
      name = reference.service;
      service = next;
    }
  }

  private onto(target: string, base: SpecNode, links: Link[]): { links: Link[]; base: SpecNode } {
    if (this.incomplete.has(target)) for (const { name } of links) this.incomplete.add(name);
    return { links, base };
  }

  private external(reference: ExtendsReference, name: string): SpecNode | undefined {
    const found = this.actions.external({ ...reference, file: reference.file ?? '' }, name);
    if (found.incomplete) this.incomplete.add(name);
    return found.base;
  }

  private reportBroken(reference: ExtendsReference, links: readonly Link[], exists: boolean): void {
    const last = links.at(-1);
    const service = last?.name ?? '';
    const about = { service, field: `services.${service}.extends`, span: reference.place.span };
    if (!exists) {
      this.actions.report(findingOf('R014', { ...about, words: { target: reference.service } }));
      return;
    }
    const ring = links.slice(links.findIndex(({ name }) => name === reference.service));
    const [first] = ring;
    const chain = [...ring.map(({ name }) => name), reference.service].join(' -> ');
    const related = ring
      .slice(1)
      .flatMap(({ name, place }) =>
        place ? [{ span: place.span, message: `service ${name} continues the ring` }] : [],
      );
    const place = {
      service: first?.name ?? service,
      field: `services.${first?.name ?? service}.extends`,
      span: first?.place?.span ?? about.span,
    };
    this.actions.report(findingOf('R015', { ...place, words: { chain }, related }));
  }
}

function without(service: SpecNode, extension: Pair): SpecNode {
  if (service.kind !== 'map') return service;
  return { ...service, pairs: service.pairs.filter((pair) => pair !== extension) };
}

function withServices(root: MapNode, services: MapNode): MapNode {
  const pairs = root.pairs.map((pair) =>
    pair.key.value === 'services' ? { ...pair, value: services } : pair,
  );
  return { ...root, pairs };
}
