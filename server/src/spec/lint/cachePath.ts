// HPC004: a cache directory that lies in a directory of each node alone, by text, and the ways out of it.
import type { Finding, FindingFix, Span } from '../../model/finding.ts';
import type { CacheDirChoice } from '../../model/plan.ts';
import { nodeLocalRootOf } from '../grammar/localPath.ts';
import { pairOf, valueOf, type MapNode, type SpecNode } from '../node.ts';
import { findingOf } from '../rules/finding.ts';
import { under, valueSpan, type Place } from '../rules/place.ts';
import { isFlow, putKey } from './putKey.ts';

export interface CacheFixSources {
  /** Shared directories of this machine, best first, with a few words on why each is thought to be shared. */
  readonly candidates?: readonly { readonly path: string; readonly why?: string }[];
  /** The `.env` file beside the spec: its path, and its text when it exists. */
  readonly dotenv?: { readonly file: string; readonly text: string | undefined };
  /** Where CACHE_DIR is defined already, in words that follow "defined". */
  readonly definedWhere?: string;
}

/** `root` is the merged spec; `textOf` the source of a file, for edits. */
export function checkCacheDir(
  root: MapNode,
  choice: CacheDirChoice,
  textOf: (file: string) => string | undefined,
  sources: CacheFixSources = {},
): Finding[] {
  const localRoot = nodeLocalRootOf(choice.path);
  if (localRoot === undefined) return [];
  const written = cacheDirPlace(root);
  return [
    findingOf('HPC004', {
      span: cacheDirSpan(root),
      field: 'x-slurm.cache_dir',
      words: { path: choice.path, root: localRoot },
      related: relatedOf(choice, written),
      fixes: cacheDirFixes(root, choice.raw, textOf, sources),
    }),
  ];
}

function cacheDirPlace(root: MapNode): Place | undefined {
  return under(under({ node: root, field: '' }, 'x-slurm'), 'cache_dir');
}

/** Where findings about the cache directory sit: its value, else the key `x-slurm`, else the first key of the spec. */
export function cacheDirSpan(root: MapNode): Span {
  const place = cacheDirPlace(root);
  if (place) return valueSpan(place);
  const slurm = root.pairs.find((pair) => pair.key.value === 'x-slurm') ?? root.pairs[0];
  return slurm?.key.span ?? root.span;
}

function relatedOf(choice: CacheDirChoice, written: Place | undefined): NonNullable<Finding['related']> {
  const raw = choice.raw === undefined ? '' : ` (written ${choice.raw})`;
  if (choice.settingsFile !== undefined) {
    const where = choice.source === 'profile' ? `profile ${choice.profile ?? ''}` : 'the defaults';
    const span = { file: choice.settingsFile, start: 0, end: 0 };
    return [{ span, message: `It comes from ${where} of the settings${raw}.` }];
  }
  const node = written?.node;
  if (node?.kind !== 'scalar' || node.raw === undefined || node.raw === node.value) return [];
  return [{ span: node.span, message: `${node.raw} stands for ${String(node.value)}.` }];
}

/** What stands for a variable that nobody has set, so that the spec stays valid: what hpc-compose takes without `cache_dir`. */
const UNSET = '~/.cache/hpc-compose';

/** The ways out: each candidate, then `${CACHE_DIR}`, which is defined in `.env`, or gets a default, when it is defined nowhere. `raw` is the text as written. */
export function cacheDirFixes(
  root: MapNode,
  raw: string | undefined,
  textOf: (file: string) => string | undefined,
  { candidates = [], dotenv, definedWhere }: CacheFixSources,
): FindingFix[] {
  const safe = candidates.filter(({ path }) => nodeLocalRootOf(path) === undefined).slice(0, 3);
  const best = safe[0]?.path;
  const direct = safe.map(({ path, why }, index): FindingFix => ({
    title: why === undefined ? `Use ${path}` : `Use ${path} (${why})`,
    edits: putCacheDir(root, path, textOf),
    ...(index === 0 ? { preferred: true } : {}),
  }));
  const definition = definedWhere === undefined ? dotenvEdits(dotenv, best) : [];
  const isDefined = definedWhere !== undefined || definition.length > 0;
  const variable: FindingFix = {
    title: `Use \${CACHE_DIR} (${definitionWords(definedWhere, isDefined ? best : undefined)})`,
    edits: [
      ...putCacheDir(root, isDefined ? '${CACHE_DIR}' : `\${CACHE_DIR:-${UNSET}}`, textOf),
      ...definition,
    ],
  };
  const already = raw?.includes('CACHE_DIR') ?? false;
  return [...direct, ...(already ? [] : [variable])].filter((fix) => fix.edits.length > 0);
}

function definitionWords(definedWhere: string | undefined, candidate: string | undefined): string {
  if (definedWhere !== undefined) return `defined ${definedWhere}`;
  return candidate === undefined
    ? `to be set in .env or your environment; ${UNSET} until then`
    : `set to ${candidate} in .env`;
}

function dotenvEdits(dotenv: CacheFixSources['dotenv'], candidate: string | undefined): FindingFix['edits'] {
  if (candidate === undefined || dotenv === undefined) return [];
  const end = dotenv.text?.length ?? 0;
  const lineBreak = dotenv.text === undefined || dotenv.text === '' || dotenv.text.endsWith('\n') ? '' : '\n';
  return [{ span: { file: dotenv.file, start: end, end }, newText: `${lineBreak}CACHE_DIR=${candidate}\n` }];
}

/** The edits that make `value` the cache directory; none where the text takes no such edit. */
export function putCacheDir(
  root: MapNode,
  value: string,
  textOf: (file: string) => string | undefined,
): FindingFix['edits'] {
  const slurm = valueOf(root, 'x-slurm');
  const text = isPlainIn(slurm, value, textOf) ? value : JSON.stringify(value);
  const written = pairOf(slurm, 'cache_dir');
  if (written?.value.kind === 'scalar') {
    const { span } = written.value;
    return span.end > span.start ? [{ span, newText: text }] : afterColon(written.key.span, text, textOf);
  }
  return putKey(root, 'x-slurm', `cache_dir: ${text}`, textOf);
}

/** Only blanks and the like need quotes, and the braces of a variable between other braces; a path of a cluster hardly ever does. */
function isPlainIn(
  block: SpecNode | undefined,
  value: string,
  textOf: (file: string) => string | undefined,
): boolean {
  if (!/^[A-Za-z0-9/$][A-Za-z0-9/._${}@+~:-]*$/.test(value)) return false;
  return !value.includes('{') || block?.kind !== 'map' || !isFlow(block, textOf(block.span.file) ?? '');
}

function afterColon(
  { file, end }: Span,
  text: string,
  textOf: (file: string) => string | undefined,
): FindingFix['edits'] {
  const colon = textOf(file)?.indexOf(':', end) ?? -1;
  return colon < 0 ? [] : [{ span: { file, start: colon + 1, end: colon + 1 }, newText: ` ${text}` }];
}
