// Resolves `extends` of the root and of services over several files (spec contract, section 8; rules R008 to R016). Collects
// every problem instead of stopping; what could not be resolved is named, so that rules that only follow from it stay silent.
import type { Finding } from '../model/finding.ts';
import { joinPath, normalisePath, parentPath } from '../model/paths.ts';
import type { SpecFiles } from './files.ts';
import { NOTHING_KEPT, type Kept } from './kept.ts';
import { kindOf } from './kindOf.ts';
import { mergeNodes } from './mergeNodes.ts';
import { pairOf, stringOf, valueOf, type MapNode, type Pair, type SpecNode } from './node.ts';
import { readServiceExtends, scalarOrKey, type ExtendsReference } from './serviceExtends.ts';
import { findingOf } from './rules/finding.ts';
import { resolveServiceChains } from './serviceChains.ts';

/** Reads one YAML text into nodes whose spans carry `file`; see parse.ts. Handed in so that the server can keep results. */
export type ParseSpec = (
  text: string,
  file: string,
) => { readonly root: SpecNode | undefined; readonly findings: readonly Finding[] };

export interface ExtendedSpec {
  /** The merged tree without `extends`, `steps` renamed to `services`; undefined when the root is no mapping. */
  readonly root: MapNode | undefined;
  readonly findings: readonly Finding[];
  /** Files that are not read yet. */
  readonly pending: readonly string[];
  /** Text of each base file that was read, by the path that spans carry. */
  readonly texts: ReadonlyMap<string, string>;
  /** True when a root base is missing: absent keys may come from it. */
  readonly incomplete: boolean;
  /** Services whose base is missing. */
  readonly incompleteServices: ReadonlySet<string>;
}

const MAX_FILES_DEEP = 100;

/** Resolves a root tree. `path` is the absolute path of its file; relative bases start from the file that names them. */
export function resolveExtends(
  path: string,
  root: SpecNode | undefined,
  files: SpecFiles,
  parse: ParseSpec,
  kept: Kept = NOTHING_KEPT,
): ExtendedSpec {
  const run = new ExtendsRun(files, parse, kept);
  const resolved = run.resolveFile({ path, identity: normalisePath(path) }, root, []);
  return {
    root: resolved.root,
    findings: run.findings,
    pending: [...run.pending],
    texts: run.texts,
    incomplete: resolved.incomplete,
    incompleteServices: resolved.incompleteServices,
  };
}

interface SourceFile {
  readonly path: string;
  readonly identity: string;
  /** The `extends` value that leads here. */
  readonly via?: SpecNode;
}

interface ResolvedFile {
  readonly root: MapNode | undefined;
  readonly incomplete: boolean;
  readonly incompleteServices: ReadonlySet<string>;
}

const NOTHING: ResolvedFile = { root: undefined, incomplete: true, incompleteServices: new Set() };

class ExtendsRun {
  readonly findings: Finding[] = [];
  readonly pending = new Set<string>();
  readonly texts = new Map<string, string>();
  private readonly done = new Map<string, ResolvedFile>();
  private readonly files: SpecFiles;
  private readonly parse: ParseSpec;
  private readonly kept: Kept;

  constructor(files: SpecFiles, parse: ParseSpec, kept: Kept) {
    this.files = files;
    this.parse = parse;
    this.kept = kept;
  }

  resolveFile(file: SourceFile, tree: SpecNode | undefined, above: readonly SourceFile[]): ResolvedFile {
    if (tree?.kind !== 'map') return NOTHING;
    const stack = [...above, file];
    const extension = pairOf(tree, 'extends');
    const own = renameSteps(extension ? without(tree, extension) : tree);
    const base = extension ? this.rootBase(extension, stack) : undefined;
    const { kept } = this;
    const merged = base?.root ? (mergeNodes(base.root, own, 'root', undefined, kept) as MapNode) : own;
    const chains = resolveServiceChains(merged, {
      read: (pair, service) => this.readReference(pair, service),
      external: (reference, service) => this.externalBase(reference, service, stack),
      report: (finding) => this.findings.push(finding),
      kept,
    });
    return {
      root: chains.root,
      incomplete: base?.incomplete ?? false,
      incompleteServices: new Set([...chains.incomplete, ...(base?.incompleteServices ?? [])]),
    };
  }

  private rootBase({ key, value }: Pair, stack: readonly SourceFile[]): ResolvedFile {
    const target = stringOf(value);
    if (target !== undefined) return this.load(target, value, stack);
    const words = { got: kindOf(value) };
    const span = scalarOrKey(value, key);
    this.findings.push(findingOf('R008', { span, field: 'extends', words }));
    return NOTHING;
  }

  /** One base file, resolved whole. Each file is read and reported once, however many services start from it. */
  private load(target: string, via: SpecNode, stack: readonly SourceFile[]): ResolvedFile {
    // `./` leads nowhere else, and editors know one file by one name.
    const path = joinPath(parentPath(stack.at(-1)?.path ?? ''), target.replace(/^(?:\.\/+)+(?=.)/, ''));
    const file = { path, identity: normalisePath(path), via };
    if (this.closesRing(file, stack)) return NOTHING;
    const known = this.done.get(file.identity);
    if (known) return known;
    const resolved = this.resolveFile(file, this.readTree(file, via), stack);
    this.done.set(file.identity, resolved);
    return resolved;
  }

  private readTree(file: SourceFile, via: SpecNode): SpecNode | undefined {
    const state = this.files.read(file.path);
    if (state.kind === 'pending') this.pending.add(file.path);
    if (state.kind === 'missing' || state.kind === 'unreadable') {
      const cause = state.kind === 'missing' ? 'it does not exist' : state.reason;
      this.findings.push(findingOf('R009', { span: via.span, words: { file: file.path, cause } }));
    }
    if (state.kind !== 'text') return undefined;
    this.texts.set(file.path, state.text);
    const parsed = this.parse(state.text, file.path);
    this.findings.push(...parsed.findings);
    return parsed.root;
  }

  private closesRing(file: SourceFile, stack: readonly SourceFile[]): boolean {
    const first = stack.findIndex(({ identity }) => identity === file.identity);
    if (first < 0 && stack.length < MAX_FILES_DEEP) return false;
    const ring = [...stack.slice(Math.max(first, 0) + 1), file].flatMap(({ via }) => (via ? [via] : []));
    const [here, ...others] = ring;
    const chain = [...stack.slice(Math.max(first, 0)), file].map(({ identity }) => identity);
    const place = here ?? file.via;
    if (place) {
      const related = others.map(({ span }) => ({ span, message: 'and from here' }));
      const words = { chain: chain.join(' -> ') };
      this.findings.push(findingOf('R010', { span: place.span, words, related }));
    }
    return true;
  }

  private readReference(extension: Pair, service: string): ExtendsReference | undefined {
    const read = readServiceExtends(extension, service);
    this.findings.push(...read.findings);
    return read.reference;
  }

  private externalBase(
    { file, service: target, place, filePlace }: ExtendsReference & { readonly file: string },
    service: string,
    stack: readonly SourceFile[],
  ): { readonly base: SpecNode | undefined; readonly incomplete: boolean } {
    const loaded = this.load(file, filePlace ?? place, stack);
    const base = valueOf(valueOf(loaded.root, 'services'), target);
    if (loaded.root && !base && !loaded.incomplete) {
      const field = `services.${service}.extends`;
      this.findings.push(findingOf('R016', { span: place.span, field, service, words: { file, target } }));
    }
    return { base, incomplete: !base || loaded.incomplete || loaded.incompleteServices.has(target) };
  }
}

function without(map: MapNode, pair: Pair): MapNode {
  return { ...map, pairs: map.pairs.filter((candidate) => candidate !== pair) };
}

/** `steps` becomes `services` unless both are there (R025). */
function renameSteps(map: MapNode): MapNode {
  if (pairOf(map, 'services') || !pairOf(map, 'steps')) return map;
  const pairs = map.pairs.map((pair) =>
    pair.key.value === 'steps' ? { ...pair, key: { ...pair.key, value: 'services', raw: 'steps' } } : pair,
  );
  return { ...map, pairs };
}
