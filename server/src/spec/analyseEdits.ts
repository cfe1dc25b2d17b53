// The analysis of a document that changes a little at a time: blocks that an edit left alone are not read, resolved or judged
// again. Invariant: after every edit the findings equal those of `analyse` on the same text.
import { judge, type Analysis, type Surroundings } from './analyse.ts';
import { keepResults } from './kept.ts';
import { parseYaml, type ParsedYaml } from './parse.ts';
import { createBlockParser, type BlockParser } from './parseBlocks.ts';

export interface EditedSpec {
  /** Judges the next state of the document. */
  readonly analyse: (text: string, around: Surroundings) => Analysis;
  readonly fallbacks: BlockParser['fallbacks'];
}

/** Follows one document; the results of its blocks end with it. */
export function followEdits(): EditedSpec {
  const parser = createBlockParser();
  const parse = keepBases();
  let kept = keepResults();
  return {
    fallbacks: parser.fallbacks,
    analyse: (text, around) => {
      const tree = parser.read(text, around.file);
      // What is kept of services that extend each other holds for one order of their blocks.
      if (tree.isReordered) kept = keepResults();
      return judge({ ...around, text, places: tree.places, textOf: tree.textOf, kept, parse }, tree);
    },
  };
}

/** Reads each state of a base file once. */
function keepBases(): typeof parseYaml {
  const known = new Map<string, { readonly text: string; readonly parsed: ParsedYaml }>();
  return (text, file) => {
    const last = known.get(file);
    if (last?.text === text) return last.parsed;
    const parsed = parseYaml(text, file);
    known.set(file, { text, parsed });
    return parsed;
  };
}
