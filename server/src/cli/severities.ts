// Severities that people chose: `--severity CODE=LEVEL`, above `hpcCompose.diagnostics.severity` of the workspace that holds a
// spec (.vscode/settings.json, the nearest one upward).
import { readFileSync } from 'node:fs';
import { parentPath } from '../model/paths.ts';
import { isSeverityChoice, SEVERITY_CHOICES, type SeverityChoice } from '../spec/lint/severity.ts';
import { UsageError } from './command.ts';

type Choices = Readonly<Record<string, SeverityChoice>>;

/** A function from the path of a spec to the choices for it. Throws UsageError for a bad flag. */
export function readSeverities(flags: readonly string[]): (path: string) => Choices {
  const chosen = Object.fromEntries(flags.map(readFlag));
  const known = new Map<string, Choices>();
  return (path) => {
    const directory = parentPath(path);
    const found = known.get(directory) ?? workspaceChoices(directory);
    known.set(directory, found);
    return { ...found, ...chosen };
  };
}

function readFlag(flag: string): [string, SeverityChoice] {
  const [code = '', level] = flag.split('=');
  if (code === '' || !isSeverityChoice(level))
    throw new UsageError(
      `--severity takes CODE=LEVEL, LEVEL one of ${SEVERITY_CHOICES.join(', ')}; not '${flag}'`,
    );
  return [code, level];
}

function workspaceChoices(from: string): Choices {
  for (let directory = from; ; directory = parentPath(directory)) {
    const text = readText(`${directory === '/' ? '' : directory}/.vscode/settings.json`);
    if (text !== undefined) return choicesIn(text);
    if (directory === '/' || directory === '') return {};
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Settings of an editor are JSON with comments and trailing commas; an unreadable file chooses nothing. */
function choicesIn(text: string): Choices {
  const plain = text.replace(
    /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, word: string | undefined) => word ?? '',
  );
  const strict = plain.replace(
    /("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g,
    (_, word: string | undefined) => word ?? '',
  );
  try {
    const settings = JSON.parse(strict) as Record<string, unknown>;
    const chosen = settings['hpcCompose.diagnostics.severity'];
    if (typeof chosen !== 'object' || chosen === null) return {};
    return Object.fromEntries(Object.entries(chosen).filter(([, level]) => isSeverityChoice(level)));
  } catch {
    return {};
  }
}
