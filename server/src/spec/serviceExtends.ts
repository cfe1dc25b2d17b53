// The forms of a service's `extends`: a name, a file, or {service, file} (spec contract, section 8; rules R012 and R013).
import type { Finding } from '../model/finding.ts';
import { kindOf } from './kindOf.ts';
import { stringOf, type MapNode, type SpecNode } from './node.ts';
import { findingOf } from './rules/finding.ts';

export interface ExtendsReference {
  readonly service: string;
  /** Path as written; absent: the same file. */
  readonly file?: string;
  /** The node that names the base service, for findings. */
  readonly place: SpecNode;
}

/** Reads the value of `services.S.extends`. Without a reference there is at least one finding. */
export function readServiceExtends(
  value: SpecNode,
  service: string,
): { readonly reference?: ExtendsReference; readonly findings: readonly Finding[] } {
  const text = stringOf(value);
  if (text !== undefined) {
    const reference = isFile(text) ? { service, file: text, place: value } : { service: text, place: value };
    return { reference, findings: [] };
  }
  const field = `services.${service}.extends`;
  if (value.kind === 'map') return readMapping(value, field, service);
  const words = { got: kindOf(value) };
  return { findings: [findingOf('R013', { span: value.span, field, service, words })] };
}

function isFile(text: string): boolean {
  return /\.ya?ml$|[/\\]/.test(text);
}

function readMapping(map: MapNode, field: string, service: string) {
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
      findings.push(findingOf('R013', { variant: 'text', span: value.span, field, service, words }));
    }
  }
  const target = texts.get('service');
  const file = texts.get('file');
  if (!target && !findings.some(({ code }) => code === 'R013')) {
    findings.push(findingOf('R013', { variant: 'service', span: map.span, field, service }));
  }
  if (!target || findings.length > 0) return { findings };
  const reference = { service: target.text, place: target.node, ...(file ? { file: file.text } : {}) };
  return { reference, findings };
}
