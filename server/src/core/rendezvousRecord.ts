// The record of one registration: built from a request, read strictly, written so that the job's line-based reader finds every key.
import { compareBytes } from '../model/byteOrder.ts';
import { OperationFailure } from '../model/failure.ts';
import type { RendezvousRecord } from '../model/rendezvous.ts';

export interface RegisterRequest {
  readonly name: string;
  readonly jobId: string;
  readonly service?: string;
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  readonly path?: string;
  readonly ttlSeconds: number;
}

/** A new record. Throws 'rendezvous-invalid' naming the first value that cannot be used. */
export function buildRecord(cacheDir: string, request: RegisterRequest, now: number): RendezvousRecord {
  const problem = requestProblem(request);
  if (problem !== undefined) throw new OperationFailure('rendezvous-invalid', { cause: problem });
  const { name, jobId, service, host, port, protocol } = request;
  const path = request.path === '' ? undefined : request.path;
  return {
    schema_version: 1,
    name,
    job_id: jobId,
    service: service ?? null,
    host,
    port,
    protocol,
    path: path ?? null,
    url: `${protocol}://${host}:${port}${path ?? ''}`,
    registered_at: now,
    ttl_seconds: request.ttlSeconds,
    cache_dir: cacheDir,
    metadata: {},
  };
}

/** What is wrong with a rendezvous name, or undefined. */
export function nameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'the name is empty';
  if (name === '.' || name === '..') return `the name cannot be '${name}'`;
  return /^[A-Za-z0-9._-]+$/.test(name)
    ? undefined
    : `the name '${name}' may hold only ASCII letters, digits, '.', '_' and '-'`;
}

/** File name of the lasting copy: job and service with every other character as `_`. */
export function recordFileName({ job_id, service }: RendezvousRecord): string {
  return `${token(job_id)}-${service === null ? 'manual' : token(service)}.json`;
}

/** Exactly the bytes that hpc-compose writes: one key a line, metadata last, no final newline. */
export function recordText(record: RendezvousRecord): string {
  return JSON.stringify(record, null, 2);
}

/** True from the moment its time to live is over; a stamp of the future counts as now. */
export function isExpired(record: RendezvousRecord, now: number): boolean {
  return Math.max(0, now - record.registered_at) >= record.ttl_seconds;
}

/** Reads a record; a text result is what is wrong with it. Unknown keys are ignored, the schema version is not checked. */
export function readRecord(text: string): RendezvousRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text === '' ? 'it is empty' : 'it is no valid JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no JSON object';
  const fields = value as Record<string, unknown>;
  const wrong = Object.entries(CHECKS).find(([key, check]) => !check(fields[key]));
  const fraction = FRACTION.exec(text)?.[1];
  if (fraction !== undefined) return `'${fraction}' is malformed`;
  if (wrong)
    return fields[wrong[0]] === undefined ? `'${wrong[0]}' is missing` : `'${wrong[0]}' is malformed`;
  return orderedRecord(fields);
}

/** hpc-compose reads whole numbers only where they are written as such: no fraction, exponent or minus. */
const FRACTION = /"(schema_version|port|registered_at|ttl_seconds)"\s*:\s*(?:-|\d+[.eE])/;

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isOptionalText: Check = (value) => value === undefined || value === null || isText(value);
const isInteger =
  (limit: number): Check =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= limit;

const CHECKS: Readonly<Record<string, Check>> = {
  schema_version: isInteger(0xffff_ffff),
  name: isText,
  job_id: isText,
  service: isOptionalText,
  host: isText,
  port: isInteger(0xffff),
  protocol: isText,
  path: isOptionalText,
  url: isText,
  registered_at: isInteger(Number.MAX_SAFE_INTEGER),
  ttl_seconds: isInteger(2 ** 64),
  cache_dir: isText,
  metadata: (value) =>
    value === undefined ||
    (typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every(isText)),
};

function orderedRecord(fields: Record<string, unknown>): RendezvousRecord {
  const entries = Object.keys(CHECKS).map((key) => [key, fields[key] ?? null] as const);
  const metadata = Object.entries(fields.metadata ?? {}).sort(([a], [b]) => compareBytes(a, b));
  return { ...Object.fromEntries(entries), metadata: Object.fromEntries(metadata) } as RendezvousRecord;
}

function requestProblem(request: RegisterRequest): string | undefined {
  const { jobId, host, port, protocol, path, ttlSeconds } = request;
  const problem = nameProblem(request.name);
  if (problem !== undefined) return problem;
  if (jobId.trim() === '') return 'the job id is empty';
  if (host.trim() === '') return 'the host is empty';
  if (!Number.isInteger(port) || port < 1 || port > 0xffff) return 'the port must be 1 to 65535';
  if (protocol.trim() === '') return 'the protocol is empty';
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1)
    return 'the time to live must be at least 1 second';
  if (path !== undefined && path !== '' && !path.startsWith('/')) return "the path must start with '/'";
  return undefined;
}

function token(text: string): string {
  return text.replace(/[^A-Za-z0-9_.-]/gu, '_');
}
