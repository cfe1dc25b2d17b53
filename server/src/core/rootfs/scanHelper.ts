// A big scan by root in two processes: root may become another user only for a whole process, and two of them are done in little
// more than half the time. They take users from both ends of one list until they meet. Each turns what it finds into what the
// caller wants at once; the helper's comes back as rows. Users that a helper did not finish are looked at here. Source: rootfs
// contract, section 2.4.7.
import fs from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { plainEnvironment } from '../plainEnvironment.ts';
import { createRowReader, createRowWriter, type RowReader, type RowWriter } from './byteRows.ts';
import { handOver } from './handOver.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import { openScanBoard, type ScanBoard } from './scanBoard.ts';
import { scanBase, scanInSlices, userDirectories, type ScanRequest } from './scanRootfs.ts';
import type { ScanStep } from './scanUser.ts';

/** What a caller wants of each step. `write` and `read` carry it between processes. */
export interface Digest<T> {
  /** Names it to the helper. */
  readonly kind: DigestKind;
  /** Called once by each process that scans, with its own rights; what it gives runs with those of a user. */
  readonly begin: () => (step: ScanStep) => T;
  readonly write: (value: T, to: RowWriter) => void;
  readonly read: (from: RowReader, uid: number) => T;
}

export type DigestKind = 'json' | 'row' | 'candidate';

/** What a helper is given. */
export interface ScanTask {
  readonly kind: DigestKind;
  readonly request: ScanRequest;
  /** Milliseconds since the epoch, the same for both. */
  readonly nowMs: number;
}

/** Fewer users than this are looked at before a helper has begun. */
const WORTH_USERS = 100;
/** The board's descriptor in the helper, behind that of its task. */
const BOARD = 4;

/** Scans, with a helper where that is faster or the only way. Throws the signal's reason. */
export async function scanTogether<T>(
  task: Omit<ScanTask, 'kind'>,
  digest: Digest<T>,
  take: (value: T) => void,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<void> {
  const { request } = task;
  const uids = [...(request.uids ?? userDirectories(request.base))];
  let look: ((step: ScanStep) => T) | undefined;
  const here = (part: Iterable<number>) => {
    look ??= digest.begin();
    const of = look;
    return scanInSlices({ ...request, uids: part }, (step) => take(of(step)), signal);
  };
  const use = helperUse(uids, ports);
  const board = use === 'none' ? undefined : tryHandOver();
  if (board === undefined) {
    await here(uids);
    return;
  }
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  try {
    const shared = openScanBoard(board, uids.length);
    const left = new Set(uids);
    const receive = createReceiver(shared, left, digest, take);
    const helped = runHelper(
      { ...task, request: { ...request, uids }, kind: digest.kind },
      board,
      ports,
      either,
    );
    helped.catch(() => undefined);
    if (use === 'half') await here(fromFront(uids, shared, left, receive));
    await helped;
    receive();
    if (left.size > 0) await here([...left]);
  } finally {
    stop.abort();
    fs.closeSync(board);
  }
}

/** Where a helper looks at users: in a thread nobody can become another user, so at all of them. */
function helperUse(uids: readonly number[], ports: RootfsPorts): 'none' | 'half' | 'all' {
  if (ports.self === undefined || ports.uid !== 0 || uids.every((uid) => uid === 0)) return 'none';
  if (!isMainThread) return 'all';
  return uids.length < WORTH_USERS ? 'none' : 'half';
}

/** An empty file without a name, or undefined where there is no room for one. */
function tryHandOver(): number | undefined {
  try {
    return handOver('');
  } catch {
    return undefined;
  }
}

/** Users from the front of the list, until the helper is met; what it found meanwhile is taken in between. */
function* fromFront(
  uids: readonly number[],
  board: ScanBoard,
  left: Set<number>,
  receive: () => void,
): Generator<number> {
  for (const [index, uid] of uids.entries()) {
    if (!board.takeFromFront(index)) return;
    left.delete(uid);
    yield uid;
    receive();
  }
}

/** Throws the signal's reason. */
async function runHelper(
  task: ScanTask,
  board: number,
  ports: RootfsPorts,
  signal: AbortSignal,
): Promise<void> {
  const { command = '', args = [] } = ports.self ?? {};
  const fd = handOver(JSON.stringify(task));
  try {
    const { exitCode, stderr } = await ports.run({
      command,
      // Each change of rights is told to every thread: few of them make it cheap.
      args: ['--v8-pool-size=1', ...args, 'rootfs', 'scan-part'],
      env: { ...plainEnvironment(ports.env), HOME: '/', UV_THREADPOOL_SIZE: '1' },
      descriptors: [fd, board],
      keepStdout: 'tail',
      signal,
    });
    if (exitCode !== 0) ports.log.debug(`the scan helper ended with ${exitCode ?? '?'}: ${stderr}`);
  } finally {
    fs.closeSync(fd);
  }
}

/** Takes what the helper has put down: whole users, each once, and none that was looked at here. Nothing is believed after nonsense. */
function createReceiver<T>(
  board: ScanBoard,
  left: Set<number>,
  digest: Digest<T>,
  take: (value: T) => void,
): () => void {
  let broken = false;
  return () => {
    if (broken) return;
    try {
      const rows = createRowReader(board.collect());
      while (!rows.isAtEnd()) {
        const { uid, values } = readUser(rows, digest);
        if (!left.delete(uid)) continue;
        for (const value of values) take(value);
      }
    } catch {
      broken = true;
    }
  };
}

/** One user: uid, length of the rest, the rest. */
function readUser<T>(rows: RowReader, digest: Digest<T>): { uid: number; values: T[] } {
  const uid = rows.number() ?? -1;
  const part = rows.part(rows.number() ?? -1);
  const values: T[] = [];
  while (!part.isAtEnd()) values.push(digest.read(part, uid));
  return { uid, values };
}

/** Bytes put down at once. */
const PIECE = 65_536;

/** The helper's side. Throws what reading the base and writing to the board give: the rest is then done by whoever asked. */
export function sendScan<T>({ request }: ScanTask, digest: Digest<T>): void {
  const uids = [...(request.uids ?? [])];
  const rows = createRowWriter();
  const of = digest.begin();
  const users = fromBack(uids, openScanBoard(BOARD, uids.length), rows);
  // Nothing else waits for its turn here: root's groups are given up once.
  const scan = scanBase({ ...request, uids: users }, (step) => digest.write(of(step), rows), Infinity);
  while (!scan.next().done);
}

/** Users from the back of the list, until the front is met; each is put down when it is done. */
function* fromBack(uids: readonly number[], board: ScanBoard, rows: RowWriter): Generator<number> {
  for (let index = uids.length - 1; index >= 0 && board.takeFromBack(index); index--) {
    const uid = uids[index] ?? 0;
    rows.number(uid);
    const place = rows.size();
    rows.number(0);
    const start = rows.size();
    yield uid;
    rows.amend(place, rows.size() - start);
    if (rows.size() < PIECE) continue;
    board.put(rows.bytes());
    rows.clear();
  }
  board.put(rows.bytes());
}
