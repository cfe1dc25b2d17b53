// The graph of `depends_on`: R161-R164 and the order in which services start. No recursion, linear in services and edges.
import type { Finding } from '../../model/finding.ts';
import { findingOf, quoted, type Case } from './finding.ts';
import {
  compareNames,
  movedSpan,
  sortServices,
  type DependencyFact,
  type PlacedWith,
  type ServiceFacts,
} from './facts.ts';
import type { RuleCode } from './catalogue.ts';
import { nearestName } from '../nearestName.ts';
import type { ServiceGraph, Waiting } from '../serviceGraph.ts';

/** What the rules of edges read of a service. */
type Target = PlacedWith<'dependencies' | 'readiness' | 'ignored'>;

const LONGEST_CHAIN = 10;
/** So many wrong names are looked for among all others: with thousands of both it would take minutes. */
const MOST_GUESSES = 200;

/** R161-R163: what is wrong with the edges of these services, in the order of names. */
export function checkTargets(services: readonly Target[], graph: ServiceGraph<Target>): Finding[] {
  const isWrong = (edge: DependencyFact) => {
    const target = graph.find(edge.target);
    return !target || problemOf(edge, target) !== undefined;
  };
  let known: readonly string[] | undefined;
  const names = () => (known ??= [...new Set(graph.byName().map(({ facts }) => facts.name))]);
  const wrong = services.filter(({ facts }) => facts.dependencies.some(isWrong));
  const findings: Finding[] = [];
  for (const service of sortServices(wrong))
    for (const edge of service.facts.dependencies) {
      const mayGuess = findings.length < MOST_GUESSES;
      const finding = checkEdge(service, edge, graph.find(edge.target), mayGuess, names);
      if (finding) findings.push(finding);
    }
  return findings;
}

/** What is wrong with an edge to a service that is there. */
function problemOf(edge: DependencyFact, target: Target): 'R162' | 'R163' | undefined {
  if (edge.condition === 'service_healthy' && !target.facts.readiness) return 'R162';
  return target.facts.ignored ? 'R163' : undefined;
}

function checkEdge(
  service: Target,
  edge: DependencyFact,
  target: Target | undefined,
  mayGuess: boolean,
  names: () => readonly string[],
): Finding | undefined {
  const words = { target: edge.target };
  if (!target)
    return report('R161', service, edge, { words, advice: adviceFor(service, edge, mayGuess, names()) });
  const problem = problemOf(edge, target);
  if (!problem) return undefined;
  const span = movedSpan(target.facts.span, target.shift);
  const related = [{ span, message: `${quoted(edge.target)} stands here.` }];
  return report(problem, service, edge, { words, related });
}

function adviceFor(
  { facts }: Target,
  { target }: DependencyFact,
  mayGuess: boolean,
  names: readonly string[],
): string {
  const guess = mayGuess
    ? nearestName(
        target,
        names.filter((name) => name !== facts.name),
      )
    : undefined;
  return guess === undefined ? `Services here: ${names.slice(0, 10).join(', ')}.` : `Did you mean ${guess}?`;
}

function report(
  code: RuleCode,
  { facts, shift }: Waiting,
  edge: DependencyFact,
  found: Partial<Case>,
): Finding {
  return findingOf(code, {
    ...found,
    span: movedSpan(edge.span, shift),
    field: `services.${facts.name}.depends_on.${edge.target}`,
    service: facts.name,
  });
}

/** Edges in the order in which hpc-compose walks them: lists as written, mappings by name (names are unique there). */
function edgesOf({ facts }: Linked): readonly DependencyFact[] {
  return facts.dependencies.length > 1 && facts.dependencies.some((edge) => edge.explicit)
    ? facts.dependencies.toSorted((a, b) => compareNames(a.target, b.target))
    : facts.dependencies;
}

/** A service as far as its place in the order goes. */
export interface Linked {
  readonly facts: Pick<ServiceFacts, 'name' | 'dependencies'>;
}

interface Step<S extends Linked> {
  readonly service: S;
  readonly edges: readonly DependencyFact[];
  next: number;
}

/** A service on the walk. */
interface Visit<S extends Linked> extends Step<S> {
  /** Its place in the path; -1 before it is met. */
  depth: number;
  isLeft: boolean;
  isInRing: boolean;
}

/** Names with every dependency before its dependants, ties by name; undefined when there is a ring or an unknown target. */
export function startOrder(services: readonly Linked[]): string[] | undefined {
  const order: string[] = [];
  const byName = new Map(services.map((service) => [service.facts.name, service]));
  const find = (name: string) => byName.get(name);
  const rings = walk(services, find, (service) => order.push(service.facts.name));
  const isWhole = services.every(({ facts }) => facts.dependencies.every((edge) => byName.has(edge.target)));
  return rings.length === 0 && isWhole ? order : undefined;
}

/** Depth first over these services and all that they lead to. Gives the path of every edge that leads back into its own path. */
function walk<S extends Linked>(
  services: readonly S[],
  find: (name: string) => S | undefined,
  leave: (service: S) => void = () => undefined,
): Step<S>[][] {
  const visits = new Map<S, Visit<S>>();
  const visitOf = (service: S): Visit<S> => {
    const known = visits.get(service);
    if (known) return known;
    const visit = { service, edges: edgesOf(service), next: 0, depth: -1, isLeft: false, isInRing: false };
    visits.set(service, visit);
    return visit;
  };
  const rings: Step<S>[][] = [];
  for (const service of services) {
    const root = visitOf(service);
    if (root.isLeft || find(service.facts.name) !== service) continue;
    root.depth = 0;
    const path = [root];
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const edge = step.edges[step.next++];
      if (edge === undefined) {
        path.pop();
        step.isLeft = true;
        leave(step.service);
        continue;
      }
      const found = find(edge.target);
      const target = found && visitOf(found);
      if (!target || target.isLeft) continue;
      if (target.depth < 0) {
        target.depth = path.length;
        path.push(target);
      } else if (!step.isInRing) {
        // One ring for each service at most: the others of a knot would only repeat it.
        const ring = path.slice(target.depth);
        for (const member of ring) member.isInRing = true;
        rings.push(ring.map(({ service, edges, next }) => ({ service, edges, next })));
      }
    }
  }
  return rings;
}

/** R164 once per ring. `before`: what was told before these services were touched by an edit. */
export function checkRings(
  services: readonly Waiting[],
  graph: ServiceGraph<Waiting>,
  before: readonly Finding[] | undefined,
): Finding[] {
  // Of rings that share services one is told: where one goes, others may show. Where there was none, a new one holds a new edge.
  const isFree =
    before?.length === 0 ? walk(services, graph.find).length === 0 : leadsBackOnly(graph.services);
  return isFree ? [] : walk(graph.byName(), graph.find).flatMap(ringFinding);
}

/** True when every service stands behind those that it waits for: most specs are written like that, and have no ring. */
function leadsBackOnly(services: readonly Waiting[]): boolean {
  const places = new Map(services.map(({ facts }, place) => [facts.name, place]));
  return services.every(({ facts }, place) =>
    facts.dependencies.every(({ target }) => (places.get(target) ?? -1) < place),
  );
}

function ringFinding(ring: readonly Step<Waiting>[]): Finding[] {
  const last = ring.at(-1);
  const closing = last?.edges[last.next - 1];
  if (!last || !closing) return [];
  const target = closing.target;
  if (ring.length === 1)
    return [report('R164', last.service, closing, { variant: 'self', words: { target } })];
  const members = ring.map(({ service }) => service.facts.name);
  const shown = members.length > LONGEST_CHAIN ? [...members.slice(0, LONGEST_CHAIN), '…'] : members;
  const related = ring
    .slice(0, -1)
    .slice(0, 20)
    .flatMap(({ service, edges, next }) => {
      const edge = edges[next - 1];
      const message = `${quoted(service.facts.name)} depends on ${quoted(edge?.target ?? '')} here.`;
      return edge ? [{ span: movedSpan(edge.span, service.shift), message }] : [];
    });
  const words = { chain: [...shown, members[0] ?? ''].join(' → ') };
  return [report('R164', last.service, closing, { words, related })];
}
