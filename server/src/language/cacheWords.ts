// What a hover says of the cache: the directory with its fill, a service's image with its files and why it would be built again.
import type { CacheSummary, InspectArtifact, InspectService } from '../model/cache.ts';
import { formatAgo, formatBytes } from '../model/units.ts';
import { type LensStyle, type ServiceState, serviceText } from './lensState.ts';

/** The cache directory of a spec, in Markdown. */
export function cacheWords(directory: string, cache: CacheSummary | undefined, style: LensStyle): string {
  const lines = [`Cache directory: ${code(directory)}`];
  if (cache && !cache.exists) lines.push('It does not exist yet; the first prepare makes it.');
  if (cache?.exists) {
    const { entries, bytes } = cache.totals;
    const used = `${formatBytes(bytes, style.units)} in ${entries} ${entries === 1 ? 'entry' : 'entries'}`;
    const free = cache.free_bytes === null ? '' : ` · ${formatBytes(cache.free_bytes, style.units)} free`;
    lines.push(`${used}${free}`);
  }
  return lines.join('\n\n');
}

/** The image of a service: its state, and its files when it was looked at. */
export function imageWords(state: ServiceState, style: LensStyle): string {
  const text = serviceText(state, style).replace(/^\$\([\w~-]+\) /, '');
  const first = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  if (state.kind === 'failed') return `${first}: ${plain(state.message)}`;
  if (state.kind !== 'inspected') return first;
  return [`**${first}**`, whyWords(state.service), ...fileWords(state.service, style)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function whyWords({ why }: InspectService): string {
  return why
    .map((one) =>
      'reason' in one
        ? `- ${plain(one.reason)}`
        : `- ${plain(one.input)}: ${code(one.before)} → ${code(one.after)}`,
    )
    .join('\n');
}

function fileWords(service: InspectService, style: LensStyle): string[] {
  const { base_artifact: base, runtime_artifact: runtime } = service;
  const isPrepared = base !== null && base.path !== runtime.path && runtime.path !== '';
  return [
    ...(base ? [artifactWords('Base image', base, style)] : []),
    ...(isPrepared ? [artifactWords('Prepared image', runtime, style)] : []),
  ];
}

function artifactWords(
  title: string,
  { path, artifact_present, manifest }: InspectArtifact,
  style: LensStyle,
) {
  const made = manifest ? `made ${formatAgo(manifest.created_at, style.now)}` : '';
  const state = artifact_present ? made : 'not there yet';
  return `${title}${state === '' ? '' : `, ${state}`}: ${code(path)}`;
}

/** A code span that no text breaks out of. */
function code(text: string): string {
  const ticks = '`'.repeat(Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  return `${ticks} ${text.replace(/\r?\n/g, ' ')} ${ticks}`;
}

function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+!|<>~$&]/g, '\\$&').replace(/\r?\n/g, ' ');
}
