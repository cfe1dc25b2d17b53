// All rules of one whole spec, block by block and then over the facts. The incremental engine does the same with kept parts.
import type { Finding } from '../../model/finding.ts';
import { valueOf, type MapNode, type Pair } from '../node.ts';
import type { RuleContext } from './check.ts';
import { checkAll } from './checkAll.ts';
import type { Placed, RootFacts } from './facts.ts';
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
  readonly root: RootFacts;
  readonly services: readonly Placed[];
}

/** Rules about something that is not there: they say nothing where a base is missing that may hold it. */
const ABOUT_ABSENCE = new Set(['R136', 'R137', 'R138', 'R140', 'R145']);

export function checkSpec(spec: CheckableSpec, known: Omit<RuleContext, 'backend'>): SpecCheck {
  const context = contextOf(spec.root, known);
  const pairs = servicesOf(spec.root);
  const blocks = spec.root.pairs.flatMap((pair) => checkRootBlock(pair, context));
  const services = pairs.flatMap((pair): Placed[] => {
    const facts = factsOfService(pair, context);
    return facts ? [{ facts, shift: 0 }] : [];
  });
  const root = factsOfRoot(spec.root, context);
  const own = pairs.flatMap((pair) => checkServiceOf(pair, spec, context));
  // With a block that cannot be read, or a base that is missing, the rules over all blocks would guess.
  const isWhole = services.length === pairs.length && !spec.incomplete && spec.incompleteServices.size === 0;
  const hasServices = valueOf(spec.root, 'services')?.kind === 'map';
  const findings = hasServices && (isWhole || services.length > 0) ? checkAll(root, services) : [];
  return {
    findings: [...blocks, ...own, ...(isWhole ? findings : withoutAbsence(findings))],
    root,
    services,
  };
}

function checkServiceOf(pair: Pair, spec: CheckableSpec, context: RuleContext): Finding[] {
  const findings = checkService(pair, context);
  const isIncomplete = spec.incompleteServices.has(String(pair.key.value));
  return isIncomplete ? findings.filter(({ code }) => !ABOUT_ABSENCE.has(code)) : findings;
}

/** Of the rules over all blocks, those that a missing block cannot have caused: rings, and overlaps of what is there. */
function withoutAbsence(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ code }) => ['R150', 'R159', 'R164'].includes(code));
}
