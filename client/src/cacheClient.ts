// Typed requests to the server. Expected failures arrive as `RequestFailure`, cancellation as `vscode.CancellationError`.
import * as vscode from 'vscode';
import type { PrepareProgress } from '../../server/src/model/cache.ts';
import type { FailureCode } from '../../server/src/model/failure.ts';
import type { FailureReport, PrepareParams, Requests } from '../../server/src/model/protocol.ts';
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

/** Percent and words of standard work-done progress. */
export interface WorkProgress {
  message?: string;
  percentage?: number;
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

/** Prepares, and reports every step and line while the request runs. */
export async function requestPrepare(
  server: Server,
  params: PrepareParams,
  token: vscode.CancellationToken,
  onStep: (step: PrepareProgress) => void,
): Promise<Requests['hpcCompose/prepare']['result']> {
  const client = await server.client();
  const { ProgressType } = await import('vscode-languageclient/node');
  const partialResultToken = `prepare-${crypto.randomUUID()}`;
  const steps = client.onProgress(new ProgressType<PrepareProgress>(), partialResultToken, onStep);
  try {
    return await createRequest(server)('hpcCompose/prepare', { ...params, partialResultToken }, token);
  } finally {
    steps.dispose();
  }
}

function translate(error: unknown, token: vscode.CancellationToken | undefined): unknown {
  if (token?.isCancellationRequested) return new vscode.CancellationError();
  const { message, data } = error as { message?: string; data?: Partial<FailureReport> };
  if (data?.code === undefined) return error;
  return new RequestFailure(message ?? '', { code: data.code, hint: data.hint ?? '', data: data.data ?? {} });
}
