// The judgement of one text: every finding at once, in document order, and the verdict. Pure; other files come through ports.
import { decidesVerdict, type Finding } from '../model/finding.ts';
import type { SpecNode } from './node.ts';
import { parseYaml } from './parse.ts';

export interface AnalysisInput {
  readonly text: string;
  /** Absolute path of the file, or its URI; goes into every span. */
  readonly file: string;
}

export interface Analysis {
  /** In document order. */
  readonly findings: readonly Finding[];
  /** False when a rule that decides the verdict found something. */
  readonly valid: boolean;
  readonly root: SpecNode | undefined;
}

/** Judges one text. */
export function analyse({ text, file }: AnalysisInput): Analysis {
  const { root, findings } = parseYaml(text, file);
  const ordered = [...findings].sort((a, b) => a.span.start - b.span.start);
  return { findings: ordered, valid: !ordered.some(decidesVerdict), root };
}
