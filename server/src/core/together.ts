// Work that costs little more for many than for one, such as reading a cache: who asks while it is done for others is served by the
// next turn, together with all who came meanwhile.

/** Does the work for some; one result each, in order. A throw is everybody's failure. */
export type WorkTogether<Asked, Answer> = (
  asked: readonly Asked[],
  signal: AbortSignal,
) => Promise<readonly PromiseSettledResult<Answer>[]>;

interface Waiting<Asked, Answer> {
  readonly asked: Asked;
  readonly signal: AbortSignal;
  readonly settle: (result: PromiseSettledResult<Answer>) => void;
}

/**
 * One turn at a time for each key. A turn is cancelled when all who wait for it have turned away.
 * The answer rejects as the work does, and with the signal's reason.
 */
export function doTogether<Asked, Answer>(
  work: WorkTogether<Asked, Answer>,
): (key: string, asked: Asked, signal: AbortSignal) => Promise<Answer> {
  const queues = new Map<string, Waiting<Asked, Answer>[]>();
  const serve = async (key: string, queue: Waiting<Asked, Answer>[]) => {
    while (queue.length > 0) await takeTurn(queue.splice(0), work);
    queues.delete(key);
  };
  return (key, asked, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const turnAway = () => reject(signal.reason as Error);
      signal.addEventListener('abort', turnAway, { once: true });
      const settle = (result: PromiseSettledResult<Answer>) => {
        signal.removeEventListener('abort', turnAway);
        if (result.status === 'fulfilled') resolve(result.value);
        else reject(result.reason as Error);
      };
      const known = queues.get(key);
      const queue = known ?? [];
      queue.push({ asked, signal, settle });
      if (known) return;
      queues.set(key, queue);
      void serve(key, queue);
    });
}

async function takeTurn<Asked, Answer>(
  all: readonly Waiting<Asked, Answer>[],
  work: WorkTogether<Asked, Answer>,
): Promise<void> {
  const waiting = all.filter(({ signal }) => !signal.aborted);
  if (waiting.length === 0) return;
  const stop = new AbortController();
  const look = () => {
    if (waiting.every(({ signal }) => signal.aborted)) stop.abort();
  };
  for (const { signal } of waiting) signal.addEventListener('abort', look);
  const results = await resultsOf(waiting, work, stop.signal);
  for (const [index, { signal, settle }] of waiting.entries()) {
    signal.removeEventListener('abort', look);
    const result = results[index];
    if (result) settle(result);
  }
}

async function resultsOf<Asked, Answer>(
  waiting: readonly Waiting<Asked, Answer>[],
  work: WorkTogether<Asked, Answer>,
  signal: AbortSignal,
): Promise<readonly PromiseSettledResult<Answer>[]> {
  try {
    const asked = waiting.map((one) => one.asked);
    return await work(asked, signal);
  } catch (reason) {
    return waiting.map(() => ({ status: 'rejected', reason }));
  }
}
