// Readiness and Compose healthchecks: R106-R111, and what they tell other rules. Spec contract, sections 5 and 9.6.
import { parseDuration } from '../grammar/duration.ts';
import { hostOf, isLocalHost, parseProbe, type Probe } from '../grammar/probe.ts';
import type { Parsed } from '../grammar/parsed.ts';
import type { Sink } from './check.ts';
import type { ReadinessFact } from './facts.ts';
import {
  count,
  flag,
  items,
  keySpan,
  positional,
  text,
  under,
  valueSpan,
  word,
  type Entry,
  type Place,
} from './place.ts';

const KEYS_BY_TYPE: Readonly<Record<string, readonly string[]>> = {
  sleep: ['seconds'],
  tcp: ['port', 'host', 'timeout_seconds'],
  log: ['pattern', 'timeout_seconds'],
  http: ['url', 'status_code', 'timeout_seconds'],
};
const UNSUPPORTED_KEYS = ['interval', 'retries', 'start_period'] as const;

/** `readiness` as a mapping, also when it is written as a list. */
function readinessOf(service: Place): Place | undefined {
  const place = under(service, 'readiness');
  if (place?.node.kind !== 'seq') return place;
  const type = word(items(place)[0]) ?? '';
  return positional(place, ['type', ...(KEYS_BY_TYPE[type] ?? [])]);
}

export function checkReadiness(service: Place, sink: Sink): void {
  const written = under(service, 'readiness');
  const healthcheck = under(service, 'healthcheck');
  if (written?.node.kind === 'seq') sink.value('HX002', written);
  if (written && healthcheck)
    sink.key('R106', healthcheck, {
      related: [{ span: keySpan(written), message: '`readiness` stands here.' }],
    });
  if (healthcheck && flag(under(healthcheck, 'disable')) !== true) checkHealthcheck(healthcheck, sink);
  const place = readinessOf(service);
  if (place) checkProbe(place, sink);
}

function checkProbe(place: Place, sink: Sink): void {
  sink.atLeastOne('R111', under(place, 'port'), 'main');
  for (const key of ['host', 'pattern', 'url']) {
    const value = under(place, key);
    if (sink.notBlank('R111', value) && value && text(value)?.includes('\0'))
      sink.value('R111', value, { variant: 'nul' });
  }
  const status = under(place, 'status_code');
  const code = count(status, 65_535);
  if (status && code !== undefined && (code < 100 || code > 599))
    sink.value('R111', status, { variant: 'status', words: { value: code } });
  sink.atLeastOne('R111', under(place, 'timeout_seconds'), 'main');
}

function checkHealthcheck(place: Entry, sink: Sink): void {
  for (const key of UNSUPPORTED_KEYS) {
    const found = under(place, key);
    if (found) sink.key('R107', found, { words: { key } });
  }
  const timeout = under(place, 'timeout');
  const seconds = sink.grammar('R108', timeout, parseDuration) ?? count(timeout);
  if (timeout && seconds === 0) sink.value('R111', timeout);
  const test = under(place, 'test');
  if (!test) {
    if (place.node.kind === 'map') sink.key('R109', place);
    return;
  }
  const probe = probeOf(test);
  if (probe?.ok === false) sink.value('R110', test, { words: { problem: probe.problem } });
  if (probe?.ok && probe.value.type === 'tcp') {
    if (probe.value.port === 0) sink.value('R111', test, { words: { field: `${test.field} port` } });
    else if (probe.value.host.trim() === '') sink.value('R111', test, { variant: 'empty' });
  }
}

/** The probe of a test; undefined when a part of it is not known. */
function probeOf(test: Place): Parsed<Probe> | undefined {
  if (test.node.kind !== 'seq') {
    const command = text(test);
    return command === undefined ? undefined : parseProbe(command);
  }
  const words = items(test).map(text);
  return words.some((value) => value === undefined) ? undefined : parseProbe(words as string[]);
}

/** What a service tells about when it is ready; undefined: nothing. */
export function readReadiness(service: Place): ReadinessFact | undefined {
  const place = readinessOf(service);
  if (place) return factOf(place);
  const healthcheck = under(service, 'healthcheck');
  if (!healthcheck || flag(under(healthcheck, 'disable')) === true) return undefined;
  const test = under(healthcheck, 'test');
  const probe = test && probeOf(test);
  if (!test || !probe?.ok) return { kind: 'unknown', span: keySpan(healthcheck) };
  const { value } = probe;
  return value.type === 'tcp'
    ? { kind: 'tcp', isLocal: isLocalHost(value.host), span: valueSpan(test) }
    : { kind: 'http', isLocal: isLocalUrl(value.url), span: valueSpan(test) };
}

function factOf(place: Place): ReadinessFact {
  const type = word(under(place, 'type'));
  const span = keySpan(place);
  if (type === 'sleep' || type === 'log') return { kind: type, span };
  const [host, url] = [under(place, 'host'), under(place, 'url')];
  if (type === 'tcp') {
    const name = host ? text(host) : 'localhost';
    if (name !== undefined)
      return { kind: 'tcp', isLocal: isLocalHost(name), span: host ? valueSpan(host) : span };
  }
  const address = text(url);
  if (type === 'http' && url && address !== undefined)
    return { kind: 'http', isLocal: isLocalUrl(address), span: valueSpan(url) };
  return { kind: 'unknown', span };
}

function isLocalUrl(url: string): boolean {
  const host = hostOf(url);
  return host === undefined || isLocalHost(host);
}
