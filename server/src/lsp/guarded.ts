// One wrapper around every request: expected failures, cancellation and bugs each leave in their own form, and only bugs are
// logged with their stack.
import { LSPErrorCodes, ResponseError, type CancellationToken, type Connection } from 'vscode-languageserver';
import type { Log } from '../core/ports.ts';
import { OperationFailure, type FailureData } from '../model/failure.ts';
import type { Requests } from '../model/protocol.ts';
import type { JsonText } from './jsonText.ts';

/** What a failed request carries beside its message. */
export interface FailurePayload {
  readonly code: string;
  readonly hint?: string;
  readonly data?: FailureData;
}

type Answer<T> = T | JsonText<T>;

/** Registers the handler of one of our requests. `signal` aborts when the client cancels; the answer may be text already. */
export function onOwnRequest<M extends keyof Requests>(
  connection: Connection,
  log: Log,
  method: M,
  handler: (params: Requests[M]['params'], signal: AbortSignal) => Promise<Answer<Requests[M]['result']>>,
): void {
  connection.onRequest(method, (params: Requests[M]['params'] | undefined, token: CancellationToken) =>
    guarded(log, method, token, (signal) => handler(params ?? {}, signal)),
  );
}

let askedAt = -Infinity;

/** When a client asked for something last, or was answered, in milliseconds as `performance.now` counts: for work that can wait. */
export function lastAskedAt(): number {
  return askedAt;
}

/** Runs one request; throws nothing but `ResponseError`. */
export async function guarded<R>(
  log: Log,
  what: string,
  token: CancellationToken,
  run: (signal: AbortSignal) => Promise<R> | R,
): Promise<R> {
  askedAt = performance.now();
  const abort = new AbortController();
  const subscription = token.onCancellationRequested(() => abort.abort());
  if (token.isCancellationRequested) abort.abort();
  try {
    return await run(abort.signal);
  } catch (error) {
    throw responseError(log, what, error, abort.signal);
  } finally {
    subscription.dispose();
    askedAt = performance.now();
  }
}

function responseError(
  log: Log,
  what: string,
  error: unknown,
  signal: AbortSignal,
): ResponseError<FailurePayload> {
  if (error instanceof ResponseError) return error as ResponseError<FailurePayload>;
  if (signal.aborted || (error instanceof Error && error.name === 'AbortError')) {
    return new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
  }
  if (error instanceof OperationFailure) {
    log.warn(`${what}: ${error.message}`);
    const payload: FailurePayload = { code: error.code, hint: error.hint, data: error.data };
    return new ResponseError(LSPErrorCodes.RequestFailed, error.message, payload);
  }
  log.error(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return new ResponseError(
    LSPErrorCodes.RequestFailed,
    `${what} failed because of a bug; the log has the details.`,
    { code: 'bug' },
  );
}
