// The catalogue of all rules by code. Codes and names are public API: never renamed, never used for another meaning.
import type { Rule } from './rule.ts';
import { FILE_RULES } from './tables/fileRules.ts';
import { LINT_RULES } from './tables/lintRules.ts';
import { OWN_RULES } from './tables/ownRules.ts';
import { PLAN_RULES } from './tables/planRules.ts';
import { ROOTFS_RULES } from './tables/rootfsRules.ts';
import { TYPE_RULES } from './tables/typeRules.ts';
import { VALUE_RULES } from './tables/valueRules.ts';

const CATALOGUE = {
  ...FILE_RULES,
  ...TYPE_RULES,
  ...VALUE_RULES,
  ...PLAN_RULES,
  ...LINT_RULES,
  ...OWN_RULES,
  ...ROOTFS_RULES,
} as const;

export type RuleCode = keyof typeof CATALOGUE;

/** Every rule by its code, in the order of the contract. */
export const RULES: Readonly<Record<RuleCode, Rule>> = CATALOGUE;

/** The rule with this code, or undefined. */
export function ruleOf(code: string): Rule | undefined {
  return (RULES as Readonly<Record<string, Rule | undefined>>)[code];
}

/** Path of a rule's page below the extension's folder. */
export function docsPathOf(code: string): string {
  return `docs/rules/${code}.md`;
}
