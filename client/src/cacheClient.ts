// Typed requests to the server. Expected failures arrive as `RequestFailure`, cancellation as `vscode.CancellationError`.
import * as vscode from 'vscode';
import type { PrepareProgress } from '../../server/src/model/cache.ts';
import type { FailureCode } from '../../server/src/model/failure.ts';
import type { FailureReport, PruneProgress, Requests } from '../../server/src/model/protocol.ts';
import type { Server } from './server.ts';

/** The server answered with an expected failure. `message` says what happened, `hint` what to do next. */
export class RequestFailure extends Error {
  readonly code: FailureCode;
  readonly hint: string;
  override readonly name = 'RequestFailure';

  constructor(message: string, report: FailureReport) {
    super(message);
    this.code = report.code;
    this.hint = report.hint;
  }
}

export type Request = <M extends keyof Requests>(
  method: M,
  params: Requests[M]['params'],
  token?: vscode.CancellationToken,
) => Promise<Requests[M]['result']>;

/** Requests over one server. Starts it when needed. */
export function createRequest(server: Server): Request {
  return async (method, params, token) => {
    const client = await server.client();
    try {
      return await (token ? client.sendRequest(method, params, token) : client.sendRequest(method, params));
    } catch (error) {
      throw translate(error, token);
    }
  };
}

/** What a request reports while it runs. */
interface Reports {
  'hpcCompose/prepare': PrepareProgress;
  'hpcCompose/prune/apply': PruneProgress;
}

/** Sends a request and hands on everything that it reports while it runs. */
export async function requestWithReports<M extends keyof Reports>(
  server: Server,
  method: M,
  params: Requests[M]['params'],
  token: vscode.CancellationToken,
  onReport: (report: Reports[M]) => void,
): Promise<Requests[M]['result']> {
  const client = await server.client();
  const { ProgressType } = await import('./languageClient.ts');
  const partialResultToken = crypto.randomUUID();
  const reports = client.onProgress(new ProgressType<Reports[M]>(), partialResultToken, onReport);
  try {
    return await createRequest(server)(method, { ...params, partialResultToken }, token);
  } finally {
    reports.dispose();
  }
}

function translate(error: unknown, token: vscode.CancellationToken | undefined): unknown {
  if (token?.isCancellationRequested) return new vscode.CancellationError();
  const { message, data } = error as { message?: string; data?: Partial<FailureReport> };
  if (data?.code === undefined) return error;
  return new RequestFailure(message ?? '', { code: data.code, hint: data.hint ?? '', data: data.data ?? {} });
}
