// Keys and words that hpc-compose does not know: what they were probably meant to be, and the fix that renames them.
import type { Finding, FindingFix, Span } from '../../model/finding.ts';
import { pairOf, valueOf, type MapNode, type ScalarNode, type SpecNode } from '../node.ts';
import type { RuleCode } from '../rules/catalogue.ts';
import { findingOf, quoted } from '../rules/finding.ts';
import { nearestName } from '../nearestName.ts';
import {
  COMPOSE_KEYS,
  COMPOSE_ONLY_AT_ROOT,
  NESTED_SYNONYMS,
  OTHER_SHAPES,
  RAW_OPTIONS,
  RAW_SWITCHES,
  ROOT_SYNONYMS,
  SERVICE_SYNONYMS,
} from './habits.ts';
import { wordsOfEnum } from './shapeWords.ts';
import { SERVICE_SHAPE, SPEC_SCHEMA, type Shape } from './shape.ts';
import type { Spot } from './spot.ts';

const ALLOCATION_ONLY = new Set(['partition', 'qos', 'account']);
const MERGE_ADVICE = 'Use `extends` to start from another service, or repeat the keys.';
/** More names than this are no help in a message. */
const LISTED_KEYS = 12;

/** Findings about keys and words that nobody knows. */
export const unknownKey = { root: rootKey, key: keyIn, word: wordIn };

/** R020: a key at the top. */
function rootKey(key: ScalarNode, root: MapNode): Finding {
  const name = String(key.value);
  const known = Object.keys(SPEC_SCHEMA.properties);
  const meant = meantKey(name, known, ROOT_SYNONYMS);
  const base = { span: key.span, field: name, words: { key: name } };
  if (name === '<<') return findingOf('R020', { ...base, variant: 'merge', advice: MERGE_ADVICE });
  if (meant !== undefined) return findingOf('R020', { ...base, ...didYouMean(key, meant, root) });
  const why = COMPOSE_KEYS[name];
  if (why !== undefined && COMPOSE_ONLY_AT_ROOT.has(name)) {
    return findingOf('R020', { ...base, variant: 'compose', words: { key: name, why } });
  }
  if (Object.hasOwn(SERVICE_SHAPE.properties ?? {}, name)) {
    return findingOf('R020', {
      ...base,
      advice: 'It is a key of a service: put it below one under `services`.',
    });
  }
  if (why !== undefined && Object.hasOwn(COMPOSE_KEYS, name)) {
    return findingOf('R020', { ...base, variant: 'compose', words: { key: name, why } });
  }
  if (name.startsWith('x-')) {
    return findingOf('R020', {
      ...base,
      variant: 'extension',
      advice: 'Anchors can sit on any real key; `extends` shares whole services.',
    });
  }
  return findingOf('R020', { ...base, advice: slurmAdvice(name) ?? `Allowed here: ${known.join(', ')}.` });
}

/** A key of the allocation that stands beside its block. */
function slurmAdvice(name: string): string | undefined {
  const slurm = SPEC_SCHEMA.definitions.rootSlurm?.properties ?? {};
  return Object.hasOwn(slurm, name) ? 'It is a key of `x-slurm`: put it below that, indented.' : undefined;
}

/** R030, R032, R041 or R044: a key below the root. */
function keyIn(spot: Spot, key: ScalarNode, shape: Shape): Finding {
  const name = String(key.value);
  const field = `${spot.field}.${name}`;
  const service = spot.service === undefined ? {} : { service: spot.service };
  const base = { span: key.span, field, ...service, words: { key: name, field: spot.field } };
  if (spot.field === `services.${spot.service ?? ''}`) return serviceKey(spot, key, base, shape);
  if (spot.field === `services.${spot.service ?? ''}.x-slurm` && ALLOCATION_ONLY.has(name))
    return findingOf('R032', base);
  const known = usefulKeys(shape);
  const code: RuleCode = spot.untagged ? 'R044' : 'R041';
  const variant = spot.untagged ? { variant: 'key' } : {};
  if (name === '<<')
    return findingOf(code, {
      ...base,
      ...variant,
      advice: `YAML merge keys are not supported. ${MERGE_ADVICE}`,
    });
  const option = slurmOption(spot, name, known);
  if (option !== undefined) return findingOf(code, { ...base, ...variant, advice: option });
  const meant = meantKey(name, known, NESTED_SYNONYMS);
  if (meant !== undefined)
    return findingOf(code, { ...base, ...variant, ...didYouMean(key, meant, spot.node) });
  return findingOf(code, { ...base, ...variant, advice: allowed(spot, name, known) });
}

/** The keys of a mapping, without those that are read only to be refused. */
function usefulKeys({ properties = {} }: Shape): string[] {
  return Object.keys(properties).filter((key) => properties[key]?.deprecated !== true);
}

/** What to write instead of an option of Slurm that has no key in an `x-slurm` block. */
function slurmOption(spot: Spot, name: string, known: readonly string[]): string | undefined {
  const option = name.replaceAll('-', '_');
  if (!/(^|\.)x-slurm$/.test(spot.field) || known.includes(option)) return undefined;
  const [list, tool] = spot.service === undefined ? ['submit_args', 'sbatch'] : ['extra_srun_args', 'srun'];
  if (!RAW_OPTIONS.has(option))
    return spot.service === undefined && Object.hasOwn(OTHER_SHAPES, option)
      ? OTHER_SHAPES[option]
      : undefined;
  const flag = `--${option.replaceAll('_', '-')}${RAW_SWITCHES.has(option) ? '' : '=…'}`;
  return `It is an option of ${tool} without a key of its own: give it as a raw flag, \`${list}: ["${flag}"]\`.`;
}

interface Base {
  readonly span: Span;
  readonly field: string;
  readonly service?: string;
  readonly words: { readonly key: string };
}

function serviceKey({ node }: Spot, key: ScalarNode, base: Base, shape: Shape): Finding {
  const name = base.words.key;
  const known = Object.keys(shape.properties ?? {});
  if (name === '<<') return findingOf('R030', { ...base, variant: 'merge', advice: MERGE_ADVICE });
  const why = COMPOSE_KEYS[name];
  if (why !== undefined && Object.hasOwn(COMPOSE_KEYS, name) && !COMPOSE_ONLY_AT_ROOT.has(name)) {
    return findingOf('R030', { ...base, variant: 'compose', words: { key: name, why } });
  }
  const meant = meantKey(name, known, SERVICE_SYNONYMS);
  if (meant !== undefined) return findingOf('R030', { ...base, ...didYouMean(key, meant, node) });
  const slurm = Object.hasOwn(slurmKeys(), name) ? 'Put it below `x-slurm` of the service.' : undefined;
  return findingOf('R030', { ...base, advice: slurm ?? `Allowed here: ${known.join(', ')}.` });
}

function slurmKeys(): Readonly<Record<string, Shape>> {
  return SPEC_SCHEMA.definitions.serviceSlurm?.properties ?? {};
}

function allowed(spot: Spot, name: string, known: readonly string[]): string {
  const inService = spot.service !== undefined && spot.field.endsWith('.x-slurm');
  if (inService && Object.hasOwn(SPEC_SCHEMA.definitions.rootSlurm?.properties ?? {}, name)) {
    return 'It belongs to the whole job: move it to the `x-slurm` block at the top of the file.';
  }
  const listed = known.slice(0, LISTED_KEYS).join(', ');
  return known.length > LISTED_KEYS ? `Known keys: ${listed}, …` : `Allowed here: ${listed}.`;
}

/** R043: a word of an enumeration. */
function wordIn(spot: Spot, word: string, shape: Shape, span: Span): Finding {
  const expected = wordsOfEnum(shape);
  const meant = nearestName(
    word,
    (shape.enum ?? []).filter((each): each is string => typeof each === 'string'),
  );
  const service = spot.service === undefined ? {} : { service: spot.service };
  const found = { span, field: spot.field, ...service, words: { got: quoted(word), expected } };
  return meant === undefined
    ? findingOf('R043', found)
    : findingOf('R043', { ...found, advice: `Did you mean ${meant}?`, fixes: [rename(span, meant)] });
}

/** The key meant: by habit of other tools first, then by spelling. */
function meantKey(
  name: string,
  known: readonly string[],
  synonyms: Readonly<Record<string, string>>,
): string | undefined {
  const underscored = name.replaceAll('-', '_');
  if (known.includes(underscored)) return underscored;
  const habit = Object.hasOwn(synonyms, name.toLowerCase()) ? synonyms[name.toLowerCase()] : undefined;
  if (habit !== undefined && known.includes(habit)) return habit;
  return nearestName(name, known);
}

/** A key that stands in the same mapping already is named only: a second one would be refused. */
function didYouMean(
  key: ScalarNode,
  meant: string,
  among: SpecNode,
): { advice: string; fixes?: FindingFix[] } {
  if (pairOf(among, meant)) return { advice: `Did you mean \`${meant}\`? It is given already.` };
  // A list of files is more than one base.
  if (meant === 'extends' && valueOf(among, String(key.value))?.kind === 'seq')
    return { advice: 'Did you mean `extends`? It takes one file.' };
  return { advice: `Did you mean \`${meant}\`?`, fixes: [rename(key.span, meant)] };
}

function rename(span: Span, meant: string): FindingFix {
  return { title: `Change to ${meant}`, edits: [{ span, newText: meant }], preferred: true };
}
