// Reading of `depends_on` in all its forms, and R131. Spec contract, sections 5, 9.7 and 10.
import type { Sink } from './check.ts';
import type { Condition, DependencyFact } from './facts.ts';
import { quoted } from './finding.ts';
import { nearest } from './nearest.ts';
import { entries, items, positional, text, under, type Entry, type Place } from './place.ts';

export const CONDITIONS: readonly Condition[] = [
  'service_started',
  'service_healthy',
  'service_completed_successfully',
];

/** The edges in the order in which hpc-compose walks them: a list as written, a mapping by name. */
export function readDependencies(service: Place): DependencyFact[] {
  const place = under(service, 'depends_on');
  const listed = items(place).flatMap((item): DependencyFact[] => {
    const target = text(item);
    return target === undefined
      ? []
      : [{ target, condition: 'service_started', explicit: false, span: item.node.span }];
  });
  return [...listed, ...entries(place).map(readEdge)];
}

function readEdge(entry: Entry): DependencyFact {
  const written = under(positional(entry, ['condition']), 'condition');
  const value = text(written);
  const span = entry.key.span;
  if (!written) return { target: entry.name, condition: 'service_started', explicit: false, span };
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
    const guess = nearest(value, CONDITIONS) ?? CONDITIONS.find((known) => known.endsWith(value));
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
