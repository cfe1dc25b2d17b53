// The forms of a service's `extends`: a name, a file, or {service, file} (spec contract, section 8; rules R012 and R013).
import type { Finding, Span } from '../model/finding.ts';
import { kindOf } from './kindOf.ts';
import { stringOf, type MapNode, type Pair, type ScalarNode, type SpecNode } from './node.ts';
import { findingOf } from './rules/finding.ts';

export interface ExtendsReference {
  readonly service: string;
  /** Path as written; absent: the same file. */
  readonly file?: string;
  /** The node that names the base service, for findings. */
  readonly place: SpecNode;
  /** The node that names the file; absent: the one that names the service. */
  readonly filePlace?: SpecNode;
}

/** Reads `services.S.extends`. Without a reference there is at least one finding. */
export function readServiceExtends(
  { key, value }: Pair,
  service: string,
): { readonly reference?: ExtendsReference; readonly findings: readonly Finding[] } {
  const text = stringOf(value);
  if (text !== undefined) {
    const reference = isFile(text) ? { service, file: text, place: value } : { service: text, place: value };
    return { reference, findings: [] };
  }
  const field = `services.${service}.extends`;
  if (value.kind === 'map') return readMapping(value, key, field, service);
  const words = { got: kindOf(value) };
  return { findings: [findingOf('R013', { span: scalarOrKey(value, key), field, service, words })] };
}

function isFile(text: string): boolean {
  return /\.ya?ml$|[/\\]/.test(text);
}

/** A list, a mapping or nothing has no text of its own: its key stands for it. */
export function scalarOrKey(value: SpecNode, key: ScalarNode): Span {
  return value.kind === 'scalar' && value.span.end > value.span.start ? value.span : key.span;
}

function readMapping(map: MapNode, above: ScalarNode, field: string, service: string) {
  const findings: Finding[] = [];
  const texts = new Map<string, { text: string; node: SpecNode }>();
  for (const { key, value } of map.pairs) {
    const name = String(key.value);
    if (typeof key.value !== 'string' || (name !== 'file' && name !== 'service')) {
      findings.push(findingOf('R012', { span: key.span, field, service, words: { key: name } }));
      continue;
    }
    const text = stringOf(value);
    if (text !== undefined) texts.set(name, { text, node: value });
    else {
      const words = { key: name, got: kindOf(value) };
      const span = scalarOrKey(value, key);
      findings.push(findingOf('R013', { variant: 'text', span, field, service, words }));
    }
  }
  const target = texts.get('service');
  const file = texts.get('file');
  if (!target && !findings.some(({ code }) => code === 'R013')) {
    findings.push(findingOf('R013', { variant: 'service', span: above.span, field, service }));
  }
  if (!target || findings.length > 0) return { findings };
  const named = file ? { file: file.text, filePlace: file.node } : {};
  const reference = { service: target.text, place: target.node, ...named };
  return { reference, findings };
}
