// Reading of `depends_on` in all its forms, and R131. Spec contract, sections 5, 9.7 and 10.
import type { Sink } from './check.ts';
import { entryFix, listFix } from './conditionFix.ts';
import type { Condition, DependencyFact } from './facts.ts';
import { quoted } from './finding.ts';
import { nearestName } from '../nearestName.ts';
import { entries, items, positional, text, under, type Entry, type Place } from './place.ts';

export const CONDITIONS: readonly Condition[] = [
  'service_started',
  'service_healthy',
  'service_completed_successfully',
];

/** The edges in the order in which they are written. */
export function readDependencies(
  service: Place,
  textOf: (file: string) => string | undefined,
): DependencyFact[] {
  const place = under(service, 'depends_on');
  const edits = place?.node.kind === 'seq' ? listFix(place.node, textOf) : undefined;
  const fix = edits ? { fix: { edits, isWholeList: true } } : {};
  const listed = items(place).flatMap((item): DependencyFact[] => {
    const target = text(item);
    return target === undefined
      ? []
      : [{ target, condition: 'service_started', explicit: false, span: item.node.span, ...fix }];
  });
  return [...listed, ...entries(place).map((entry) => readEdge(entry, textOf))];
}

function readEdge(entry: Entry, textOf: (file: string) => string | undefined): DependencyFact {
  const written = under(positional(entry, ['condition']), 'condition');
  const value = text(written);
  const span = entry.key.span;
  if (!written) {
    const edits = entryFix(entry, textOf);
    const fix = edits ? { fix: { edits, isWholeList: false } } : {};
    return { target: entry.name, condition: 'service_started', explicit: false, span, ...fix };
  }
  const condition = CONDITIONS.find((known) => known === value);
  return { target: entry.name, condition, explicit: true, span };
}

/** R131 and the positional form. */
export function checkConditions(service: Place, sink: Sink): void {
  for (const entry of entries(under(service, 'depends_on'))) {
    if (entry.node.kind === 'seq') sink.value('HX002', entry);
    const condition = under(positional(entry, ['condition']), 'condition');
    const value = text(condition);
    if (condition === undefined || value === undefined) continue;
    if ((CONDITIONS as readonly string[]).includes(value)) continue;
    const guess = nearestName(value, CONDITIONS) ?? CONDITIONS.find((known) => known.endsWith(value));
    const fix = guess && {
      title: `Change to ${guess}`,
      edits: [{ span: condition.node.span, newText: guess }],
    };
    sink.value('R131', condition, {
      words: { value: quoted(value) },
      ...(guess ? { advice: `Did you mean ${guess}?` } : {}),
      ...(fix ? { fixes: [{ ...fix, preferred: true }] } : {}),
    });
  }
}
