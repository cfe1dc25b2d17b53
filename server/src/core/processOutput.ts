// Collects what a process prints: lines as they come, and a bounded amount of the text. Memory never grows with the output.
const LINE_LIMIT = 16 * 1024;

/** Gives a function that returns the last `limit` characters (at most twice that is held meanwhile). */
export function collectOutput(
  stream: NodeJS.ReadableStream,
  limit: number,
  onLine: (line: string) => void,
): () => string {
  let text = '';
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
    if (text.length > 2 * limit) text = text.slice(-limit);
    const lines = (rest + chunk).split(/\r?\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    if (rest.length > LINE_LIMIT) {
      onLine(rest);
      rest = '';
    }
  });
  stream.on('end', () => {
    if (rest) onLine(rest);
    rest = '';
  });
  stream.on('error', () => undefined);
  return () => text.slice(-limit);
}
