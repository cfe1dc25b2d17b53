// The worker's half of lists and plans of the rootfs cache: the thread that answers people gets them in pieces, and of a list no
// more than is shown.
import type { MessagePort } from 'node:worker_threads';
import type { RootfsEntry, RootfsGcPlan, RootfsKept, RootfsList, RootfsVictim } from '../../model/rootfs.ts';
import { RootfsFailure, type RootfsErrorCode } from '../../model/rootfs.ts';
import type { FailureData } from '../../model/failure.ts';
import { realPorts, type Log } from '../ports.ts';
import { listRootfsAs } from './listRootfs.ts';
import { ENTRY_JSON } from './listEntry.ts';
import { planGc, type GcRequest } from './planGc.ts';
import { rootfsPorts, type RootfsPorts } from './rootfsPorts.ts';
import type { RootfsSettings } from './settings.ts';

/** What a worker needs to make the ports again. */
export type PortsSeed = Pick<RootfsPorts, 'uid' | 'host' | 'version' | 'self' | 'env'>;

/** What each task is asked, and what it answers: pieces, then the rest. */
export interface RootfsTasks {
  'rootfs-list': {
    ask: {
      readonly settings: RootfsSettings;
      readonly base: string;
      /** Entries wanted at most. */
      readonly most: number;
      readonly seed: PortsSeed;
    };
    piece: readonly RootfsEntry[];
    rest: ListRest | RootfsTrouble;
  };
  'rootfs-plan': {
    ask: { readonly request: GcRequest; readonly seed: PortsSeed };
    piece: PlanPiece;
    rest: Omit<RootfsGcPlan, 'would_evict' | 'in_use' | 'skipped'> | RootfsTrouble;
  };
}

export type ListRest = Omit<RootfsList, 'entries'> & {
  /** Entries there are, sent or not. */
  readonly total: number;
};

export type PlanPiece =
  | { readonly would_evict: readonly RootfsVictim[] }
  | { readonly in_use: readonly RootfsVictim[] }
  | { readonly skipped: readonly RootfsKept[] };

/** A failure with its own code, made again by whoever asked. */
export interface RootfsTrouble {
  readonly trouble: RootfsErrorCode;
  readonly data: FailureData;
}

/** Cloning this many takes about a millisecond. */
const PIECE = 250;

type Task = {
  [Name in keyof RootfsTasks]: { readonly task: Name; readonly port: MessagePort } & RootfsTasks[Name]['ask'];
}[keyof RootfsTasks];

/** Runs a task and sends its answer. */
export async function runRootfsTask(data: unknown): Promise<void> {
  const task = data as Task;
  const send = (piece: unknown) => task.port.postMessage({ piece });
  try {
    const rest = await (task.task === 'rootfs-list' ? list(task, send) : plan(task, send));
    task.port.postMessage({ rest });
  } catch (error) {
    if (error instanceof RootfsFailure)
      task.port.postMessage({
        rest: { trouble: error.rootfsCode, data: error.data } satisfies RootfsTrouble,
      });
    else
      task.port.postMessage({
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
  }
  task.port.close();
}

async function list(
  { settings, base, most, seed }: RootfsTasks['rootfs-list']['ask'],
  send: (piece: readonly RootfsEntry[]) => void,
): Promise<ListRest> {
  const { entries, ...rest } = await listRootfsAs(
    ENTRY_JSON,
    (text) => text,
    { settings, base },
    portsOf(seed),
  );
  const sent = entries.slice(0, most);
  for (const piece of piecesOf(sent)) send(piece.map((text) => JSON.parse(text.toString()) as RootfsEntry));
  return { ...rest, total: entries.length };
}

async function plan(
  { request, seed }: RootfsTasks['rootfs-plan']['ask'],
  send: (piece: PlanPiece) => void,
): Promise<Omit<RootfsGcPlan, 'would_evict' | 'in_use' | 'skipped'>> {
  const { would_evict, in_use, skipped, ...rest } = await planGc(request, portsOf(seed));
  for (const piece of piecesOf(would_evict)) send({ would_evict: piece });
  for (const piece of piecesOf(in_use)) send({ in_use: piece });
  for (const piece of piecesOf(skipped)) send({ skipped: piece });
  return rest;
}

function* piecesOf<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += PIECE) yield items.slice(at, at + PIECE);
}

const silent = () => undefined;
const SILENT: Log = { debug: silent, info: silent, warn: silent, error: silent };

function portsOf({ env, ...identity }: PortsSeed): RootfsPorts {
  return rootfsPorts(realPorts(SILENT, env), identity);
}
