// The comment that suppresses one rule at one place: `# hpc-compose: ignore[CODE]` at the end of the finding's line,
// or on a line of its own above it where the line cannot take a comment (block scalars, text that goes on).

/** What to insert, and where; undefined for R codes, which cannot be suppressed. */
export function ignoreComment(
  text: string,
  offset: number,
  code: string,
): { readonly offset: number; readonly text: string } | undefined {
  if (/^R\d/.test(code)) return undefined;
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const found = /\r?\n|$/.exec(text.slice(offset));
  const end = offset + (found?.index ?? 0);
  const line = text.slice(start, end);
  const known = /# hpc-compose: ignore\[[^\]]*/.exec(line);
  if (known) return { offset: start + known.index + known[0].length, text: `, ${code}` };
  if (!line.includes('#') && !/[|>][+-]?\d?\s*$/.test(line))
    return { offset: start + line.trimEnd().length, text: `  # hpc-compose: ignore[${code}]` };
  const indent = /^[ \t]*/.exec(line)?.[0] ?? '';
  const eol = found?.[0] || '\n';
  return { offset: start, text: `${indent}# hpc-compose: ignore[${code}]${eol}` };
}
