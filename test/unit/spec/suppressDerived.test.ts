import assert from 'node:assert/strict';
import { judgeText } from '../../helpers/judgeText.ts';

/** Errors as `CODE field`, with the codes that each stands for. */
const errorsOf = (text: string) =>
  judgeText(text)
    .findings.filter(({ severity }) => severity === 'error')
    .map(({ code, field = '', suppressed = [] }) => [`${code} ${field}`, ...suppressed].join(' + '));
const healthcheck = (keys: string) =>
  `services: {a: {image: "r:1", healthcheck: {test: nc -z h 80, ${keys}}}}\n`;

describe('findings that follow from another one', () => {
  it('leave out the shape of a value whose key must go', () => {
    assert.deepEqual(errorsOf(healthcheck('interval: [5s], retries: "3"')), [
      'R107 services.a.healthcheck.interval + R044',
      'R107 services.a.healthcheck.retries + R040',
    ]);
  });
  it('keep the shape of a value beside such a key', () => {
    assert.deepEqual(errorsOf(healthcheck('interval: 5s, timeout: [5s]')), [
      'R107 services.a.healthcheck.interval',
      'R044 services.a.healthcheck.timeout',
    ]);
  });
  it('keep the shape where a disabled check takes the key', () => {
    assert.deepEqual(errorsOf(healthcheck('disable: true, retries: "3"')), [
      'R040 services.a.healthcheck.retries',
    ]);
  });
  it('leave out what a sweep lacks that is written in another way', () => {
    const services = 'services: {a: {image: "r:1"}}\n';
    assert.deepEqual(errorsOf(`sweep: {spec: x}\n${services}`), ['R024 sweep.spec + R042 + R042']);
    assert.deepEqual(errorsOf(`sweep: {matrix: full}\n${services}`), ['R042 sweep']);
  });
});
