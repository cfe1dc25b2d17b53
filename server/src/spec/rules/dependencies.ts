// The graph of `depends_on`: R161-R164 and the order in which services start. No recursion, linear in services and edges.
import type { Finding } from '../../model/finding.ts';
import { findingOf, quoted, type Case } from './finding.ts';
import { compareNames, movedSpan, type DependencyFact, type PlacedWith, type ServiceFacts } from './facts.ts';
import type { RuleCode } from './catalogue.ts';
import { nearestName } from '../nearestName.ts';

/** What the rules of dependencies read of a service. */
type Waiting = PlacedWith<'dependencies' | 'readiness' | 'ignored'>;

const LONGEST_CHAIN = 10;
/** So many wrong names are looked for among all others: with thousands of both it would take minutes. */
const MOST_GUESSES = 200;

/** R161-R163 per edge, then R164 once per ring. `services` in the order of the text and by name. */
export function checkDependencies(services: readonly Waiting[], byName: () => readonly Waiting[]): Finding[] {
  const places = new Map<string, number>();
  for (let place = 0; place < services.length; place += 1)
    places.set(services[place]?.facts.name ?? '', place);
  let [isClean, isForward] = [true, true];
  for (const [place, service] of services.entries())
    for (const edge of service.facts.dependencies) {
      const target = places.get(edge.target);
      if (target === undefined || problemOf(edge, services[target])) isClean = false;
      if (target === undefined || target >= place) isForward = false;
    }
  return [
    ...(isClean ? [] : checkEdges(byName())),
    // Where every service stands behind those that it waits for there is no ring: most specs are written like that.
    ...(isForward ? [] : checkRings(byName())),
  ];
}

function checkEdges(services: readonly Waiting[]): Finding[] {
  const byName = new Map(services.map((service) => [service.facts.name, service]));
  const findings: Finding[] = [];
  for (const service of services)
    for (const edge of service.facts.dependencies) {
      const finding = checkEdge(service, edge, byName, findings.length < MOST_GUESSES);
      if (finding) findings.push(finding);
    }
  return findings;
}

/** What is wrong with an edge to a service that is there. */
function problemOf(edge: DependencyFact, target: Waiting | undefined): 'R162' | 'R163' | undefined {
  if (edge.condition === 'service_healthy' && !target?.facts.readiness) return 'R162';
  return target?.facts.ignored ? 'R163' : undefined;
}

function checkEdge(
  service: Waiting,
  edge: DependencyFact,
  byName: ReadonlyMap<string, Waiting>,
  mayGuess: boolean,
): Finding | undefined {
  const target = byName.get(edge.target);
  const words = { target: edge.target };
  if (!target) {
    const names = [...byName.keys()];
    const others = mayGuess ? names.filter((name) => name !== service.facts.name) : [];
    const guess = nearestName(edge.target, others);
    const known = names.slice(0, 10).join(', ');
    const advice = guess === undefined ? `Services here: ${known}.` : `Did you mean ${guess}?`;
    return report('R161', service, edge, { words, advice });
  }
  const problem = problemOf(edge, target);
  if (!problem) return undefined;
  const span = movedSpan(target.facts.span, target.shift);
  const related = [{ span, message: `${quoted(edge.target)} stands here.` }];
  return report(problem, service, edge, { words, related });
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

/** A service as far as its place in the graph goes. */
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
  const rings = walk(services, (service) => order.push(service.facts.name));
  const known = new Set(order);
  const isWhole = services.every(({ facts }) => facts.dependencies.every((edge) => known.has(edge.target)));
  return rings.length === 0 && isWhole ? order : undefined;
}

/** Depth first over all services. Gives the path of every edge that leads back into its own path. */
function walk<S extends Linked>(services: readonly S[], leave: (service: S) => void): Step<S>[][] {
  const visits = services.map((service): Visit<S> => {
    const edges = edgesOf(service);
    return { service, edges, next: 0, depth: -1, isLeft: false, isInRing: false };
  });
  const byName = new Map(visits.map((visit) => [visit.service.facts.name, visit]));
  const rings: Step<S>[][] = [];
  for (const root of visits) {
    if (root.isLeft || byName.get(root.service.facts.name) !== root) continue;
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
      const target = byName.get(edge.target);
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

function checkRings(services: readonly Waiting[]): Finding[] {
  const names = new Set(services.map(({ facts }) => facts.name));
  return walk(services, () => undefined).flatMap((ring) => {
    const last = ring.at(-1);
    const closing = last?.edges[last.next - 1];
    if (!last || !closing || !names.has(closing.target)) return [];
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
  });
}
