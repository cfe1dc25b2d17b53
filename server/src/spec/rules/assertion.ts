// R115: assertions on a service. Spec contract, sections 5, 6.12 and 9.6.
import { parseAssertPattern } from '../grammar/containerPath.ts';
import type { Sink } from './check.ts';
import { count, under, type Entry } from './place.ts';

const KEYS = ['exit_code', 'artifacts_contain', 'max_duration_seconds'] as const;

export function checkAssertion(place: Entry | undefined, sink: Sink): void {
  if (place?.node.kind !== 'map') return;
  if (KEYS.every((key) => !under(place, key))) sink.key('R115', place, { variant: 'none' });
  const exitCode = under(place, 'exit_code');
  const value = count(exitCode, 65_535);
  if (exitCode && value !== undefined && value > 255)
    sink.value('R115', exitCode, { variant: 'exitCode', words: { value } });
  sink.grammar('R115', under(place, 'artifacts_contain'), parseAssertPattern);
  sink.atLeastOne('R115', under(place, 'max_duration_seconds'));
}
