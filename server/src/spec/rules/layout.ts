// Which nodes of the allocation each service gets: R150-R154. Works on intervals, follows `share_with` without recursion,
// and gives no layout to services whose own is wrong, so that nothing is told twice. Spec contract, section 9.7.
import type { Finding, Span } from '../../model/finding.ts';
import { differenceOf, intersectionOf, sizeOf, takeOf, type Interval } from '../grammar/nodeRange.ts';
import { counted, findingOf, quoted } from './finding.ts';
import { movedSpan, type PlacedWith, type PlacementFact, type RootFacts } from './facts.ts';
import { nearestName } from '../nearestName.ts';

/** The nodes of one service. */
export interface Layout {
  readonly nodes: readonly Interval[];
  readonly size: number;
  /** Other services may use the same nodes. */
  readonly allowsOverlap: boolean;
}

export interface LayoutResult {
  /** For each service; undefined where its layout is wrong or not known. */
  readonly layouts: readonly (Layout | undefined)[];
  readonly findings: readonly Finding[];
}

/** So many wrong names are looked for among all others. */
const MOST_GUESSES = 200;

/** What the layout of a service hangs on. */
export type LaidOut = PlacedWith<'counts' | 'placement' | 'placementSpan'>;

type NodesFact = Extract<PlacementFact, { kind: 'nodes' }>;

/** `services` in the order of names. Nothing is laid out when the size of the allocation is not known. */
export function layOut(root: RootFacts, services: readonly LaidOut[]): LayoutResult {
  const allocation = root.counts.nodes?.value ?? 1;
  if (allocation === 'broken') return { layouts: [], findings: [] };
  const layouter = new Layouter(allocation, services);
  return { layouts: layouter.run(), findings: layouter.findings };
}

class Layouter {
  readonly findings: Finding[] = [];
  private readonly layouts: (Layout | undefined)[] = [];
  private readonly isSettled: boolean[];
  private readonly allocation: number;
  private readonly services: readonly LaidOut[];
  /** Services by name, once one asks for another. */
  private places: ReadonlyMap<string, number> | undefined;
  private readonly first: Layout = { nodes: [[0, 0]], size: 1, allowsOverlap: true };
  private readonly all: Layout;

  constructor(allocation: number, services: readonly LaidOut[]) {
    this.allocation = allocation;
    this.services = services;
    this.isSettled = services.map(() => false);
    this.all = { nodes: [[0, allocation - 1]], size: allocation, allowsOverlap: false };
  }

  run(): readonly (Layout | undefined)[] {
    for (let index = 0; index < this.services.length; index += 1) {
      if (this.services[index]?.facts.placement?.kind === 'share') this.resolve(index);
      else this.settle(index);
    }
    return this.layouts;
  }

  /** Walks along `share_with` to a service that is settled, then back. */
  private resolve(first: number): void {
    const chain: number[] = [];
    const positions = new Map<number, number>();
    let at: number | undefined = first;
    while (at !== undefined && !this.isSettled[at]) {
      const start = positions.get(at);
      if (start !== undefined) {
        this.reportRing(chain.slice(start));
        break;
      }
      positions.set(at, chain.length);
      chain.push(at);
      at = this.targetOf(this.services[at]);
    }
    for (const index of chain.reverse()) this.settle(index);
  }

  private targetOf(service: LaidOut | undefined): number | undefined {
    const placement = service?.facts.placement;
    return placement?.kind === 'share' ? this.placeOf(placement.target.value) : undefined;
  }

  private placeOf(name: string): number | undefined {
    this.places ??= new Map(this.services.map(({ facts }, index) => [facts.name, index]));
    return this.places.get(name);
  }

  private settle(index: number): void {
    const service = this.services[index];
    if (!service || this.isSettled[index]) return;
    this.isSettled[index] = true;
    this.layouts[index] = this.layoutOf(service);
  }

  private layoutOf(service: LaidOut): Layout | undefined {
    const { placement, counts } = service.facts;
    if (placement?.kind === 'broken' || counts.nodes?.value === 'broken') return undefined;
    if (placement?.kind === 'share') return this.shared(service, placement.target);
    return placement ? this.explicit(service, placement) : this.implicit(service);
  }

  private shared(
    service: LaidOut,
    target: { readonly value: string; readonly span: Span },
  ): Layout | undefined {
    const place = this.placeOf(target.value);
    if (place === undefined) {
      const names = this.services.map(({ facts }) => facts.name);
      const guess = this.findings.length < MOST_GUESSES ? nearestName(target.value, names) : undefined;
      this.report('R151', service, target.span, {
        words: { target: target.value },
        ...(guess === undefined ? {} : { advice: `Did you mean ${guess}?` }),
      });
      return undefined;
    }
    const layout = this.layouts[place];
    if (!layout || !this.nodesMatch(service, layout.size)) return undefined;
    return { ...layout, allowsOverlap: true };
  }

  private explicit(service: LaidOut, placement: NodesFact): Layout | undefined {
    if (this.exceeds(service) || this.outOfBounds(service, placement)) return undefined;
    const eligible = differenceOf([[0, this.allocation - 1]], placement.exclude?.value ?? []);
    const nodes = this.select(service, placement, eligible);
    if (!nodes) return undefined;
    const size = sizeOf(nodes);
    if (size === 0) {
      this.report(
        'R154',
        service,
        (placement.range ?? placement.exclude)?.span ?? service.facts.placementSpan,
      );
      return undefined;
    }
    return this.nodesMatch(service, size)
      ? { nodes, size, allowsOverlap: placement.allowOverlap }
      : undefined;
  }

  /** R152: more nodes than the job has. */
  private exceeds(service: LaidOut): boolean {
    const nodes = service.facts.counts.nodes;
    if (typeof nodes?.value !== 'number' || nodes.value <= this.allocation) return false;
    const words = { nodes: nodes.value, allocation: counted(this.allocation, 'node') };
    this.report('R152', service, nodes.span, { words });
    return true;
  }

  /** R153. */
  private outOfBounds(service: LaidOut, { bounds }: NodesFact): boolean {
    const wrong = bounds.filter(({ value }) => value >= this.allocation);
    for (const { value, span } of wrong) {
      const words = { index: value, allocation: counted(this.allocation, 'node') };
      this.report('R153', service, span, { words });
    }
    return wrong.length > 0;
  }

  /** R154 for a start or a count that cannot be had. */
  private select(
    service: LaidOut,
    placement: NodesFact,
    eligible: readonly Interval[],
  ): readonly Interval[] | undefined {
    if (placement.range) return intersectionOf(placement.range.value, eligible);
    const start = placement.start?.value ?? 0;
    const all = counted(this.allocation, 'node');
    if (placement.start && start >= this.allocation) {
      this.report('R154', service, placement.start.span, {
        variant: 'start',
        words: { start, eligible: all },
      });
      return undefined;
    }
    const percent = placement.percent?.value ?? 0;
    const share = Number((BigInt(sizeOf(eligible)) * BigInt(percent) + 99n) / 100n);
    const count = placement.count?.value ?? Math.max(1, share);
    const choice = intersectionOf(eligible, [[start, this.allocation - 1]]);
    const nodes = takeOf(choice, count);
    if (sizeOf(nodes) === count) return nodes;
    const span = (placement.count ?? placement.percent)?.span ?? service.facts.placementSpan;
    const words = { count, eligible: counted(sizeOf(choice), 'node') };
    this.report('R154', service, span, { variant: 'few', words });
    return undefined;
  }

  /** Without `placement`: one node, or all of them. */
  private implicit(service: LaidOut): Layout | undefined {
    const { nodes } = service.facts.counts;
    const wanted = nodes?.value ?? (this.services.length === 1 ? this.allocation : 1);
    if (nodes && this.exceeds(service)) return undefined;
    if (wanted === 1) return this.first;
    if (wanted === this.allocation) return this.all;
    const words = { nodes: String(wanted), allocation: counted(this.allocation, 'node') };
    if (nodes) this.report('R152', service, nodes.span, { variant: 'partial', words });
    return undefined;
  }

  /** R152: `nodes` beside a placement that gives another number. */
  private nodesMatch(service: LaidOut, size: number): boolean {
    const nodes = service.facts.counts.nodes;
    if (nodes === undefined || nodes.value === size) return true;
    const words = { nodes: nodes.value, resolved: counted(size, 'node') };
    this.report('R152', service, nodes.span, { variant: 'placement', words });
    return false;
  }

  /** R150, on the edge that closes the ring. */
  private reportRing(places: readonly number[]): void {
    for (const place of places) this.isSettled[place] = true;
    const ring = places.map((place) => this.services[place]).filter((service) => service !== undefined);
    const last = ring.at(-1);
    if (last?.facts.placement?.kind !== 'share') return;
    const names = ring.map(({ facts }) => facts.name);
    const chain = [...names.slice(0, 10), ...(names.length > 10 ? ['…'] : []), names[0] ?? ''].join(' → ');
    const related = ring
      .slice(0, -1)
      .slice(0, 20)
      .flatMap(({ facts, shift }) =>
        facts.placement?.kind === 'share'
          ? [
              {
                span: movedSpan(facts.placement.target.span, shift),
                message: `${quoted(facts.name)} shares here.`,
              },
            ]
          : [],
      );
    this.report('R150', last, last.facts.placement.target.span, { words: { chain }, related });
  }

  private report(
    code: 'R150' | 'R151' | 'R152' | 'R153' | 'R154',
    { facts, shift }: LaidOut,
    span: Span,
    found: Partial<Parameters<typeof findingOf>[1]> = {},
  ): void {
    const key = code === 'R152' ? 'nodes' : 'placement';
    const field = `services.${facts.name}.x-slurm.${key}`;
    this.findings.push(
      findingOf(code, { ...found, span: movedSpan(span, shift), field, service: facts.name }),
    );
  }
}
