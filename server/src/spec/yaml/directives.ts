// The lines in front of a document that begin with %: hpc-compose's YAML reader refuses what the library only warns of.

export interface DirectiveProblem {
  readonly start: number;
  readonly end: number;
  readonly cause: string;
  readonly advice: string;
}

/** The first directive that hpc-compose refuses; none where the library complains of the line itself. */
export function directiveProblem(text: string): DirectiveProblem | undefined {
  if (!/^\ufeff?(?:[ \t]*(?:#[^\n]*)?\r?\n)*%/.test(text)) return undefined;
  let versions = 0;
  for (const match of text.matchAll(/^.*$/gm)) {
    const line = match[0].trimEnd();
    if (/^\ufeff?\s*(#|$)/.test(line)) continue;
    if (!line.startsWith('%')) return undefined;
    const [, name = '', value = ''] = /^%(\S*)\s*(.*?)(?:\s+#.*)?$/.exec(line) ?? [];
    if (name === 'YAML') versions += 1;
    const found = problemOf(name, value, versions);
    if (found) return { ...found, start: match.index, end: match.index + line.length };
  }
  return undefined;
}

function problemOf(name: string, value: string, versions: number) {
  const advice = 'Remove the line: a spec needs no directive.';
  if (name === 'TAG') return undefined;
  if (name !== 'YAML') return { cause: `hpc-compose does not know the directive %${name}`, advice };
  if (versions > 1) return { cause: 'the %YAML directive is given twice', advice: 'Keep one of them.' };
  const isOther = /^\d+\.\d+$/.test(value) && value !== '1.1' && value !== '1.2';
  return isOther ? { cause: `hpc-compose reads YAML 1.1 and 1.2, not ${value}`, advice } : undefined;
}
