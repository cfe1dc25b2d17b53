// Gives texts to `bash -n` and to ShellCheck, some tens in one process, each through standard input: texts may hold what other people
// must not see in a list of processes. Nothing is ever executed: `-n` reads commands and runs none, no start-up file is read, and the
// environment is all but empty. Answers are kept by the hash of the text.
import { createHash } from 'node:crypto';
import type { Ports } from './ports.ts';
import { createSlots } from './prepare/slots.ts';
import { restEvery } from './restEvery.ts';

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
  /** For the texts of one process. */
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
const SLICE_MS = 10;

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
      const answers = new Map<string, string>();
      const learn = ({ text, key }: Question, answer: string) => {
        known.set(key, answer);
        answers.set(text, answer);
      };
      const open = new Map<string, Batch[]>();
      const rest = restEvery(SLICE_MS);
      for (const text of new Set(texts)) {
        if (rest.isDue()) await rest.take(signal);
        if (text.length > LONGEST_TEXT || text.includes('\0')) continue;
        const question = questionOf(text, tool.commandFor(text, tools));
        const answer = known.get(question.key);
        if (answer === undefined) putInBatch(question, open);
        else answers.set(text, answer);
      }
      // Starting a process takes a slice of its own.
      if (open.size > 0) await rest.take(signal);
      for (const batches of open.values()) await askAll(batches, { tool, tools, ports, signal, learn });
      return answers;
    });
}

interface Question {
  readonly text: string;
  readonly command: readonly string[];
  readonly key: string;
}

/** Texts for one process; never empty. */
type Batch = [Question, ...Question[]];

/** Few enough that a call which is cancelled leaves most of its answers behind. */
const BATCH_TEXTS = 50;

function questionOf(text: string, command: readonly string[]): Question {
  const key = createHash('sha256').update(command.join('\0')).update('\0').update(text).digest('base64');
  return { text, command, key };
}

function putInBatch(question: Question, open: Map<string, Batch[]>): void {
  const name = question.command.join('\0');
  const batches = open.get(name) ?? [];
  const last = batches.at(-1);
  if (last && last.length < BATCH_TEXTS) last.push(question);
  else batches.push([question]);
  open.set(name, batches);
}

interface Asking {
  readonly tool: Tool;
  readonly tools: ShellTools;
  readonly ports: Pick<Ports, 'run' | 'env'>;
  readonly signal: AbortSignal;
  readonly learn: (question: Question, answer: string) => void;
}

/** Batches of one command, until it turns out to be missing. */
async function askAll(batches: readonly Batch[], asking: Asking): Promise<void> {
  for (const batch of batches) {
    const outputs = await runForEach(batch, asking);
    if (!outputs) return;
    for (const [index, question] of batch.entries()) {
      const output = outputs[index];
      if (output !== undefined) asking.learn(question, output);
    }
  }
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

/** The answers in the order of the texts; undefined when a program is missing. */
async function runForEach(
  batch: Batch,
  { tool, tools: { bash }, ports, signal }: Asking,
): Promise<readonly string[] | undefined> {
  const args = [...PLAIN_BASH, '-c', FOR_EACH(tool.errors), 'bash', ...batch[0].command];
  const env = { PATH: ports.env.PATH, LC_ALL: tool.locale };
  const input = batch.map(({ text }) => `${text}\0`).join('');
  const limit = AbortSignal.any([signal, AbortSignal.timeout(tool.limitMs)]);
  const result = await ports.run({ command: bash, args, cwd: '/', env, input, signal: limit, behind: true });
  return result.exitCode === 0 ? result.stdout.split('\0').slice(0, batch.length) : undefined;
}
