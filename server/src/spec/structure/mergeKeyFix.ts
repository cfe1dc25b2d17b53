// The way out of a YAML merge key in a service, which hpc-compose refuses: `<<: *base` becomes `extends: base` where the alias stands
// for a whole service of the same file.
import type { Finding } from '../../model/finding.ts';
import { pairOf, type MapNode, type Pair } from '../node.ts';

/** The findings of a service, with a fix for its merge key. */
export function withMergeFix(
  findings: readonly Finding[],
  service: Pair,
  services: MapNode,
): readonly Finding[] {
  const merge = pairOf(service.value, '<<');
  if (!merge) return findings;
  const base = aliasedService(merge, services);
  if (base === undefined || base === service.key.value || pairOf(service.value, 'extends')) return findings;
  const fix = {
    title: `Write extends: ${base}`,
    edits: [
      { span: merge.key.span, newText: 'extends' },
      { span: merge.value.span, newText: /^[\w-]+$/.test(base) ? base : JSON.stringify(base) },
    ],
    preferred: true,
  };
  return findings.map((finding) =>
    finding.code === 'R030' && finding.span.start === merge.key.span.start
      ? { ...finding, fixes: [fix] }
      : finding,
  );
}

/** The service whose own entries the value of a merge key consists of. */
function aliasedService({ value }: Pair, services: MapNode): string | undefined {
  const first = value.kind === 'map' ? value.pairs[0]?.key.span : undefined;
  if (value.kind !== 'map' || !first) return undefined;
  const found = services.pairs.find(({ value: body }) => {
    if (body.kind !== 'map' || body.pairs.length !== value.pairs.length) return false;
    const own = body.pairs[0]?.key.span;
    return own?.start === first.start && own.file === first.file;
  });
  return typeof found?.key.value === 'string' ? found.key.value : undefined;
}
