// Blocks read one by one -> the tree and findings of the whole text: entries under their section's key, keys that blocks share told
// as duplicates, syntax errors in the order of the text. Gives up where only the whole text can tell.
import type { Finding, Span } from '../model/finding.ts';
import type { MapNode, Pair, ScalarNode } from './node.ts';
import { isDamage, type ParsedYaml } from './parse.ts';
import type { ParsedBlock, ParsedRest } from './parseBlock.ts';
import type { Block } from './splitBlocks.ts';
import { duplicateKey, identityOf } from './yaml/toNodes.ts';

/** One block, or everything from a block on. Exactly one of `parsed` and `rest` is there. */
export interface Part {
  readonly start: number;
  readonly block: Block;
  readonly parsed?: ParsedBlock;
  readonly rest?: ParsedRest;
}

/** The whole of which these are the parts, or undefined. Spans stay inside blocks, but for those of the root and of sections. */
export function joinBlocks(parts: readonly Part[], file: string): ParsedYaml | undefined {
  return new Joining(file).join(parts);
}

class Joining {
  private readonly syntax: Finding[] = [];
  private readonly findings: Finding[] = [];
  private readonly whole: Finding[] = [];
  private readonly root = new Entries([]);
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  join(parts: readonly Part[]): ParsedYaml | undefined {
    for (let index = 0; index < parts.length;) {
      let end = index + 1;
      while (parts[end]?.block.kind === 'child') end += 1;
      if (!this.addSection(parts.slice(index, end))) return undefined;
      index = end;
    }
    const root = this.rootOf(parts);
    if (!root) return undefined;
    const findings = [...this.syntax, ...this.findings, ...this.whole];
    return { root, findings, damaged: findings.some(isDamage) };
  }

  private addSection(parts: readonly Part[]): boolean {
    const [first] = parts;
    if (first?.block.kind === 'root') return this.addRootPart(first);
    const key = first?.parsed?.head;
    if (!key) return first?.rest !== undefined && this.addRootPart(first);
    const inner = new Entries([String(key.value)]);
    for (const part of parts) {
      this.tell(part);
      const own = part.parsed?.pairs ?? part.rest?.inner?.pairs ?? [];
      if (!inner.add(own, this.findings)) return false;
    }
    if (inner.pairs.length === 0) return false;
    const holders = parts.filter(({ parsed }) => parsed?.pairs.length !== 0);
    const value: MapNode = { kind: 'map', pairs: inner.pairs, span: this.extentOf(holders) };
    const outer = parts.at(-1)?.rest?.outer ?? [];
    return this.root.add([{ key, value }, ...outer], this.findings);
  }

  private addRootPart(part: Part): boolean {
    this.tell(part);
    return this.root.add(part.parsed?.pairs ?? part.rest?.outer ?? [], this.findings);
  }

  private tell({ parsed, rest }: Part): void {
    const read = parsed ?? rest?.read;
    if (!read) return;
    if (read.syntax.length + read.laterSyntax.length + read.findings.length === 0 && !rest) return;
    // One by one: a block may hold more findings than a call takes arguments.
    for (const finding of this.syntax.length === 0 ? read.syntax : read.laterSyntax)
      this.syntax.push(finding);
    for (const finding of read.findings) this.findings.push(finding);
    for (const finding of rest?.read.whole ?? []) this.whole.push(finding);
  }

  private extentOf(children: readonly Part[]): Span {
    const [first, last] = [children[0], children.at(-1)];
    const start = first?.parsed?.start ?? first?.rest?.inner?.span.start ?? 0;
    const end = last?.parsed?.end ?? last?.rest?.inner?.span.end ?? 0;
    return this.between(first, start, last, end);
  }

  private rootOf(parts: readonly Part[]): MapNode | undefined {
    const [first, last] = [parts[0], parts.at(-1)];
    const end = last?.parsed?.rootEnd ?? last?.rest?.rootEnd ?? 0;
    if (this.root.pairs.length === 0) return undefined;
    const span = this.between(first, first?.parsed?.rootStart ?? 0, last, end);
    return { kind: 'map', pairs: this.root.pairs, span };
  }

  /** From a place in one block to a place in another one. */
  private between(first: Part | undefined, start: number, last: Part | undefined, end: number): Span {
    const from = (first?.start ?? 0) - (first?.block.before.length ?? 0);
    const to = (last?.start ?? 0) - (last?.block.before.length ?? 0);
    return { file: this.file, start: from + start, end: to + end };
  }
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
