// The doors of the structural rules (R020-R047): the root's keys, one root block, one service. Compiled validators wave
// blocks in good shape through; only the others are walked to say what is wrong.
import type { Finding } from '../../model/finding.ts';
import { NOTHING_KEPT, type Kept } from '../kept.ts';
import { pairOf, type MapNode, type Pair } from '../node.ts';
import { findingOf } from '../rules/finding.ts';
import { explain } from './explain.ts';
import { withMergeFix } from './mergeKeyFix.ts';
import { checkModules, checkRootShape } from './rootShape.ts';
import { gotKeyWords, gotWords } from './shapeWords.ts';
import { SERVICE_SHAPE, SPEC_SCHEMA } from './shape.ts';
import { toPlain } from './toPlain.ts';
import { validatorFor } from './validators.ts';

/** Root keys that checkRootShape and the resolution of `extends` judge. */
const JUDGED_ELSEWHERE = new Set(['version', 'extends', 'modules', 'services', 'steps']);

/** R020-R047 of a merged tree. `incomplete`: a base of the root could not be read, so absent keys are no problem. */
export function checkShapes(merged: MapNode, incomplete = false, kept: Kept = NOTHING_KEPT): Finding[] {
  const services = pairOf(merged, 'services')?.value ?? pairOf(merged, 'steps')?.value;
  return [
    ...checkRootShape(merged, incomplete, kept),
    ...checkModules(merged),
    ...merged.pairs.flatMap((pair) =>
      kept.of('root shape', pair.value, [pair.key], () => checkRootBlockShape(pair)),
    ),
    ...(services?.kind === 'map' ? checkServiceShapes(services, kept) : []),
  ];
}

function checkServiceShapes(services: MapNode, kept: Kept): Finding[] {
  const found = kept.each('shape', services.pairs, [], (pair) => {
    const findings = checkServiceShape(pair);
    return findings.length > 0 ? { pair, findings } : undefined;
  });
  return found
    .filter((one) => one !== undefined)
    .flatMap(({ pair, findings }) => withMergeFix(findings, pair, services));
}

/** Structural findings of one root block. */
export function checkRootBlockShape(pair: Pair): Finding[] {
  const name = pair.key.value;
  if (typeof name !== 'string' || JUDGED_ELSEWHERE.has(name)) return [];
  const shape = Object.hasOwn(SPEC_SCHEMA.properties, name) ? SPEC_SCHEMA.properties[name] : undefined;
  if (!shape || (name === 'sweep' && pair.value.kind !== 'map')) return [];
  if (isInShape(name, pair)) return [];
  const findings = explain({ node: pair.value, field: name, key: pair.key }, shape);
  return findings.filter(({ field }) => field !== 'sweep.spec');
}

/** Structural findings of one service. */
export function checkServiceShape(pair: Pair): Finding[] {
  const { key, value } = pair;
  if (typeof key.value !== 'string') return [];
  const service = key.value;
  if (value.kind !== 'map') {
    const span = value.kind === 'scalar' && value.span.end > value.span.start ? value.span : key.span;
    const variant = Object.hasOwn(SERVICE_SHAPE.properties ?? {}, service) ? 'key' : 'main';
    const words = { got: gotWords(value) };
    return [findingOf('R029', { span, variant, field: `services.${service}`, service, words })];
  }
  const raw = [...oddKeys(value, service), ...checkScript(value, service), ...checkModules(value, service)];
  if (isInShape('service', pair)) return raw;
  const spot = { node: value, field: `services.${service}`, key, service };
  const shaped = explain(spot, SERVICE_SHAPE).filter((finding) => !isRaw(finding, service));
  return [...raw, ...shaped];
}

function isInShape(kind: string, pair: Pair): boolean {
  const plain = toPlain(pair.value);
  return !plain.strange && validatorFor(kind)?.(plain.value) === true;
}

/** `modules` and keys that are no texts have findings of their own. */
function isRaw({ field = '', code }: Finding, service: string): boolean {
  return (
    field.startsWith(`services.${service}.modules`) || (code === 'R040' && field === `services.${service}`)
  );
}

function oddKeys(map: MapNode, service: string): Finding[] {
  return map.pairs.flatMap(({ key }) =>
    typeof key.value === 'string'
      ? []
      : [
          findingOf('R033', {
            span: key.span,
            field: `services.${service}`,
            service,
            words: { got: gotKeyWords(key) },
          }),
        ],
  );
}

function checkScript(map: MapNode, service: string): Finding[] {
  const script = pairOf(map, 'script');
  const other = pairOf(map, 'command') ?? pairOf(map, 'entrypoint');
  if (!script || !other) return [];
  return [
    findingOf('R031', {
      span: script.key.span,
      field: `services.${service}.script`,
      service,
      words: { other: String(other.key.value) },
      related: [{ span: other.key.span, message: `\`${String(other.key.value)}\` stands here` }],
    }),
  ];
}
