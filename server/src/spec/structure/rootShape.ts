// R020-R027, R033, R034 and the like: the keys of the root, and what two root keys say of each other. Works on the merged tree.
import type { Finding } from '../../model/finding.ts';
import { NOTHING_KEPT, type Kept } from '../kept.ts';
import {
  isNull,
  isTagged,
  pairOf,
  type MapNode,
  type Pair,
  type ScalarNode,
  type SpecNode,
} from '../node.ts';
import { findingOf } from '../rules/finding.ts';
import { gotKeyWords, gotWords } from './shapeWords.ts';
import { SPEC_SCHEMA } from './shape.ts';
import { unknownKey } from './unknownKey.ts';

/** Findings about the root's own keys. `incomplete`: a base could not be read, so absent keys are no problem. */
export function checkRootShape(root: MapNode, incomplete = false, kept: Kept = NOTHING_KEPT): Finding[] {
  return [
    ...root.pairs.flatMap(({ key }) => checkKey(key, root)),
    ...checkVersion(pairOf(root, 'version')),
    ...checkSweep(pairOf(root, 'sweep')),
    ...checkServicesKey(root, incomplete, kept),
  ];
}

function checkKey(key: ScalarNode, root: MapNode): Finding[] {
  if (typeof key.value !== 'string') {
    return [findingOf('R033', { span: key.span, words: { got: gotKeyWords(key) } })];
  }
  if (Object.hasOwn(SPEC_SCHEMA.properties, key.value)) return [];
  return [unknownKey.root(key, root)];
}

function checkVersion(pair: Pair | undefined): Finding[] {
  if (!pair) return [];
  const { key, value } = pair;
  const span = isNull(value) || value.kind !== 'scalar' ? key.span : value.span;
  const base = { span, field: 'version' };
  if (
    value.kind !== 'scalar' ||
    value.value === null ||
    typeof value.value === 'boolean' ||
    isTagged(value)
  ) {
    return [
      findingOf('R022', {
        ...base,
        words: { got: isTagged(value) ? `tagged ${value.tag ?? ''}` : gotWords(value) },
      }),
    ];
  }
  const isOne = value.value === '1' || (value.value === 1 && value.integer === true);
  return isOne
    ? []
    : [findingOf('R021', { ...base, words: { value: gotWords(value).replace(/^the \w+ /, '') } })];
}

function checkSweep(pair: Pair | undefined): Finding[] {
  if (!pair) return [];
  const spec = pairOf(pair.value, 'spec');
  if (spec) return [findingOf('R024', { span: spec.key.span, field: 'sweep.spec', variant: 'spec' })];
  if (pair.value.kind === 'map') return [];
  return [
    findingOf('R024', { span: valueOrKey(pair), field: 'sweep', words: { got: gotWords(pair.value) } }),
  ];
}

function checkServicesKey(root: MapNode, incomplete: boolean, kept: Kept): Finding[] {
  const services = pairOf(root, 'services');
  const steps = pairOf(root, 'steps');
  const findings: Finding[] = [];
  if (services && steps) {
    const related = [{ span: services.key.span, message: '`services` stands here' }];
    findings.push(findingOf('R025', { span: steps.key.span, field: 'steps', related }));
  }
  if (!services && !steps && !incomplete) findings.push(noServices(root));
  for (const pair of [services, steps]) if (pair) findings.push(...checkServices(pair, kept));
  return findings;
}

function noServices(root: MapNode): Finding {
  const [first] = root.pairs;
  const start = first?.key.span ?? { ...root.span, end: root.span.start };
  return findingOf('R026', { span: start });
}

function checkServices(pair: Pair, kept: Kept): Finding[] {
  const key = pair.key.raw ?? String(pair.key.value);
  const words = { key, got: gotWords(pair.value) };
  if (pair.value.kind !== 'map') return [findingOf('R027', { span: valueOrKey(pair), field: key, words })];
  return kept
    .map(`odd names of ${key}`, pair.value.pairs, ({ key: name }) =>
      typeof name.value === 'string' ? undefined : name,
    )
    .filter((name) => name !== undefined)
    .map((name) =>
      findingOf('R033', {
        span: name.span,
        variant: 'service',
        words: { got: gotKeyWords(name) },
      }),
    );
}

/** R023 and R034 of the root or of a service: `modules` beside `x-env.modules`. */
export function checkModules(map: MapNode, service?: string): Finding[] {
  const modules = pairOf(map, 'modules');
  if (!modules) return [];
  const prefix = service === undefined ? '' : `services.${service}.`;
  const about = { field: `${prefix}modules`, ...(service === undefined ? {} : { service }) };
  const env = pairOf(map, 'x-env');
  const findings = checkModuleList(modules, about);
  if (env && env.value.kind !== 'map') {
    findings.push(
      findingOf('R034', {
        ...about,
        span: env.key.span,
        field: `${prefix}x-env`,
        variant: 'env',
        words: { got: gotWords(env.value) },
      }),
    );
  }
  const twin = env ? pairOf(env.value, 'modules') : undefined;
  if (twin) {
    const related = [{ span: twin.key.span, message: '`x-env.modules` stands here' }];
    findings.push(findingOf('R023', { ...about, span: modules.key.span, related }));
  }
  return findings;
}

function checkModuleList(modules: Pair, about: { field: string; service?: string }): Finding[] {
  if (modules.value.kind !== 'seq' || isTagged(modules.value))
    return [findingOf('R034', { ...about, span: valueOrKey(modules) })];
  return modules.value.items.flatMap((item, index) =>
    item.kind === 'scalar' && typeof item.value === 'string' && !isTagged(item)
      ? []
      : [
          findingOf('R034', {
            ...about,
            span: spanOr(item, modules),
            field: `${about.field}[${index}]`,
            variant: 'item',
            words: { got: isTagged(item) ? `tagged ${item.tag ?? ''}` : gotWords(item) },
          }),
        ],
  );
}

function valueOrKey(pair: Pair) {
  return spanOr(pair.value, pair);
}

function spanOr(node: SpecNode, pair: Pair) {
  return node.kind === 'scalar' && node.span.end > node.span.start ? node.span : pair.key.span;
}
