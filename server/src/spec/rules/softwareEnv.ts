// R070, R071: modules, Spack views and variables that are set up before anything runs. Spec contract, sections 3 and 9.5.
import { isBlank, isIdentifier, lineBreakIn } from '../grammar/text.ts';
import type { Sink } from './check.ts';
import { quoted } from './finding.ts';
import { entries, flag, items, positional, text, under, type Place } from './place.ts';

/** Checks `x-env` of the root or of a service. */
export function checkSoftwareEnv(place: Place, sink: Sink): void {
  checkModules(under(place, 'modules'), sink);
  const view = below(place);
  if (checkLine(view, sink) && text(view)?.startsWith('/') === false)
    sink.value('R070', view, {
      words: { problem: `must be an absolute path, not ${quoted(text(view) ?? '')}` },
    });
  for (const entry of entries(under(place, 'env'))) {
    checkVariableName(entry.name, place.field, entry, sink);
    checkLine(entry, sink);
  }
}

function below(place: Place): Place | undefined {
  return under(under(place, 'spack'), 'view');
}

/** Checks a list of modules, or `{purge, load}`, or the positional `[purge, [load]]`. */
export function checkModules(place: Place | undefined, sink: Sink): void {
  if (!place) return;
  for (const item of moduleItems(place, sink)) {
    if (checkLine(item, sink) && text(item)?.startsWith('-'))
      sink.value('R070', item, { words: { problem: 'must not start with -, it would be read as a flag' } });
  }
}

function moduleItems(place: Place, sink: Sink): Place[] {
  const list = items(place);
  const first = list[0];
  if (first && flag(first) !== undefined) {
    sink.value('HX002', place);
    return items(under(positional(place, ['purge', 'load']), 'load'));
  }
  return place.node.kind === 'map' ? items(under(place, 'load')) : list;
}

/** R070 for a blank text or one of several lines; true when it is fine. */
function checkLine(place: Place | undefined, sink: Sink): place is Place {
  const value = text(place);
  if (place === undefined || value === undefined) return false;
  if (isBlank(value)) sink.value('R070', place, { variant: 'empty' });
  else if (lineBreakIn(value))
    sink.value('R070', place, {
      words: { problem: `must be one line: it holds a ${lineBreakIn(value) ?? ''}` },
    });
  else return true;
  return false;
}

/** R071: names of environment variables. `field` is the block that holds them. */
export function checkVariableName(name: string, field: string, place: Place, sink: Sink): void {
  if (name === '') sink.key('R071', place, { variant: 'empty', words: { field } });
  else if (!isIdentifier(name)) sink.key('R071', place, { words: { name } });
}

/** R071 for `environment` and its likes: a mapping, or a list of NAME=value. */
export function checkVariableNames(place: Place | undefined, sink: Sink): void {
  if (!place) return;
  for (const entry of entries(place)) checkVariableName(entry.name, place.field, entry, sink);
  for (const item of items(place)) {
    const value = text(item);
    const equals = value?.indexOf('=') ?? -1;
    if (value !== undefined && equals >= 0)
      checkVariableName(value.slice(0, equals), place.field, item, sink);
  }
}
