// Blocks read one by one -> the tree and findings of the whole text: entries under their section's key, keys that blocks share told
// as duplicates, syntax errors in the order of the text. Gives up where only the whole text can tell.
import type { Finding, Span } from '../model/finding.ts';
import type { Kept } from './kept.ts';
import type { MapNode, Pair, ScalarNode } from './node.ts';
import { isDamage, type ParsedYaml } from './parse.ts';
import type { ParsedBlock, ParsedRest } from './parseBlock.ts';
import { followSections, type SectionPairs } from './sectionPairs.ts';
import type { Block } from './splitBlocks.ts';
import { MOST_SYNTAX_ERRORS } from './yaml/composeDocuments.ts';
import { duplicateKey, identityOf } from './yaml/toNodes.ts';

/** One block, or everything from a block on. Exactly one of `parsed` and `rest` is there. */
export interface Part {
  readonly block: Block;
  readonly parsed?: ParsedBlock | undefined;
  readonly rest?: ParsedRest;
}

/**
 * The whole of which these are the parts, each with its start, or undefined. Spans stay inside blocks, but for those of the root
 * and of sections.
 */
export type JoinBlocks = (
  parts: readonly Part[],
  starts: readonly number[],
  file: string,
) => ParsedYaml | undefined;

/** Joins the successive states of one text. */
export function createJoin(kept: Kept): JoinBlocks {
  const sections = followSections();
  return (parts, starts, file) => new Joining({ parts, starts, file, kept, sections }).join();
}

interface Joined {
  readonly parts: readonly Part[];
  readonly starts: readonly number[];
  readonly file: string;
  readonly kept: Kept;
  readonly sections: SectionPairs;
}

class Joining {
  private readonly syntax: Finding[] = [];
  private readonly findings: Finding[] = [];
  private readonly whole: Finding[] = [];
  private readonly root = new Entries([]);
  private readonly given: Joined;

  constructor(given: Joined) {
    this.given = given;
  }

  join(): ParsedYaml | undefined {
    const { parts, kept } = this.given;
    const isChild = kept.map('children', parts, ({ block }) => block.kind === 'child');
    const tells = kept.map('telling', parts, isTelling);
    for (let index = 0; index < parts.length;) {
      let end = index + 1;
      while (isChild[end]) end += 1;
      const isSilent = !tells.includes(true, index);
      if (!this.addSection(index, end, isSilent)) return undefined;
      index = end;
    }
    const root = this.rootNode();
    if (!root) return undefined;
    const findings = [...this.syntax, ...this.findings, ...this.whole];
    return { root, findings, damaged: findings.some(isDamage) };
  }

  /** `isSilent`: no part from there on has anything to tell. */
  private addSection(index: number, end: number, isSilent: boolean): boolean {
    const first = this.given.parts[index];
    if (!first) return false;
    if (first.block.kind === 'root') return this.addRootPart(first);
    const key = first.parsed?.head;
    if (!key) return first.rest !== undefined && this.addRootPart(first);
    const parts = this.given.parts.slice(index, end);
    const pairs =
      (isSilent ? this.given.sections.take(String(key.value), parts) : undefined) ??
      this.entriesOf(key, parts);
    if (!pairs || pairs.length === 0) return false;
    // The first one is the section's own line: where it holds no entry, the mapping begins with the next part.
    const from = first.parsed.pairs.length === 0 ? index + 1 : index;
    const value: MapNode = { kind: 'map', pairs, span: this.extentOf(from, end - 1) };
    const outer = parts.at(-1)?.rest?.outer ?? [];
    return this.root.add([{ key, value }, ...outer], this.findings);
  }

  private entriesOf(key: ScalarNode, parts: readonly Part[]): readonly Pair[] | undefined {
    const inner = new Entries([String(key.value)]);
    for (const part of parts) {
      if (!this.tell(part)) return undefined;
      const own = part.parsed?.pairs ?? part.rest?.inner?.pairs ?? [];
      if (!inner.add(own, this.findings)) return undefined;
    }
    return inner.pairs;
  }

  private addRootPart(part: Part): boolean {
    return this.tell(part) && this.root.add(part.parsed?.pairs ?? part.rest?.outer ?? [], this.findings);
  }

  /** False when only the whole text tells what a part holds. */
  private tell(part: Part): boolean {
    const read = part.parsed ?? part.rest?.read;
    if (!read || !isTelling(part)) return true;
    if (read.isMoved && this.syntax.length > 0) return false;
    // One by one: a block may hold more findings than a call takes arguments.
    for (const finding of this.syntax.length === 0 ? read.syntax : read.laterSyntax)
      this.syntax.push(finding);
    // Of such a text only the start is read, and not more of them are told.
    if (this.syntax.length >= MOST_SYNTAX_ERRORS) return false;
    for (const finding of read.findings) this.findings.push(finding);
    for (const finding of part.rest?.read.whole ?? []) this.whole.push(finding);
    return true;
  }

  /** From the start of one part's entries to the end of another's. */
  private extentOf(from: number, to: number): Span {
    const [first, last] = [this.given.parts[from], this.given.parts[to]];
    const start = first?.parsed?.start ?? first?.rest?.inner?.span.start ?? 0;
    const end = last?.parsed?.end ?? last?.rest?.inner?.span.end ?? 0;
    return this.between(from, start, to, end);
  }

  private rootNode(): MapNode | undefined {
    const { parts } = this.given;
    const [first, last] = [parts[0], parts.at(-1)];
    const end = last?.parsed?.rootEnd ?? last?.rest?.rootEnd ?? 0;
    if (this.root.pairs.length === 0) return undefined;
    const span = this.between(0, first?.parsed?.rootStart ?? 0, parts.length - 1, end);
    return { kind: 'map', pairs: this.root.pairs, span };
  }

  /** From a place in one part to a place in another one. */
  private between(first: number, start: number, last: number, end: number): Span {
    const { parts, starts, file } = this.given;
    const at = (index: number) => (starts[index] ?? 0) - (parts[index]?.block.before.length ?? 0);
    return { file, start: at(first) + start, end: at(last) + end };
  }
}

/** True when there is something to tell of a part, or what it holds hangs on what was told before. */
function isTelling({ parsed, rest }: Part): boolean {
  if (rest || parsed?.isMoved) return true;
  return (
    parsed !== undefined && parsed.syntax.length + parsed.laterSyntax.length + parsed.findings.length > 0
  );
}

/** The entries of one mapping from several blocks. */
class Entries {
  readonly pairs: Pair[] = [];
  private readonly first = new Map<unknown, ScalarNode>();
  /** True when `first` holds all entries: before the first key that comes twice, names alone are cheaper. */
  private isFilled = false;
  private readonly names = new Set<unknown>();
  private readonly path: readonly string[];

  constructor(path: readonly string[]) {
    this.path = path;
  }

  /** False when equal keys are so mixed that only the whole text tells which is the first. */
  add(pairs: readonly Pair[], findings: Finding[]): boolean {
    if (!this.isFilled && pairs.length === 1 && pairs[0] && this.addNew(pairs[0])) return true;
    this.fill();
    for (const pair of pairs) {
      const earlier = this.first.get(nameOf(pair.key));
      if (earlier && pairs.length > 1 && !pairs.some(({ key }) => key === earlier)) return false;
      const duplicate = earlier && pairs.length === 1 ? duplicateKey(this.path, pair, earlier) : undefined;
      if (duplicate) findings.push(duplicate);
      if (!earlier) this.first.set(nameOf(pair.key), pair.key);
      this.pairs.push(pair);
    }
    return true;
  }

  /** False for a key that is there already. */
  private addNew(pair: Pair): boolean {
    const { size } = this.names;
    if (this.names.add(nameOf(pair.key)).size === size) return false;
    this.pairs.push(pair);
    return true;
  }

  private fill(): void {
    if (this.isFilled) return;
    this.isFilled = true;
    for (const { key } of this.pairs) this.first.set(nameOf(key), key);
  }
}

/** As identityOf, but cheap for the texts that nearly all keys are. */
function nameOf(key: ScalarNode): unknown {
  return key.complex === undefined && typeof key.value === 'string'
    ? key.value
    : `\0${typeof key.value} ${String(identityOf(key))}`;
}
