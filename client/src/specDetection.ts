// Decides by a file's name or its first 64 KB whether it may be a spec: the language server starts only for such files.
// Coarse on purpose (a near miss such as `x-slrum` counts); the server's own detection has the last word.

const NAME = /(?:^|[/\\.])hpc-compose\.ya?ml$/;
const LIMIT = 64 * 1024;
/** Keys that only specs have, misspelt ones included; `sweep` and `runtime` only at the root, where Docker has neither. */
const MARKER =
  /^(?:[ \t]*[{,]?[ \t]*(["']?)(?:x-[lmrsu]{3,7}|x-[eimnrtu]{5,9}|x-[enort]{4,8}|x-env|readiness)\1|sweep|runtime)[ \t]*:/m;

/** True when the document may be an hpc-compose spec. Reads at most 64 KB of `text`. */
export function mayBeSpec(fileName: string, text: string): boolean {
  return NAME.test(fileName) || MARKER.test(text.slice(0, LIMIT));
}
