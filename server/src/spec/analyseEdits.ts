// The analysis of a document that changes a little at a time: blocks that an edit left alone are not read, resolved or judged
// again. Invariant: after every edit the findings equal those of `analyse` on the same text.
import type { Text } from '../model/text.ts';
import { judge, type Analysis, type Surroundings } from './analyse.ts';
import { keepResults, Paused } from './kept.ts';
import { parseYaml, type ParsedYaml } from './parse.ts';
import type { SpecNode } from './node.ts';
import { createBlockParser, type BlockParser } from './parseBlocks.ts';
import { placeNode } from './placeNodes.ts';

/** Judges states of one document. */
export interface EditedJudge {
  /** Judges the next state of the document. */
  readonly analyse: (text: Text, around: Surroundings) => Analysis;
  /** The same as far as it comes until `isOver`: undefined when there is more to do, the next call goes on from there. */
  readonly analyseUntil: (text: Text, around: Surroundings, isOver: () => boolean) => Analysis | undefined;
  /** What is found so far when `analyseUntil` gave nothing yet: mistakes in the shape of entries, once all are judged. */
  readonly early: () => Analysis | undefined;
}

export interface EditedSpec extends EditedJudge {
  /** One more judge over the same blocks, for other surroundings: what each keeps holds for its own. */
  readonly beside: () => EditedJudge;
  /** The tree of a state, with places in its text. */
  readonly treeOf: (text: Text, file: string) => SpecNode | undefined;
  readonly fallbacks: BlockParser['fallbacks'];
}

/** Follows one document; the results of its blocks end with it. */
export function followEdits(): EditedSpec {
  let isOver = () => false;
  const parser = createBlockParser(() => isOver());
  const parse = keepBases();
  let orders = 0;
  const read = (text: Text, file: string) => {
    const tree = parser.read(text, file);
    if (tree.isReordered) orders += 1;
    return tree;
  };
  const createJudge = (): EditedJudge => {
    // What is kept of services that extend each other holds for one order of their blocks.
    let keeping = { order: orders, kept: keepResults(() => isOver()) };
    let early: (() => Analysis) | undefined;
    const onShapes = (found: () => Analysis) => void (early = found);
    const analyse = (text: Text, around: Surroundings) => {
      early = undefined;
      const tree = read(text, around.file);
      if (keeping.order !== orders) keeping = { order: orders, kept: keepResults(() => isOver()) };
      const { kept } = keeping;
      const { places, textOf, mentions } = tree;
      return judge({ ...around, text, places, textOf, mentions, kept, parse, onShapes }, tree);
    };
    const analyseUntil: EditedJudge['analyseUntil'] = (text, around, isOverNow) => {
      isOver = isOverNow;
      try {
        return analyse(text, around);
      } catch (error) {
        if (error instanceof Paused) return undefined;
        throw error;
      } finally {
        isOver = () => false;
      }
    };
    return { analyse, analyseUntil, early: () => early?.() };
  };
  return {
    ...createJudge(),
    beside: createJudge,
    fallbacks: parser.fallbacks,
    treeOf: (text, file) => {
      const { root, places } = read(text, file);
      return root && placeNode(root, places);
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
