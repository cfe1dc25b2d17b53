// All rules of one whole spec, block by block and then over the facts. What is kept of blocks that did not change is not looked for again.
import type { Finding } from '../../model/finding.ts';
import { WHOLE_TEXT, type BlockPlaces } from '../blockPlaces.ts';
import { factsOver, type Together } from '../checkTogether.ts';
import { isSameList, NOTHING_KEPT, type Kept } from '../kept.ts';
import { valueOf, type MapNode, type Pair } from '../node.ts';
import { isSameValue } from '../sameValue.ts';
import type { RuleContext } from './check.ts';
import { checkAll } from './checkAll.ts';
import type { RootFacts } from './facts.ts';
import {
  checkRootBlock,
  checkService,
  contextOf,
  factsOfRoot,
  factsOfService,
  servicesOf,
} from './ruleBook.ts';

/** The part of a resolved spec that the rules read. */
export interface CheckableSpec {
  readonly root: MapNode;
  /** A root base is missing: absent root keys may come from it. */
  readonly incomplete: boolean;
  readonly incompleteServices: ReadonlySet<string>;
}

export interface SpecCheck {
  readonly findings: readonly Finding[];
  readonly facts: Together;
}

/** Rules about something that is not there: they say nothing where a base is missing that may hold it. */
const ABOUT_ABSENCE = new Set(['R136', 'R137', 'R138', 'R140', 'R145']);

export function checkSpec(
  spec: CheckableSpec,
  known: Omit<RuleContext, 'backend'>,
  kept: Kept = NOTHING_KEPT,
  places: BlockPlaces = WHOLE_TEXT,
): SpecCheck {
  const context = steadyContext(contextOf(spec.root, known), kept);
  const pairs = servicesOf(spec.root);
  const blocks = spec.root.pairs.flatMap((pair) =>
    kept.of('root rules', pair.value, [pair.key, context], () => checkRootBlock(pair, context)),
  );
  const checked = kept.each('rules', pairs, [context], (pair) => checkOne(pair, context));
  const own: Finding[] = [];
  for (const { findings, name } of kept.found('told', checked, (one) =>
    one.findings.length > 0 ? one : undefined,
  ))
    for (const finding of findings) if (!isHidden(finding, name, spec)) own.push(finding);
  const services = withoutGaps(kept.map('placed', checked, ({ placed }) => placed));
  const facts = factsOver(rootFactsOf(spec.root, context, kept), services, kept, places);
  // With a block that cannot be read, or a base that is missing, the rules over all blocks would guess.
  const isWhole = services.length === pairs.length && !spec.incomplete && spec.incompleteServices.size === 0;
  const hasServices = valueOf(spec.root, 'services')?.kind === 'map';
  const findings = hasServices && (isWhole || services.length > 0) ? checkAll(facts) : [];
  return { findings: [...blocks, ...own, ...(isWhole ? findings : withoutAbsence(findings))], facts };
}

/** The very same list where nothing is missing. */
function withoutGaps<T>(items: readonly (T | undefined)[]): readonly T[] {
  return items.includes(undefined) ? items.filter((item) => item !== undefined) : (items as readonly T[]);
}

function checkOne(pair: Pair, context: RuleContext) {
  const facts = factsOfService(pair, context);
  const placed = facts && { facts, shift: 0 };
  return { findings: checkService(pair, context), placed, name: String(pair.key.value) };
}

/** A rule about something that is not there, where the base that may hold it is missing. */
function isHidden({ code }: Finding, service: string, { incompleteServices }: CheckableSpec): boolean {
  return ABOUT_ABSENCE.has(code) && incompleteServices.has(service);
}

/** The context of the last analysis where this one says the same. The text of a node never changes, whoever gives it. */
function steadyContext(now: RuleContext, kept: Kept): RuleContext {
  const { rootfsCache } = now;
  const ask = rootfsCache?.flagIsKnown;
  // Nobody asks for the flag before a spec has it; from then on another answer makes another context.
  const answer = kept.recall('flag') === undefined ? undefined : ask?.();
  const flagIsKnown = () => {
    const known = ask?.() === true;
    kept.remember('flag', known);
    return known;
  };
  const context = ask ? { ...now, rootfsCache: { ...rootfsCache, flagIsKnown } } : now;
  const says = {
    ...now,
    textOf: undefined,
    isBefore: undefined,
    rootfsCache: { ...rootfsCache, flagIsKnown: answer },
  };
  return kept.steady('context', { context, says }, (before, next) => isSameValue(before.says, next.says))
    .context;
}

/** The facts of the root: the same value as long as all blocks of the root but the services are the same. */
function rootFactsOf(root: MapNode, context: RuleContext, kept: Kept): RootFacts {
  const services = root.pairs.find(({ value }) => value === valueOf(root, 'services'));
  const parts: unknown[] = root.pairs.flatMap(({ key, value }) =>
    key === services?.key ? [key] : [key, value],
  );
  if (!services) parts.push(root.span.start, root.span.end);
  const blocks = kept.steady('root', parts, isSameList);
  return kept.of('root facts', blocks, [context], () => factsOfRoot(root, context));
}

/** Of the rules over all blocks, those that a missing block cannot have caused: rings, and overlaps of what is there. */
function withoutAbsence(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ code }) => ['R150', 'R159', 'R164'].includes(code));
}
