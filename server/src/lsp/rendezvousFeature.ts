// Rendezvous records of a cache in the editor: what is registered, and removing what is over.
import { listRendezvous, pruneRendezvous } from '../core/rendezvous.ts';
import { OperationFailure } from '../model/failure.ts';
import type { CacheParams } from '../model/protocol.ts';
import { onOwnRequest } from './guarded.ts';
import type { Feature, ServerContext } from './serverContext.ts';
import { planOf, requireTrust } from './specPlans.ts';

/** Registers the requests `hpcCompose/rendezvous/…`. */
export const rendezvousFeature: Feature = (context) => {
  const { connection, log, ports } = context;
  onOwnRequest(connection, log, 'hpcCompose/rendezvous/list', async (params, signal) =>
    listRendezvous(await directoryOf(context, params, signal), ports.now()),
  );
  onOwnRequest(connection, log, 'hpcCompose/rendezvous/prune', async (params, signal) => {
    const { damaged = false, jobId } = params;
    const choice = { damaged, ...(jobId === undefined ? {} : { jobId }) };
    return pruneRendezvous(await directoryOf(context, params, signal), ports.now(), choice);
  });
  return {};
};

/** The directory named, else the one that the spec uses. */
async function directoryOf(
  context: ServerContext,
  { uri, cacheDir }: CacheParams,
  signal: AbortSignal,
): Promise<string> {
  requireTrust(context);
  if (cacheDir !== undefined) return cacheDir;
  if (uri === undefined) throw new OperationFailure('usage', { cause: 'The request names no spec (uri).' });
  const { plan } = await planOf(context, uri, signal);
  return plan.cacheDir.path;
}
