// R146: what happens when a service fails. Spec contract, sections 5 and 9.7.
import type { Span } from '../../model/finding.ts';
import type { Sink } from './check.ts';
import { count, under, valueSpan, word, type Place } from './place.ts';

const NUMBERS = ['max_restarts', 'backoff_seconds', 'window_seconds', 'max_restarts_in_window'] as const;
const MODES = ['fail_job', 'ignore', 'restart_on_failure'];

export function checkFailurePolicy(place: Place | undefined, sink: Sink): void {
  if (!place) return;
  const mode = under(place, 'mode');
  const name = mode ? word(mode) : 'fail_job';
  if (name === undefined || !MODES.includes(name)) return;
  for (const key of NUMBERS) {
    const number = under(place, key);
    if (name === 'restart_on_failure') sink.atLeastOne('R146', number);
    else if (number) sink.key('R146', number);
  }
  const [window, restarts] = [under(place, 'max_restarts_in_window'), under(place, 'max_restarts')];
  const [inWindow, most] = [count(window), restarts ? count(restarts) : 3];
  if (name === 'restart_on_failure' && window && inWindow !== undefined && most && inWindow > most)
    sink.value('HX032', window, { words: { window: inWindow, restarts: most } });
}

/** Where `mode: ignore` is written, if it is. */
export function ignoredSpan(place: Place | undefined): Span | undefined {
  const mode = under(place, 'mode');
  return mode && word(mode) === 'ignore' ? valueSpan(mode) : undefined;
}
