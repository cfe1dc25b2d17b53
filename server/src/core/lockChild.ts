// One lasting child that calls flock(2) on our own descriptors, because Node cannot and a process for each lock costs milliseconds.
// It borrows them through pidfd_getfd(2) and gives them back at once: a lock lives in our descriptor alone, so the child may die
// at any time without a lock being lost, and our death frees them all. Where that call is refused, callers start a child per try.
import { plainEnvironment } from './plainEnvironment.ts';
import type { ProcessInput, ProcessRun } from './process.ts';

export type LockMode = 'shared' | 'exclusive';

/** A lock wanted on a file that is open here. */
export interface DescriptorLock {
  readonly fd: number;
  readonly mode: LockMode;
}

/** `locked`, `busy`, or the system's words for why it cannot be locked. */
export type LockOutcome = string;

/** The children of this process, one for each way to start programs. */
export interface LockChildren {
  readonly of: (run: ProcessRun, env: Environment) => LockChild;
}

export interface LockChild {
  /** Starts it already, because many locks are going to be asked for. */
  readonly warm: () => void;
  readonly isUp: () => boolean;
  /** Tries each without waiting, in order. Undefined when this cannot be done so here; then nothing was locked. */
  readonly tryAll: (locks: readonly DescriptorLock[]) => Promise<LockOutcome[] | undefined>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * perl's program. Arguments: our process id, or 0 when descriptors are inherited, then locks such as x3 or s4 to be tried at
 * once. Reads lines of the same, an answer a line: outcomes with tabs between. Signals of our terminal or job are not for it.
 */
export const LOCK_SCRIPT = `
$SIG{$_} = 'IGNORE' for qw(INT TERM HUP QUIT PIPE USR1 USR2);
my ($parent, @now) = @ARGV;
my $us = $parent ? syscall(434, $parent + 0, 0) : -1;
$us = -1 if $parent && getppid() != $parent;
sub try {
  my ($mode, $fd) = (substr($_[0], 0, 1), substr($_[0], 1));
  if ($parent) {
    $fd = $us < 0 ? -1 : syscall(438, $us, $fd + 0, 0);
    return 'refused' if $fd < 0;
  }
  my $file;
  open($file, '+<&=', $fd) || open($file, '<&=', $fd) || return "$!";
  my $kind = ($mode eq 's' ? 1 : 2) | 4;
  my $ok = flock($file, $kind);
  return 'locked' if $ok;
  my ($number, $words) = ($! + 0, "$!");
  require Errno;
  while ($number == Errno::EINTR()) {
    return 'locked' if flock($file, $kind);
    ($number, $words) = ($! + 0, "$!");
  }
  return $number == Errno::EWOULDBLOCK() ? 'busy' : $words;
}
$| = 1;
print join("\\t", map { try($_) } @now), "\\n" if @now;
while ($parent && defined(my $line = <STDIN>)) {
  print join("\\t", map { try($_) } split(' ', $line)), "\\n";
}
`;

/** Words of the script for one lock. */
export function lockWord({ fd, mode }: DescriptorLock): string {
  return `${mode === 'shared' ? 's' : 'x'}${fd}`;
}

/** No child yet; each starts with the second question, since one lock alone is had faster by flock(1). */
export function createLockChildren(): LockChildren {
  const children = new WeakMap<ProcessRun, LockChild>();
  return {
    of: (run, env) => {
      const child = children.get(run) ?? createLockChild(run, env);
      children.set(run, child);
      return child;
    },
  };
}

/** After this long without a question the child is let go. */
const IDLE_MS = 20_000;
/** Deaths after which no other is started. */
const DEATHS_LIMIT = 3;

type Answer = (outcomes: LockOutcome[] | undefined) => void;

interface Connection {
  readonly input: ProcessInput;
  readonly waiting: Answer[];
}

function createLockChild(run: ProcessRun, env: Environment): LockChild {
  let connection: Connection | undefined;
  let questions = 0;
  let deaths = 0;
  let idle: NodeJS.Timeout | undefined;
  const connect = (): Connection | undefined => {
    if (process.platform !== 'linux' || deaths >= DEATHS_LIMIT) return undefined;
    connection ??= startChild(run, env, (ended) => {
      if (connection === ended) connection = undefined;
      deaths++;
    });
    return connection;
  };
  const rest = (current: Connection) => {
    current.input.letGo();
    clearTimeout(idle);
    idle = setTimeout(() => {
      if (connection === current) connection = undefined;
      deaths--;
      current.input.end();
    }, IDLE_MS).unref();
  };
  const ask = async (current: Connection, locks: readonly DescriptorLock[]) => {
    clearTimeout(idle);
    const outcomes = await question(current, locks);
    if (current.waiting.length === 0) rest(current);
    if (outcomes?.length === locks.length && !outcomes.includes('refused')) return outcomes;
    if (outcomes) {
      deaths = DEATHS_LIMIT;
      current.input.end();
    }
    return undefined;
  };
  return {
    warm: () => {
      const current = connect();
      if (current?.waiting.length === 0) rest(current);
    },
    isUp: () => connection !== undefined,
    tryAll: async (locks) => {
      const alone = locks.length === 1 && questions++ === 0 && connection === undefined;
      const current = alone ? undefined : connect();
      return current && (await ask(current, locks));
    },
  };
}

function question(current: Connection, locks: readonly DescriptorLock[]): Promise<LockOutcome[] | undefined> {
  return new Promise((resolve) => {
    current.waiting.push(resolve);
    current.input.hold();
    current.input.write(`${locks.map(lockWord).join(' ')}\n`);
  });
}

// Undefined when it could not be started; else `onEnd` is called once, after all open questions were answered with undefined.
function startChild(
  run: ProcessRun,
  env: Environment,
  onEnd: (ended: Connection) => void,
): Connection | undefined {
  const waiting: Answer[] = [];
  let connection: Connection | undefined;
  let isLate = false;
  const onInput = (input: ProcessInput) => {
    if (isLate) input.end();
    else connection = { input, waiting };
  };
  const onLine = (line: string) => waiting.shift()?.(line.split('\t'));
  const finish = () => {
    const ended = connection;
    if (ended) onEnd(ended);
    for (const answer of waiting.splice(0)) answer(undefined);
  };
  run({
    command: 'perl',
    args: ['-e', LOCK_SCRIPT, '--', String(process.pid)],
    env: plainEnvironment(env),
    onInput,
    onLine,
  }).then(finish, finish);
  isLate = connection === undefined;
  return connection;
}
