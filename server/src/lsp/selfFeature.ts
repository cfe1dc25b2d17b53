// What the server says of itself, and which documents people declare to be specs.
import { onOwnRequest } from './guarded.ts';
import type { Feature } from './serverContext.ts';

/** Registers the requests `hpcCompose/treatAsSpec` and `hpcCompose/footprint`. */
export const selfFeature: Feature = (context) => {
  const { connection, log, documents } = context;
  onOwnRequest(connection, log, 'hpcCompose/treatAsSpec', ({ uri }) => {
    documents.treatAsSpec(uri);
    return Promise.resolve(null);
  });
  onOwnRequest(connection, log, 'hpcCompose/footprint', () => {
    const { user, system } = process.cpuUsage();
    return Promise.resolve({
      pid: process.pid,
      uptime_seconds: process.uptime(),
      cpu_seconds: (user + system) / 1e6,
      rss_bytes: process.memoryUsage.rss(),
      max_rss_bytes: process.resourceUsage().maxRSS * 1024,
      specs: documents.allSpecs().length,
    });
  });
  return {};
};
