// Nested blocks of the root `x-slurm` about behaviour: metrics, watchdog, mail, rendezvous, parallelism, signal.
// R089, R090, R097-R102.
import { parseRendezvousName, tokenOf } from '../grammar/rendezvousName.ts';
import { lineBreakIn, trim } from '../grammar/text.ts';
import type { Sink } from './check.ts';
import { quoted } from './finding.ts';
import {
  bigCount,
  count,
  items,
  keySpan,
  positional,
  text,
  under,
  word,
  type Entry,
  type Place,
} from './place.ts';

const MAIL_FLAGS = ['--mail-user', '--mail-type', 'mail-user', 'mail-type'] as const;

/** R090. */
export function checkWatchdog(place: Place | undefined, sink: Sink): void {
  const action = under(place, 'action');
  if (action && word(action) === 'cancel') sink.value('R090', action, { variant: 'cancel' });
  sink.atLeastOne('R090', under(place, 'grace_period_seconds'));
  for (const part of [under(place, 'gpu'), under(place, 'cpu')]) {
    sink.atLeastOne('R090', under(part, 'window_seconds'));
    for (const key of ['compute_below_pct', 'memory_resident_above_pct']) {
      const percent = under(part, key);
      const value = count(percent);
      if (percent && value !== undefined && value > 100) sink.value('R090', percent, { words: { value } });
    }
  }
}

/** R097, R098. */
export function checkMail(slurm: Place, sink: Sink): void {
  const email = under(under(slurm, 'notify'), 'email');
  if (!email) return;
  const to = under(email, 'to');
  if (sink.notBlank('R097', to)) {
    const character = lineBreakIn(text(to) ?? '');
    if (to && character) sink.value('R097', to, { variant: 'line', words: { character } });
  }
  for (const item of items(under(slurm, 'submit_args'))) {
    const argument = trim(text(item) ?? '');
    if (MAIL_FLAGS.some((flag) => argument.startsWith(flag)))
      sink.value('R097', item, { related: [{ span: keySpan(email), message: 'Mail is set up here.' }] });
  }
  for (const item of items(under(email, 'on'))) {
    if (word(item) === 'array_tasks' && !under(slurm, 'array')) sink.value('R098', item);
  }
}

/** R099. */
export function checkDiscover(place: Place | undefined, sink: Sink): void {
  if (!place) return;
  const client = clientOf(place, sink);
  const discover = under(client, 'discover');
  const names = discover?.node.kind === 'scalar' ? [discover] : items(discover);
  if (names.length === 0 && (!discover || discover.node.kind === 'seq'))
    sink.key('R099', place, { variant: 'none', words: { field: `${place.field}.discover` } });
  const firsts = new Map<string, string>();
  for (const item of names) checkDiscoverName(item, firsts, sink);
  if (place !== client || place.node.kind === 'map')
    sink.atLeastOne('R099', under(client, 'timeout_seconds'));
}

/** The client block, whichever of its forms is written. */
function clientOf(place: Place, sink: Sink): Place {
  const list = items(place);
  const isNames = list.every((item) => item.node.kind === 'scalar' && typeof item.node.value === 'string');
  if (place.node.kind === 'seq' && !isNames) {
    sink.value('HX002', place);
    return positional(place, ['discover', 'timeout_seconds', 'require']);
  }
  if (place.node.kind === 'map') return place;
  const key = { kind: 'scalar', value: 'discover', style: 'plain', span: keySpan(place) } as const;
  return { ...place, node: { kind: 'map', span: place.node.span, pairs: [{ key, value: place.node }] } };
}

function checkDiscoverName(item: Place, firsts: Map<string, string>, sink: Sink): void {
  const name = sink.grammar('R099', item, parseRendezvousName);
  if (name === undefined) return;
  const token = tokenOf(name);
  const first = firsts.get(token);
  if (first === undefined) firsts.set(token, name);
  else {
    const variant = first === name ? 'twice' : 'clash';
    sink.value('R099', item, { variant, words: { first: quoted(first), value: quoted(name) } });
  }
}

/** R100, R101, for the allocation and for a service against its own numbers. */
export function checkParallelism(slurm: Place, sink: Sink): void {
  const place: Entry | undefined = under(slurm, 'parallelism');
  if (!place) return;
  for (const key of ['tensor', 'pipeline']) sink.atLeastOne('R100', under(place, key), 'main');
  const [tensor, pipeline] = [count(under(place, 'tensor')), count(under(place, 'pipeline'))];
  const gpus = count(under(slurm, 'gpus_per_node'));
  const written = under(slurm, 'nodes');
  const nodes = written ? count(written) : 1;
  if (!tensor || !pipeline || !gpus || !nodes || tensor * pipeline === nodes * gpus) return;
  const words = { tensor, pipeline, product: tensor * pipeline, nodes, gpus, total: nodes * gpus };
  sink.key('R101', place, { words });
}

/** R102. */
export function checkSignal(place: Place | undefined, sink: Sink): void {
  const delay = under(place, 'at_seconds');
  const value = bigCount(delay);
  if (delay && value !== undefined && (value < 1 || value > 65_535))
    sink.value('R102', delay, { words: { value } });
}
