// R050-R052: declarations of secrets. Spec contract, sections 7 and 9.5.
import { isIdentifier } from '../grammar/text.ts';
import { isNull } from '../node.ts';
import type { Sink } from './check.ts';
import { entries, keySpan, under, type Entry, type Place } from './place.ts';

/** Checks the root block `secrets`. */
export function checkSecrets(place: Place, sink: Sink): void {
  for (const entry of entries(place).toSorted((a, b) => (a.name < b.name ? -1 : 1))) checkSecret(entry, sink);
}

function checkSecret(entry: Entry, sink: Sink): void {
  const words = { name: entry.name };
  if (!isIdentifier(entry.name)) sink.key('R050', entry, { words });
  const isMap = entry.node.kind === 'map';
  if (!isMap && !isNull(entry.node)) return;
  const file = under(entry, 'file');
  const env = under(entry, 'env');
  if (file && env) {
    const [first, second] = sink.isBefore(file.node.span, env.node.span) ? [file, env] : [env, file];
    const related = [{ span: keySpan(first), message: 'The other source stands here.' }];
    sink.key('R051', second, { words, related });
  } else if (!file && !env) sink.key('R052', entry, { words });
}
