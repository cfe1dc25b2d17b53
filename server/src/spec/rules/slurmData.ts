// Nested blocks of the root `x-slurm` about files: scratch, staging, burst buffer, artifacts, resume. R085-R096.
import { artifactProblem, resumeProblem } from '../grammar/containerPath.ts';
import { parseRepo, parseRevision } from '../grammar/huggingFace.ts';
import { trim } from '../grammar/text.ts';
import type { Sink } from './check.ts';
import { quoted } from './finding.ts';
import { entries, items, keySpan, text, under, valueSpan, written, type Entry, type Place } from './place.ts';

/** R085. */
export function checkScratch(place: Place | undefined, sink: Sink): void {
  if (!place) return;
  checkPath('R085', under(place, 'base'), sink, 'empty');
  const mount = under(place, 'mount');
  if (!mount || !checkPath('R085', mount, sink, 'empty')) return;
  const path = text(mount);
  if (path !== undefined && !trim(path).startsWith('/'))
    sink.value('R085', mount, { words: { value: quoted(path) } });
}

/** A path must not be blank and must hold no NUL; true when it is fine or not known. */
function checkPath(code: 'R085' | 'R086', path: Place | undefined, sink: Sink, variant: string): boolean {
  if (!sink.notBlank(code, path, variant)) return false;
  if (!path || !text(path)?.includes('\0')) return true;
  sink.value(code, path, { variant: 'nul' });
  return false;
}

/** R086, R087. */
export function checkStaging(place: Place, sink: Sink): void {
  for (const item of items(under(place, 'stage_in'))) checkStageIn(item, sink);
  for (const item of items(under(place, 'stage_out'))) {
    checkPath('R086', under(item, 'from'), sink, 'main');
    checkPath('R086', under(item, 'to'), sink, 'main');
  }
}

function checkStageIn(item: Place, sink: Sink): void {
  if (item.node.kind !== 'map') return;
  checkPath('R086', under(item, 'to'), sink, 'main');
  const from = under(item, 'from');
  const hub = under(item, 'hf');
  if (from && hub) sink.key('R086', hub, { variant: 'both', words: { field: item.field } });
  else if (!from && !hub) sink.at('R086', item, stageSpan(item), { variant: 'none' });
  else checkPath('R086', from, sink, 'main');
  if (!hub || from) return;
  sink.grammar('R087', under(hub, 'repo'), parseRepo, { words: { what: 'repository' } });
  sink.grammar('R087', under(hub, 'revision'), parseRevision, { words: { what: 'pinned revision' } });
}

// A stage entry is a map in a list: its first key is the narrowest place that stands for all of it.
function stageSpan(item: Place) {
  return item.node.kind === 'map' ? (item.node.pairs[0]?.key.span ?? item.node.span) : valueSpan(item);
}

/** R088. */
export function checkBurstBuffer(place: Place | undefined, sink: Sink): void {
  for (const item of items(under(place, 'directives'))) {
    const line = text(item);
    if (line === undefined) continue;
    if (!line.startsWith('#BB ') && !line.startsWith('#DW ')) sink.value('R088', item);
    else sink.lineSafe('R088', item, 'line');
  }
}

/** R091-R095. */
export function checkArtifacts(place: Entry | undefined, sink: Sink): void {
  if (place?.node.kind !== 'map') return;
  const exportDir = under(place, 'export_dir');
  if (exportDir) sink.notBlank('R091', exportDir);
  else sink.key('R091', place);
  const paths = under(place, 'paths');
  const bundles = entries(under(place, 'bundles'));
  if (items(paths).length === 0 && bundles.length === 0 && isListOrAbsent(paths)) sink.key('R092', place);
  checkArtifactPaths(paths, sink);
  for (const bundle of bundles) checkBundle(bundle, sink);
}

function isListOrAbsent(place: Place | undefined): boolean {
  return place === undefined || place.node.kind === 'seq';
}

function checkBundle(bundle: Entry, sink: Sink): void {
  const words = { name: bundle.name };
  if (bundle.name === 'default') sink.key('R095', bundle, { variant: 'reserved' });
  else if (!/^[A-Za-z0-9_-]+$/.test(bundle.name)) sink.key('R095', bundle, { words });
  const paths = written(bundle, 'paths');
  if (items(paths).length === 0 && isListOrAbsent(under(bundle, 'paths')))
    sink.at('R092', bundle, keySpan(bundle), { variant: 'bundle', words });
  checkArtifactPaths(paths, sink);
}

function checkArtifactPaths(list: Place | undefined, sink: Sink): void {
  for (const item of items(list)) {
    const value = text(item);
    const code = value === undefined ? undefined : artifactProblem(value);
    if (code) sink.value(code, item, { words: { value: quoted(value ?? '') } });
  }
}

/** R096. */
export function checkResume(place: Place | undefined, sink: Sink): void {
  const path = under(place, 'path');
  const value = text(path);
  const variant = value === undefined ? undefined : resumeProblem(value);
  if (path && variant) sink.value('R096', path, { variant, words: { value: quoted(value ?? '') } });
}
