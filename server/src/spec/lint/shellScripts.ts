// The shell texts of a spec, as the shells will read them, and where each of their characters is written. Texts, setup and hooks
// are never interpolated by hpc-compose; of lists only what follows `sh -c` is shell, and that is interpolated (spec contract,
// sections 5 and 8). Texts of base files are left to those files.
import type { Span } from '../../model/finding.ts';
import { expressionsIn, interpolate, type Lookup } from '../interpolate.ts';
import { valueOf, type MapNode, type ScalarNode } from '../node.ts';
import { below, entries, items, text, under, type Place } from '../rules/place.ts';
import { placeInScalar } from '../scalarPlaces.ts';

export interface ShellScript {
  readonly text: string;
  readonly field: string;
  readonly service?: string;
  /** Where a part of the text is written. */
  readonly locate: (start: number, end: number) => Span;
  /** True when text may be put in at its places as it is: block scalars need no quotes or escapes. */
  readonly isVerbatim: boolean;
}

export interface ShellSource {
  /** The merged and interpolated spec. */
  readonly root: MapNode;
  /** The file whose texts are wanted, and its text. */
  readonly file: string;
  readonly source: string;
  /** What variables meant when the spec was interpolated. */
  readonly lookup: Lookup;
}

/** Every shell text of one file, in the order of its keys: those of the job, then those of one service a step. */
export function* shellScripts(spec: ShellSource): Generator<readonly ShellScript[]> {
  const setup = below({ node: spec.root, field: '' }, 'x-slurm', 'setup');
  if (setup) yield joinedScript(setup, spec);
  const services = valueOf(spec.root, 'services');
  for (const service of services ? entries({ node: services, field: 'services' }) : [])
    yield scriptsOf(service, spec).map((script) => ({ ...script, service: service.name }));
}

function scriptsOf(service: Place, spec: ShellSource): ShellScript[] {
  const slurm = under(service, 'x-slurm');
  const hooks = ['prologue', 'epilogue'].map((name) => under(slurm, name));
  const places = [
    ...['entrypoint', 'command'].map((key) => commandText(under(service, key))),
    under(service, 'script'),
    ...['x-runtime', 'x-enroot'].flatMap((key) => items(below(service, key, 'prepare', 'commands'))),
    ...hooks.map((hook) => (hook?.node.kind === 'map' ? under(hook, 'script') : hook)),
    ...items(under(slurm, 'hooks')).map((hook) => under(hook, 'script')),
  ];
  return places.flatMap((place) => (place ? scriptAt(place, spec) : []));
}

const SHELLS = /^(?:.*\/)?(?:sh|bash|dash|ksh)$/;

/** A text is shell; of a list it is the word after the `-c` of a shell. */
function commandText(place: Place | undefined): Place | undefined {
  if (place?.node.kind !== 'seq') return place;
  const words = items(place);
  if (!SHELLS.test(text(words[0]) ?? '')) return undefined;
  const flag = words.findIndex((word, index) => index > 0 && !(text(word) ?? '-').startsWith('-'));
  const isCommand = words.slice(1, flag).some((word) => /^-[A-Za-z]*c$/.test(text(word) ?? ''));
  return flag > 0 && isCommand ? words[flag] : undefined;
}

function scriptAt(place: Place, spec: ShellSource): ShellScript[] {
  const value = text(place);
  if (place.node.kind !== 'scalar' || value === undefined || value.includes('\0')) return [];
  if (place.node.span.file !== spec.file) return [];
  const pieces = piecesOf(place.node, spec);
  return pieces ? [{ text: value, field: place.field, ...written(pieces, place.node, spec) }] : [];
}

/** The lines of `setup` become one script, each item a line or more of it. */
function joinedScript(list: Place, spec: ShellSource): ShellScript[] {
  const lines = items(list).map((item) => scriptAt(item, spec)[0]);
  if (lines.length === 0) return [];
  const known = lines.flatMap((line) => line ?? []);
  if (known.length < lines.length) return known;
  const starts = known.map((_line, index) =>
    known.slice(0, index).reduce((sum, { text: before }) => sum + before.length + 1, 0),
  );
  const locate = (start: number, end: number): Span => {
    const index = Math.max(
      0,
      starts.findLastIndex((from) => from <= start),
    );
    const [line, from] = [known[index], starts[index] ?? 0];
    if (!line) return list.node.span;
    return line.locate(Math.min(start - from, line.text.length), Math.min(end - from, line.text.length));
  };
  return [
    {
      text: known.map((line) => line.text).join('\n'),
      field: list.field,
      locate,
      isVerbatim: false,
    },
  ];
}

/** A run of characters of the value and of the text as written that stand for each other; equal in length, or as a whole. */
interface Piece {
  readonly length: number;
  readonly rawStart: number;
  readonly rawLength: number;
}

/** Undefined when the value is not what the text gives by these variables. */
function piecesOf({ value, raw }: ScalarNode, { lookup }: ShellSource): readonly Piece[] | undefined {
  if (raw === undefined)
    return [{ length: String(value).length, rawStart: 0, rawLength: String(value).length }];
  const pieces: Piece[] = [];
  let result = '';
  const take = (rawStart: number, rawEnd: number) => {
    if (rawEnd <= rawStart) return;
    const put = interpolate(raw.slice(rawStart, rawEnd), lookup).value;
    result += put;
    pieces.push({ length: put.length, rawStart, rawLength: rawEnd - rawStart });
  };
  let at = 0;
  for (const { start, end } of outermost(raw)) {
    take(at, start);
    take(start, end);
    at = end;
  }
  take(at, raw.length);
  return result === value ? pieces : undefined;
}

/** Expressions that lie in no other one, and every `$$`. */
function outermost(raw: string): readonly { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = [];
  let end = 0;
  const expressions = expressionsIn(raw);
  const escapes = [...raw.matchAll(/\$\$/g)].map(({ index }) => ({ start: index, end: index + 2 }));
  for (const each of [...expressions, ...escapes].toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (each.start < end) continue;
    found.push({ start: each.start, end: each.end });
    end = each.end;
  }
  return found;
}

function written(
  pieces: readonly Piece[],
  node: ScalarNode,
  { source }: ShellSource,
): Pick<ShellScript, 'locate' | 'isVerbatim'> {
  return {
    locate: (start, end) => {
      // A place at the end, or an empty one: the character before it.
      const from = start < end ? start : Math.max(0, end - 1);
      const [first, last] = [rawPlace(pieces, from), rawPlace(pieces, Math.max(from, end - 1))];
      return placeInScalar(node, source, first.start, last.end);
    },
    isVerbatim: (node.style === 'literal' || node.style === 'folded') && node.raw === undefined,
  };
}

/** Where the character at an index of the value stands in the text before interpolation. */
function rawPlace(pieces: readonly Piece[], index: number): { readonly start: number; readonly end: number } {
  let from = 0;
  for (const { length, rawStart, rawLength } of pieces) {
    if (index < from + length) {
      const start = rawStart + (length === rawLength ? index - from : 0);
      return { start, end: length === rawLength ? start + 1 : rawStart + rawLength };
    }
    from += length;
  }
  const last = pieces.at(-1);
  const end = last ? last.rawStart + last.rawLength : 0;
  return { start: Math.max(0, end - 1), end };
}
