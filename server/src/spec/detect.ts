// Is this text an hpc-compose spec? Decided by its keys alone, so that a plain Docker Compose file (and any other YAML) gets
// nothing from us. Works on text that does not parse.
import { nearestName } from './nearestName.ts';

/** Keys that only specs have; misspellings count, except of the shortest. */
const MARKERS = ['x-slurm', 'x-runtime', 'x-enroot'] as const;

const SPEC_NAME = /(^|[./\\])hpc-compose\.ya?ml$/i;
/** Keys worth a look; what stands before them on their line is looked at afterwards. */
const CANDIDATE =
  /(?<![^\s{,'"\ufeff])["']?(x[-_]?[a-z_-]{2,12}|readiness|sweep|runtime|services|steps)["']?[ \t]*:(?=\s|$)/gi;
/** Longest beginning of a line that is looked at. */
const LINE_HEAD = 400;

/** True when a file name says that this is a spec: `hpc-compose.yaml`, `job.hpc-compose.yml`. */
export function isSpecName(path: string): boolean {
  return SPEC_NAME.test(path);
}

/** True when the text is a spec by its keys, near misses included. */
export function looksLikeSpec(text: string): boolean {
  let services = false;
  let hint = false;
  for (const match of text.matchAll(CANDIDATE)) {
    const before = lineHead(text, match.index);
    if (before.includes('#')) continue;
    const key = (match[1] ?? '').toLowerCase();
    if (isMarker(key)) return true;
    const atRoot = /^\ufeff?(\s*\{\s*)?$/.test(before);
    if (key === 'services' || key === 'steps') services ||= atRoot;
    // `runtime` and `sweep` mean something only at the root, `readiness` only below.
    else if (/^[rs]/.test(key)) hint ||= key === 'readiness' ? !atRoot : atRoot;
  }
  return services && hint;
}

/** What stands before an offset on its line. */
function lineHead(text: string, offset: number): string {
  const head = text.slice(Math.max(0, offset - LINE_HEAD), offset);
  return head.slice(head.lastIndexOf('\n') + 1);
}

function isMarker(key: string): boolean {
  if (!/^x[-_]?/.test(key)) return false;
  const spelled = key.replace('_', '-');
  return spelled === 'x-env' || nearestName(spelled, MARKERS) !== undefined;
}
