// Hover: the schema's words on the key under the pointer, and what is known of the cache at `cache_dir` and `image`.
import type { Span } from '../model/finding.ts';
import type { Pair, SpecNode } from '../spec/node.ts';
import { type Path, wordsOf } from './schemaWords.ts';

export interface Hover {
  readonly span: Span;
  readonly markdown: string;
}

/** Facts beyond the text; each undefined while it is not known. */
export interface HoverFacts {
  /** The cache directory and its fill, in Markdown. */
  readonly cacheDir?: string;
  /** The state of a service's image, in Markdown. */
  stateOf(service: string): string | undefined;
}

/** The hover at an offset, or undefined where there is nothing to say. */
export function hoverAt(root: SpecNode | undefined, offset: number, facts: HoverFacts): Hover | undefined {
  const found = root && pairAt(root, offset, []);
  if (!found) return undefined;
  const { pair, path } = found;
  const parts = [factOf(path, facts), onKey(pair, offset) ? wordsOf(path) : undefined];
  const markdown = parts.filter((part) => part !== undefined).join('\n\n---\n\n');
  const { span } = onKey(pair, offset) ? pair.key : pair.value;
  return markdown === '' ? undefined : { span, markdown };
}

interface Found {
  readonly pair: Pair;
  readonly path: Path;
}

/** The innermost pair at the offset, with its path. */
function pairAt(node: SpecNode, offset: number, path: Path): Found | undefined {
  if (node.kind === 'seq') {
    const item = node.items.find(({ span }) => holds(span, offset));
    return item && pairAt(item, offset, [...path, '-']);
  }
  if (node.kind !== 'map') return undefined;
  const pair = node.pairs.find(({ key, value }) => holds(key.span, offset) || holds(value.span, offset));
  if (!pair) return undefined;
  const here = [...path, String(pair.key.value)];
  const inner = onKey(pair, offset) ? undefined : pairAt(pair.value, offset, here);
  if (inner) return inner;
  return onKey(pair, offset) || pair.value.kind === 'scalar' ? { pair, path: here } : undefined;
}

function factOf(path: Path, facts: HoverFacts): string | undefined {
  if (path.join('.') === 'x-slurm.cache_dir') return facts.cacheDir;
  const [services, service = '', key, ...rest] = path;
  if ((services !== 'services' && services !== 'steps') || key !== 'image' || rest.length > 0)
    return undefined;
  return facts.stateOf(service);
}

function onKey({ key }: Pair, offset: number): boolean {
  return holds(key.span, offset);
}

function holds({ start, end }: Span, offset: number): boolean {
  return start <= offset && offset <= end;
}
