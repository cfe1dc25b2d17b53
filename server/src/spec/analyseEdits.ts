// The analysis of a document that changes a little at a time: blocks that an edit left alone are not read, resolved or judged
// again. Invariant: after every edit the findings equal those of `analyse` on the same text.
import { judge, type Analysis, type Surroundings } from './analyse.ts';
import { keepResults, Paused } from './kept.ts';
import { parseYaml, type ParsedYaml } from './parse.ts';
import type { SpecNode } from './node.ts';
import { createBlockParser, type BlockParser } from './parseBlocks.ts';
import { placeNode } from './placeNodes.ts';

export interface EditedSpec {
  /** Judges the next state of the document. */
  readonly analyse: (text: string, around: Surroundings) => Analysis;
  /** The same as far as it comes until `isOver`: undefined when there is more to do, the next call goes on from there. */
  readonly analyseUntil: (text: string, around: Surroundings, isOver: () => boolean) => Analysis | undefined;
  /** The tree of a state, with places in its text. */
  readonly treeOf: (text: string, file: string) => SpecNode | undefined;
  readonly fallbacks: BlockParser['fallbacks'];
}

/** Follows one document; the results of its blocks end with it. */
export function followEdits(): EditedSpec {
  let isOver = () => false;
  const parser = createBlockParser(() => isOver());
  const parse = keepBases();
  let kept = keepResults(() => isOver());
  const read = (text: string, file: string) => {
    const tree = parser.read(text, file);
    // What is kept of services that extend each other holds for one order of their blocks.
    if (tree.isReordered) kept = keepResults(() => isOver());
    return tree;
  };
  const analyse = (text: string, around: Surroundings) => {
    const tree = read(text, around.file);
    return judge({ ...around, text, places: tree.places, textOf: tree.textOf, kept, parse }, tree);
  };
  return {
    fallbacks: parser.fallbacks,
    analyse,
    treeOf: (text, file) => {
      const { root, places } = read(text, file);
      return root && placeNode(root, places);
    },
    analyseUntil: (text, around, isOverNow) => {
      isOver = isOverNow;
      try {
        return analyse(text, around);
      } catch (error) {
        if (error instanceof Paused) return undefined;
        throw error;
      } finally {
        isOver = () => false;
      }
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
