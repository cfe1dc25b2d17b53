// Completion of keys and values. Works on the lines around the cursor, because text that is being typed rarely parses.
import { namesBelow, pathAbove, siblings } from './linesAround.ts';
import { keysAt, type Path, shapeWords, valuesAt, wordsOf } from './schemaWords.ts';

export interface Completion {
  readonly label: string;
  readonly kind: 'key' | 'value' | 'service' | 'directory' | 'image';
  /** What kind of value a key takes, or where a value comes from. */
  readonly detail?: string;
  /** Words on the key, in Markdown. */
  readonly words?: string;
  /** Whole lines: those after the first have their indentation. */
  readonly newText: string;
  /** Offset where the typed part begins; it ends at the cursor. */
  readonly start: number;
  /** There is something to choose again behind the new text. */
  readonly goesOn?: boolean;
}

/** What can be offered beyond the schema; names of services come from the text itself. */
export interface CompletionFacts {
  /** Directories that could hold the cache, best first. */
  readonly cacheDirectories: readonly string[];
  /** Images that the cache holds, as specs write them. */
  readonly images: readonly string[];
}

const NOTHING: CompletionFacts = { cacheDirectories: [], images: [] };
/** Directories are looked up only once this key is written. */
const CACHE_DIR = 'x-slurm.cache_dir';
const CONDITIONS = ['service_started', 'service_healthy', 'service_completed_successfully'];

/** What can be written at an offset of the text, the most useful first. */
export function completionsAt(text: string, offset: number, facts: CompletionFacts = NOTHING): Completion[] {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const typed = text.slice(start, offset);
  const above = text.slice(0, start).split('\n').slice(0, -1);
  const place = { text, above, offset, facts };
  const flow = /^(\s*(?:- +)*)([\w-]+):[ \t]+\[(?:[^\]#]*[,[ ])?(["']?)([\w.-]*)$/.exec(typed);
  if (flow) return valueCompletions(place, [...pathAbove(above, flow[1] ?? ''), flow[2] ?? '', '-'], flow[4]);
  const value = /^(\s*(?:- +)*)([\w-]+):[ \t]+(["']?)([^\s"'#[\]]*)$/.exec(typed);
  if (value) return valueCompletions(place, [...pathAbove(above, value[1] ?? ''), value[2] ?? ''], value[4]);
  const key = /^(\s*(?:- +)*)([\w.-]*)$/.exec(typed);
  if (!key || (key[1] ?? '').includes('\t')) return [];
  return keyCompletions(place, key[1] ?? '', key[2] ?? '');
}

interface Place {
  readonly text: string;
  readonly above: readonly string[];
  readonly offset: number;
  readonly facts: CompletionFacts;
}

function valueCompletions(place: Place, path: Path, typed = ''): Completion[] {
  const start = place.offset - typed.length;
  const listed = valuesAt(path).map((label): Completion => ({ label, kind: 'value', newText: label, start }));
  const known = knownValues(place, path).map((one): Completion => ({ ...one, newText: one.label, start }));
  return [...listed, ...known];
}

type Known = Pick<Completion, 'label' | 'kind' | 'detail'>;

/** Values that no schema lists: names of services, directories, images. */
function knownValues({ text, above, facts }: Place, path: Path): Known[] {
  const [root, own = '', ...rest] = path;
  if (path.join('.') === CACHE_DIR)
    return facts.cacheDirectories.map((label) => ({ label, kind: 'directory', detail: 'shared directory' }));
  if (root !== 'services' && root !== 'steps') return [];
  switch (rest.join('.')) {
    case 'image':
      return facts.images.map((label) => ({ label, kind: 'image', detail: 'in the cache' }));
    case 'depends_on.-':
      return otherServices(text, above, root, own);
    case 'x-slurm.placement.share_with':
    case 'extends':
    case 'extends.service':
      return otherServices(text, [], root, own);
    default:
      return rest[0] === 'depends_on' && rest[2] === 'condition'
        ? CONDITIONS.map((label) => ({ label, kind: 'value' }))
        : [];
  }
}

/** The other services of the spec, without those that a list above names already. */
function otherServices(text: string, above: readonly string[], root: string, own: string): Known[] {
  const listed = new Set<string>();
  for (const line of above.toReversed()) {
    const item = /^\s*- +["']?([\w.-]+)["']?\s*(?:#.*)?$/.exec(line);
    if (!item?.[1]) break;
    listed.add(item[1]);
  }
  return namesBelow(text, root)
    .filter((name) => name !== own && !listed.has(name))
    .map((label) => ({ label, kind: 'service' }));
}

function keyCompletions(place: Place, lead: string, typed: string): Completion[] {
  const { text, above, offset } = place;
  const start = offset - typed.length;
  const path = pathAbove(above, lead);
  const after = text.slice(offset);
  const present = siblings(above, after, lead.length);
  const hasColon = /^[\w.-]*:/.test(after);
  const keys = [...keysAt(path)].map(([label, shape]): Completion => {
    const { form, detail, hasValues } = shapeWords(shape);
    const words = shape.markdownDescription ?? wordsOf([...path, label]);
    const step = ' '.repeat(lead.length + 2);
    const behind = form === 'map' ? `:\n${step}` : form === 'list' ? `:\n${step}- ` : ': ';
    const isLookedUp = [...path, label].join('.') === CACHE_DIR;
    const goesOn =
      form !== 'text' || hasValues || isLookedUp || knownValues(place, [...path, label]).length > 0;
    return {
      ...{ label, kind: 'key', detail, start, newText: hasColon ? label : `${label}${behind}` },
      ...(words === undefined ? {} : { words }),
      ...(goesOn && !hasColon ? { goesOn } : {}),
    };
  });
  const offered = [...keys, ...serviceKeys(place, path, lead, start)];
  return offered.filter(({ label }) => !present.has(label));
}

/** Below `depends_on`: services as keys of a mapping, or as items of a list. */
function serviceKeys({ text, above }: Place, path: Path, lead: string, start: number): Completion[] {
  const [root = '', own = '', key, item] = path;
  if ((root !== 'services' && root !== 'steps') || key !== 'depends_on' || path.length > 4) return [];
  const isList = item === '-';
  if (item !== undefined && !isList) return [];
  const behind = isList ? '' : `:\n${' '.repeat(lead.length + 2)}condition: `;
  return otherServices(text, isList ? above : [], root, own).map((one) => ({
    ...{ ...one, start, newText: `${one.label}${behind}` },
    ...(isList ? {} : { goesOn: true }),
  }));
}
