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
  it('leave out that there is nothing to prepare where that way to prepare is refused', () => {
    assert.deepEqual(
      errorsOf(
        'runtime: {backend: host}\nservices: {a: {command: x, x-enroot: {prepare: {commands: [y]}}}}\n',
      ),
      ['R113 services.a.x-enroot.prepare + R144'],
    );
  });
  it('leave out the shape of x-env beside modules', () => {
    assert.deepEqual(errorsOf('modules: [gcc]\nx-env: [a]\nservices: {a: {image: "r:1"}}\n'), [
      'R034 x-env + R040',
    ]);
  });
  it('leave out what json_path needs where it must go', () => {
    const sweep = (objective: string) =>
      `sweep: {parameters: {a: [1]}, matrix: full, objective: {direction: minimize, ${objective}}}\nservices: {a: {image: "r:1"}}\n`;
    assert.deepEqual(errorsOf(sweep('log_pattern: x, json_path: y')), ['R072 sweep.objective.json_path']);
    assert.deepEqual(errorsOf(sweep('json_path: y')), ['R072 sweep.objective.json_path']);
  });
  it('tell a mistake of a base once, however many services start from it', () => {
    assert.deepEqual(
      errorsOf(
        'services: {a: {image: "r:1", volumes: [x], env_file: [no]}, b: {extends: a}, c: {extends: a}}\n',
      ),
      ['R114 services.a.volumes[0]', 'R064 services.a.env_file[0]'],
    );
    assert.deepEqual(
      errorsOf('services: {a: {image: "r:1", volumes: [x]}, b: {image: "r:1", volumes: [x]}}\n'),
      ['R114 services.a.volumes[0]', 'R114 services.b.volumes[0]'],
    );
  });
  it('leave out the image of a service that wants to build one', () => {
    assert.deepEqual(errorsOf('services: {a: {build: .}, b: {command: x}}\n'), [
      'R030 services.a.build + R140',
      'R140 services.b',
    ]);
  });
  it('leave out what stands below a tab', () => {
    const tabbed = 'services:\n\ta:\n\t\timage: r:1\n\tb:\n\t\timage: r:1\n';
    assert.deepEqual(
      errorsOf(tabbed),
      Array.from({ length: 4 }, () => 'R004 '),
    );
  });
  it('leave out what a sweep lacks that is written in another way', () => {
    const services = 'services: {a: {image: "r:1"}}\n';
    assert.deepEqual(errorsOf(`sweep: {spec: x}\n${services}`), ['R024 sweep.spec + R042 + R042']);
    assert.deepEqual(errorsOf(`sweep: {matrix: full}\n${services}`), ['R042 sweep']);
  });
});
