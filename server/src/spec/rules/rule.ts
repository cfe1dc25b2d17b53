// The shape of one rule of the catalogue: identity, weight and words, never code.
import type { Severity } from '../../model/finding.ts';

export interface Rule {
  /** Kebab-case name, public as `data.name`. */
  readonly name: string;
  readonly severity: Severity;
  /**
   * Stage of the spec contract, section 0, in which hpc-compose finds the same problem; 16 for lint, 17 for own findings,
   * LATER_STAGE for own findings that need a look beside the text.
   */
  readonly stage: number;
  /** Message templates by variant, with `{word}` places. `main` is the usual one. */
  readonly messages: Readonly<Record<string, string>>;
  /** What to do next, where one sentence fits every case. */
  readonly advice?: string;
  /** hpc-compose's own code for the same problem, where it has one. */
  readonly upstreamCode?: string;
}

/** Stage of rules about what directories, shells and other tools say: their findings come after those of the text. */
export const LATER_STAGE = 18;

export type RuleTable = Readonly<Record<string, Rule>>;

interface RuleExtras {
  readonly severity?: Severity;
  readonly advice?: string;
  /** Without its prefix `hpc_compose::spec::`. */
  readonly upstream?: string;
}

/** Builds a row of a rule table; a plain text is the `main` message. Errors unless said otherwise. */
export function rule(
  name: string,
  stage: number,
  messages: string | Readonly<Record<string, string>>,
  extras: RuleExtras = {},
): Rule {
  return {
    name,
    severity: extras.severity ?? 'error',
    stage,
    messages: typeof messages === 'string' ? { main: messages } : messages,
    ...(extras.advice === undefined ? {} : { advice: extras.advice }),
    ...(extras.upstream === undefined ? {} : { upstreamCode: `hpc_compose::spec::${extras.upstream}` }),
  };
}
