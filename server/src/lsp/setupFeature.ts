// Setup and preflight in the editor: the same functions as the command line, started from the document's folder.
import path from 'node:path';
import { URI } from 'vscode-uri';
import { preflight } from '../core/preflight/preflight.ts';
import { askSrun } from '../core/preflight/slurm.ts';
import { detectTool } from '../core/toolVersion.ts';
import { preflightInput } from '../load/preflightInput.ts';
import { readSetup, writeSetup, type SetupRequest } from '../load/setup.ts';
import { OperationFailure } from '../model/failure.ts';
import type { SetupParams } from '../model/protocol.ts';
import { onOwnRequest } from './guarded.ts';
import type { Feature, ServerContext } from './serverContext.ts';
import { choicesFor, planOf, requireTrust } from './specPlans.ts';

/** Registers the requests `hpcCompose/setup/read`, `hpcCompose/setup/write` and `hpcCompose/preflight`. */
export const setupFeature: Feature = (context) => {
  const { connection, log } = context;
  onOwnRequest(connection, log, 'hpcCompose/setup/read', async (params) =>
    readSetup(await requestOf(context, params)),
  );
  onOwnRequest(connection, log, 'hpcCompose/setup/write', async (params) => {
    const result = writeSetup(await requestOf(context, params), params.change);
    context.reanalyse();
    return result;
  });
  onOwnRequest(connection, log, 'hpcCompose/preflight', async ({ uri }, signal) => {
    if (uri === undefined) throw new OperationFailure('usage', { cause: 'The request names no spec (uri).' });
    const loaded = await planOf(context, uri, signal);
    const { env, run } = loaded.ports;
    const tool = await detectTool(env, run, signal);
    const srunHelp = await askSrun(loaded.plan, { env, run }, signal);
    return preflight({ ...preflightInput(loaded, env, true), tool, srunHelp });
  });
  return {};
};

async function requestOf(context: ServerContext, { uri, profile }: SetupParams): Promise<SetupRequest> {
  requireTrust(context);
  const { ports } = await choicesFor(context, uri);
  const cwd = folderOf(uri) ?? context.folders[0];
  if (cwd === undefined) throw new OperationFailure('usage', { cause: 'Open a folder or a spec first.' });
  return { cwd, env: ports.env, ...(profile === undefined ? {} : { profile }) };
}

function folderOf(uri: string | undefined): string | undefined {
  if (uri === undefined) return undefined;
  const parsed = URI.parse(uri);
  return parsed.scheme === 'file' ? path.dirname(parsed.fsPath) : undefined;
}
