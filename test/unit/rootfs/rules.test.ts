import assert from 'node:assert/strict';
import { parseYaml } from '../../../server/src/spec/parse.ts';
import { checkSpec } from '../../../server/src/spec/rules/checkSpec.ts';
import type { RootfsRuleSettings } from '../../../server/src/spec/rules/rootfsCache.ts';
import type { Finding } from '../../../server/src/model/finding.ts';

const check = (text: string, rootfsCache?: RootfsRuleSettings): Finding[] => {
  const { root } = parseYaml(text, '/spec.yaml');
  assert.ok(root?.kind === 'map');
  const known = { textOf: () => text, ...(rootfsCache ? { rootfsCache } : {}) };
  const spec = { root, incomplete: false, incompleteServices: new Set<string>() };
  return checkSpec(spec, known).findings.filter(({ code }) => code.startsWith('RC'));
};
const codes = (text: string, settings?: RootfsRuleSettings) => check(text, settings).map(({ code }) => code);

const service = (lines: string[], image = 'image: docker://ubuntu:22.04') =>
  ['services:', '  app:', `    ${image}`, ...lines.map((line) => `    ${line}`), ''].join('\n');
const variable = (...pairs: string[]) => ['environment:', ...pairs.map((pair) => `  ${pair}`)];
const flags = (...words: string[]) => [
  'x-slurm:',
  '  extra_srun_args:',
  ...words.map((word) => `    - ${word}`),
];
const ON = 'PYXIS_CONTAINER_CACHE: "1"';
const on = (...more: string[]) => service([...variable(ON), ...more]);
const settings = { enabled: true, keyScheme: 'strict', problems: [] } as const;

describe('rootfs cache in specs', () => {
  const cases: [string, string, string[], RootfsRuleSettings?][] = [
    ['nothing asked', service(variable('A: b')), []],
    ['switched on', on(), []],
    ['switched on by a list', service(['environment:', '  - PYXIS_CONTAINER_CACHE=yes']), []],
    ['RC001 without image', service(variable(ON), 'command: hostname'), ['RC001']],
    ['RC001 another backend', `runtime:\n  backend: apptainer\n${on()}`, ['RC001']],
    ['RC002 flag', on(...flags('--container-writable')), ['RC002']],
    ['RC002 variable', service(variable(ON, 'PYXIS_CONTAINER_WRITABLE: "yes"')), ['RC002']],
    ['RC003 flag', on(...flags('--container-save=/x.sqsh')), ['RC003']],
    ['RC003 variable', service(variable(ON, 'PYXIS_CONTAINER_SAVE: /x.sqsh')), ['RC003']],
    ['RC004 name flag', on(...flags('--container-name=mine:exec')), ['RC004']],
    ['RC005 plain name', on(...flags('--container-name=mine')), ['RC005']],
    ['RC006 the flag itself', service(flags('--container-cache')), ['RC006']],
    [
      'RC006 silent where srun lists the flag',
      service(flags('--container-cache')),
      [],
      { ...settings, enabled: false, flagIsKnown: () => true },
    ],
    [
      'RC006 where srun does not list it',
      service(flags('--container-cache')),
      ['RC006'],
      { ...settings, enabled: false, flagIsKnown: () => false },
    ],
    ['RC007 a word that pyxis ignores', service(variable('PYXIS_CONTAINER_CACHE: "on"')), ['RC007']],
    [
      'RC008 inherited by a service without image',
      `x-env:\n  env:\n    PYXIS_CONTAINER_CACHE: "1"\n${service([], 'command: hostname')}`,
      ['RC008'],
    ],
    [
      'RC008 silent when all have images',
      `x-env:\n  env:\n    PYXIS_CONTAINER_CACHE: "1"\n${service([])}`,
      [],
    ],
    ['RC009 settings', on(), ['RC009'], { ...settings, problems: [{ code: 'RC009', message: 'x' }] }],
    ['RC010 settings', on(), ['RC010'], { ...settings, problems: [{ code: 'RC010', message: 'x' }] }],
    ['RC011 tag with pr174', on(), ['RC011'], { ...settings, keyScheme: 'pr174' }],
    ['RC012 data path', service(variable('ENROOT_DATA_PATH: /x')), ['RC012']],
    [
      'RC013 inside each other',
      `x-slurm:\n  cache_dir: /raid/cache\n${service([])}`,
      ['RC013'],
      { ...settings, base: '/raid/cache/rootfs' },
    ],
    [
      'RC013 also when a service asks by itself',
      `x-slurm:\n  cache_dir: /raid/cache\n${on()}`,
      ['RC013'],
      { ...settings, enabled: false, base: '/raid/cache/rootfs' },
    ],
    [
      'RC013 silent when no service starts from the cache',
      `x-slurm:\n  cache_dir: /raid/cache\n${service([])}`,
      [],
      { ...settings, enabled: false, base: '/raid/cache/rootfs' },
    ],
    [
      'RC013 silent side by side',
      `x-slurm:\n  cache_dir: /raid/cache\n${on()}`,
      [],
      { ...settings, base: '/raid/cache-rootfs' },
    ],
    ['conflicts without the cache are no concern', service(flags('--container-writable')), []],
    ['on by setting', service(flags('--container-writable')), ['RC002'], settings],
    [
      'off by variable beats the setting',
      service([...variable('PYXIS_CONTAINER_CACHE: "0"'), ...flags('--container-writable')]),
      [],
      settings,
    ],
  ];
  for (const [title, text, expected, given] of cases) {
    it(`05 ${title}`, () => {
      assert.deepEqual(codes(text, given), expected);
    });
  }

  it('05 points at what is written, and mends it', () => {
    const text = on(...flags('--container-writable', '--quiet'));
    const [finding] = check(text);
    assert.equal(text.slice(finding!.span.start, finding!.span.end), '--container-writable');
    const edit = finding!.fixes![0]!.edits[0]!;
    const mended = text.slice(0, edit.span.start) + edit.newText + text.slice(edit.span.end);
    assert.equal(mended, on(...flags('--quiet')));
  });

  it('05 mends a boolean that pyxis does not know', () => {
    const text = service(variable('PYXIS_CONTAINER_CACHE: True please', 'B: c'));
    assert.deepEqual(check(text)[0]?.fixes ?? [], []);
    const wrong = service(variable('PYXIS_CONTAINER_CACHE: "On"'));
    const edit = check(wrong)[0]!.fixes![0]!.edits[0]!;
    assert.equal(wrong.slice(0, edit.span.start) + edit.newText + wrong.slice(edit.span.end), on());
  });
});
