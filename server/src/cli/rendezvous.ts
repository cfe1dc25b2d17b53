// rendezvous register, resolve, list, prune: texts and JSON of the cache contract, section 8.
import type { RendezvousRecord } from '../model/rendezvous.ts';
import {
  listRendezvous,
  liveRecords,
  pruneRendezvous,
  registerRendezvous,
  resolveRendezvous,
} from '../core/rendezvous.ts';
import { formatOf, lastValue, UsageError, type Arguments, type CommandContext } from './command.ts';
import { cacheDirFlag } from './settingsFlags.ts';
import { wholeNumber } from './wholeNumber.ts';

/** The largest number that is written to a record as it was given. */
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

type Run = (context: CommandContext, args: Arguments) => Promise<number>;

export const runRegister: Run = async (context, args) => {
  const format = formatOf(args);
  const jobId = lastValue(args, 'job-id') ?? context.env.SLURM_JOB_ID;
  if (jobId === undefined) throw new UsageError('rendezvous register requires --job-id outside a Slurm job');
  const service = lastValue(args, 'service');
  const path = lastValue(args, 'path');
  const request = {
    name: nameOf(args),
    jobId,
    host: required(args, 'host'),
    port: wholeNumber('port', required(args, 'port'), 0xffffn),
    protocol: lastValue(args, 'protocol') ?? 'http',
    ttlSeconds: wholeNumber('ttl-seconds', lastValue(args, 'ttl-seconds') ?? '3600', SAFE_MAX),
    ...(service === undefined ? {} : { service }),
    ...(path === undefined ? {} : { path }),
  };
  const cacheDir = cacheDirFlag(context, args);
  const { record, file } = registerRendezvous(cacheDir, request, nowSeconds());
  const json = { schema_version: 1, cache_dir: cacheDir, record_path: file, record };
  const text = [
    `registered rendezvous: ${record.name}`,
    `url: ${record.url}`,
    `job id: ${record.job_id}`,
    `record: ${file}`,
  ];
  return await print(context, format, json, text);
};

export const runResolve: Run = async (context, args) => {
  const format = formatOf(args);
  const now = nowSeconds();
  const record = resolveRendezvous(cacheDirFlag(context, args), nameOf(args), now);
  const age = Math.max(0, now - record.registered_at);
  const text = [
    `name: ${record.name}`,
    `url: ${record.url}`,
    `host: ${record.host}`,
    `port: ${record.port}`,
    `job id: ${record.job_id}`,
    ...(record.service === null ? [] : [`service: ${record.service}`]),
    `expires in: ${Math.max(0, record.ttl_seconds - age)}s`,
  ];
  return await print(context, format, record, text);
};

export const runList: Run = async (context, args) => {
  const format = formatOf(args);
  const cacheDir = cacheDirFlag(context, args);
  const state = listRendezvous(cacheDir, nowSeconds());
  for (const { file, problem } of state.entries.filter((entry) => entry.state === 'damaged')) {
    context.say(
      `damaged rendezvous record ${file}: ${problem ?? ''} (rendezvous prune --damaged removes it)`,
    );
  }
  for (const { name, record } of state.entries.filter(
    (entry) => entry.latest && entry.state === 'elsewhere',
  )) {
    context.say(
      `hidden: '${name}' was registered for ${record?.cache_dir ?? ''}, another spelling of the cache`,
    );
  }
  const records = liveRecords(state);
  const none = `no live rendezvous records found under ${cacheDir}/rendezvous`;
  return await print(context, format, records, records.length === 0 ? [none] : records.map(listLine));
};

export const runPrune: Run = async (context, args) => {
  const format = formatOf(args);
  const jobId = lastValue(args, 'job-id');
  const damaged = args.switches.has('damaged');
  const choice = { damaged, ...(jobId === undefined ? {} : { jobId }) };
  const result = pruneRendezvous(cacheDirFlag(context, args), nowSeconds(), choice);
  for (const { path, code } of result.failed) context.log.error(`could not remove ${path}: ${code}`);
  const text = [
    `removed ${result.removed.length} rendezvous record(s)`,
    ...result.removed.map((file) => `  ${file}`),
  ];
  const { failed, ...asPeer } = result;
  const printed = await print(context, format, failed.length === 0 ? asPeer : result, text);
  return result.failed.length > 0 ? 1 : printed;
};

function listLine({ name, url, job_id }: RendezvousRecord): string {
  return `${name} ${url} job=${job_id}`;
}

async function print(
  context: CommandContext,
  format: 'text' | 'json',
  json: unknown,
  lines: readonly string[],
): Promise<number> {
  await context.out(format === 'json' ? `${JSON.stringify(json, null, 2)}\n` : `${lines.join('\n')}\n`);
  return 0;
}

function nameOf({ positionals }: Arguments): string {
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError('one NAME is needed');
  return name;
}

function required(args: Arguments, flag: string): string {
  const value = lastValue(args, flag);
  if (value === undefined) throw new UsageError(`--${flag} is needed`);
  return value;
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
