// An edit that puts a `key: value` line into a root block of a spec, in the block's own style, or makes the block.
import type { FindingFix } from '../../model/finding.ts';
import { isNull, type MapNode, type Pair } from '../node.ts';

/** `line` is the new entry as written in flow or block style, without indentation. No edits when the source is not at hand. */
export function putKey(
  root: MapNode,
  block: string,
  line: string,
  textOf: (file: string) => string | undefined,
): FindingFix['edits'] {
  const pair = root.pairs.find((candidate) => candidate.key.value === block);
  const at = pair ?? root.pairs[0];
  const text = at === undefined ? undefined : textOf(at.key.span.file);
  if (at === undefined || text === undefined || isFlow(root, text)) return [];
  if (!pair) return [insertion(at.key.span.file, at.key.span.start, `${block}:\n  ${line}\n`, text)];
  return intoBlock(pair, line, text);
}

/** True for a mapping in braces; `text` is that of its file. */
export function isFlow(node: MapNode, text: string): boolean {
  return text[node.span.start] === '{';
}

function intoBlock(pair: Pair, line: string, text: string): FindingFix['edits'] {
  const { key, value } = pair;
  const file = key.span.file;
  if (value.kind === 'map' && value.pairs[0] && value.span.file === file) {
    const first = value.pairs[0].key.span.start;
    if (isFlow(value, text)) return [insertion(file, first, `${line}, `, text)];
    const indent = text.slice(text.lastIndexOf('\n', first - 1) + 1, first);
    if (indent.trim() !== '') return [];
    return [insertion(file, first, `${line}\n${indent}`, text)];
  }
  if (value.kind === 'map' && text.slice(value.span.start, value.span.end) === '{}')
    return [{ span: value.span, newText: `{${line}}` }];
  if (!isNull(value)) return [];
  const colon = text.indexOf(':', key.span.end);
  return colon < 0 ? [] : [insertion(file, colon + 1, `\n  ${line}`, text)];
}

function insertion(file: string, at: number, newText: string, text: string): FindingFix['edits'][number] {
  // The line end of this very line: other blocks may have other ones.
  const lines = text[text.indexOf('\n', at) - 1] === '\r' ? newText.replaceAll('\n', '\r\n') : newText;
  return { span: { file, start: at, end: at }, newText: lines };
}
