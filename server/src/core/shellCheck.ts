// Gives texts to `bash -n` and to ShellCheck, many in one process, each through standard input: texts may hold what other people
// must not see in a list of processes. Nothing is ever executed: `-n` reads commands and runs none, no start-up file is read, and the
// environment is all but empty. Answers are kept by the hash of the text.
import { createHash } from 'node:crypto';
import type { Ports } from './ports.ts';
import { createSlots } from './prepare/slots.ts';

/** Programs, by path or by name on PATH. */
export interface ShellTools {
  readonly bash: string;
  readonly shellcheck: string;
}

/** Gives what a tool says of each text; a text is left out where the tool is not there. Throws the signal's reason. */
export type ShellCheck = (
  texts: readonly string[],
  tools: ShellTools,
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, string>>;

export interface ShellChecker {
  /** What `bash -n` says, in English; blank when the text is sound. */
  readonly syntax: ShellCheck;
  /** What ShellCheck says, as JSON. */
  readonly style: ShellCheck;
}

/** One tool: how it is called for a text that comes on standard input. */
interface Tool {
  readonly commandFor: (text: string, tools: ShellTools) => readonly string[];
  /** Where its errors go: into the answer, or nowhere. */
  readonly errors: '&1' | '/dev/null';
  readonly locale: string;
  /** For all texts of one call. */
  readonly limitMs: number;
}

const PLAIN_BASH = ['--norc', '--noprofile'] as const;

const SYNTAX: Tool = {
  // Patterns such as !(x) are read only when they are switched on before, which a text that uses them does.
  commandFor: (text, { bash }) => {
    const patterns = text.includes('extglob') ? ['-O', 'extglob'] : [];
    return [bash, ...PLAIN_BASH, ...patterns, '-n', '/dev/stdin'];
  },
  errors: '&1',
  locale: 'C',
  limitMs: 10_000,
};

/** What cannot be known of a piece of a larger whole: sourced files, and variables set or used elsewhere. */
const NOT_KNOWABLE = 'SC1090,SC1091,SC2034,SC2154';

const STYLE: Tool = {
  commandFor: (_text, { shellcheck }) => {
    return [shellcheck, '--format', 'json', '-s', 'bash', '--exclude', NOT_KNOWABLE, '-'];
  },
  errors: '/dev/null',
  locale: 'C.UTF-8',
  limitMs: 60_000,
};

/** Texts longer than this are left alone: the time of ShellCheck grows faster than they do. */
const LONGEST_TEXT = 200_000;
const MOST_ANSWERS = 5000;

/** A checker with a memory of its own. */
export function createShellChecker(ports: Pick<Ports, 'run' | 'env'>): ShellChecker {
  return { syntax: createCheck(SYNTAX, ports), style: createCheck(STYLE, ports) };
}

function createCheck(tool: Tool, ports: Pick<Ports, 'run' | 'env'>): ShellCheck {
  const known = new Map<string, string>();
  // One call at a time: the next one finds the answers of the one before.
  const turn = createSlots(1);
  return (texts, tools, signal) =>
    turn.use(signal, async () => {
      if (known.size > MOST_ANSWERS) known.clear();
      const limit = AbortSignal.any([signal, AbortSignal.timeout(tool.limitMs)]);
      for (const { command, group } of groupsOf(texts, tool, tools, known)) {
        const outputs = await runForEach(group, command, tool, tools, ports, limit);
        for (const [index, output] of outputs.entries())
          known.set(keyOf(command, group[index] ?? ''), output);
      }
      const pairs = texts.map(
        (text) => [text, known.get(keyOf(tool.commandFor(text, tools), text))] as const,
      );
      return new Map(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
    });
}

interface Group {
  readonly command: readonly string[];
  readonly group: string[];
}

/** Texts that nothing is known about yet, by the command that is to read them. */
function groupsOf(
  texts: readonly string[],
  tool: Tool,
  tools: ShellTools,
  known: ReadonlyMap<string, string>,
): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const text of new Set(texts)) {
    const command = tool.commandFor(text, tools);
    if (text.length > LONGEST_TEXT || text.includes('\0') || known.has(keyOf(command, text))) continue;
    const name = command.join('\0');
    const found = groups.get(name) ?? { command, group: [] };
    found.group.push(text);
    groups.set(name, found);
  }
  return [...groups.values()];
}

/** Runs the command that follows once for each NUL-ended text of standard input, and ends each answer with a NUL. */
const FOR_EACH = (errors: Tool['errors']) => `
command -v "$1" >/dev/null || exit 127
while IFS= read -r -d '' text; do
  printf '%s' "$text" | "$@" 2>${errors}
  printf '\\000'
done
exit 0
`;

/** The answers in the order of the texts; none when a program is missing. */
async function runForEach(
  texts: readonly string[],
  command: readonly string[],
  tool: Tool,
  { bash }: ShellTools,
  ports: Pick<Ports, 'run' | 'env'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const args = [...PLAIN_BASH, '-c', FOR_EACH(tool.errors), 'bash', ...command];
  const env = { PATH: ports.env.PATH, LC_ALL: tool.locale };
  const input = texts.map((text) => `${text}\0`).join('');
  const result = await ports.run({ command: bash, args, cwd: '/', env, input, signal });
  return result.exitCode === 0 ? result.stdout.split('\0').slice(0, texts.length) : [];
}

function keyOf(command: readonly string[], text: string): string {
  return createHash('sha256').update(command.join('\0')).update('\0').update(text).digest('base64');
}
