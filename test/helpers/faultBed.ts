// A place for fault tests of prepare: a spec, its cache, a sentinel next to it, the built command line and the stand-in. After
// each test the invariants of the catalogue are asserted.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listCache } from '../../server/src/core/list.ts';
import type { PrepareArtifactResult, PrepareResult } from '../../server/src/model/cache.ts';
import { runCli, startCli, type CliOptions, type Ended, type Started } from './cli.ts';
import { useFolder } from './folder.ts';
import {
  assertCommittedWhole,
  assertInvariants,
  eventually,
  plantSentinel,
  type Sentinel,
} from './invariants.ts';
import { STAND_IN } from './plans.ts';
import { testPorts } from './ports.ts';

/** Three services on two images: one directly, one prepared from the same base, one prepared from another. */
export const SPEC = `name: faults
x-slurm:
  cache_dir: ./cache
services:
  api:
    image: redis:7
    command: "true"
  db:
    image: redis:7
    command: "true"
    x-runtime:
      prepare:
        commands: ["echo one", "echo two"]
  web:
    image: nginx:1
    command: "true"
    x-runtime:
      prepare:
        commands: ["echo three"]
`;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface FaultBed {
  readonly folder: () => string;
  readonly cacheDir: () => string;
  readonly log: () => string;
  readonly write: (spec: string) => void;
  readonly options: (env?: Environment, prefix?: readonly string[]) => CliOptions;
  readonly prepare: (
    env?: Environment,
    more?: readonly string[],
    prefix?: readonly string[],
  ) => Promise<Ended>;
  readonly start: (env?: Environment, more?: readonly string[], prefix?: readonly string[]) => Started;
  /** Verbs of the stand-in that were begun, in order. */
  readonly verbs: () => string[];
  /** Resolves when the stand-in has begun a verb. */
  readonly begun: (verb: string) => Promise<void>;
  /** I2, I3, I4: a plain prepare works, everything is committed, whole and listed. Gives what became of each service. */
  readonly nextPrepare: () => Promise<string[]>;
}

/** Registers hooks of the suite and gives the bed of the running test. */
export function useFaultBed(): FaultBed {
  let sentinel: Sentinel;
  // Registered before the folder's own hook, which removes everything.
  afterEach(() => assertInvariants(cacheDir(), sentinel));
  const folder = useFolder();
  const cacheDir = () => join(folder(), 'cache');
  const log = () => join(folder(), 'enroot.log');
  const write = (spec: string) => writeFileSync(join(folder(), 'compose.yaml'), spec);
  const options = (env: Environment = {}, prefix: readonly string[] = []) => ({
    cwd: folder(),
    env: { FAKE_LOG: log(), FAKE_BYTES: '4096', ...env },
    prefix,
  });
  const args = ['prepare', '--format', 'json', '--enroot-bin', STAND_IN];
  const prepare: FaultBed['prepare'] = (env, more = [], prefix) =>
    runCli([...args, ...more], options(env, prefix));
  const lines = () => (existsSync(log()) ? readFileSync(log(), 'utf8').split('\n') : []);
  const verbs = () => lines().flatMap((line) => / begin (\w+)/.exec(line)?.[1] ?? []);

  beforeEach(() => {
    sentinel = plantSentinel(folder());
    write(SPEC);
  });
  return {
    folder,
    cacheDir,
    log,
    write,
    options,
    prepare,
    start: (env, more = [], prefix) => startCli([...args, ...more], options(env, prefix)),
    verbs,
    begun: (verb) => eventually(`${verb} has begun`, () => verbs().includes(verb)),
    nextPrepare: async () => {
      const ended = await prepare({ FAKE_LOG: undefined });
      assert.equal(ended.code, 0, ended.stderr);
      const images = assertCommittedWhole(cacheDir());
      const state = await listCache(cacheDir(), testPorts());
      const listed = state.entries
        .filter((entry) => entry.state === 'ok')
        .map((entry) => entry.artifact_path);
      assert.deepEqual(listed, [...images].sort());
      return actionsOf(ended);
    },
  };
}

/** `service base runtime` of each service of a JSON result. */
export function actionsOf(ended: Ended): string[] {
  return resultOf(ended).services.map(({ service_name, base_image, runtime_image }) =>
    [service_name, base_image?.action ?? '-', runtime_image.action].join(' '),
  );
}

/** The result that was printed. */
export function resultOf(ended: Ended): PrepareResult {
  try {
    return JSON.parse(ended.stdout) as PrepareResult;
  } catch {
    assert.fail(`no result on stdout; exit ${ended.code ?? ended.signal ?? '?'}, stderr: ${ended.stderr}`);
  }
}

/** The first error of a service. */
export function errorOf(ended: Ended, service: string): NonNullable<PrepareArtifactResult['error']> {
  const found = resultOf(ended).services.find(({ service_name }) => service_name === service);
  const error = found?.base_image?.error ?? found?.runtime_image.error;
  assert.ok(error, `${service} has no error: ${ended.stdout}`);
  return error;
}

/** What a prepare says that built everything. */
export const ALL_BUILT = ['api built built', 'db reused built', 'web built built'];
/** What a prepare says that found everything. */
export const ALL_REUSED = ['api reused reused', 'db reused reused', 'web reused reused'];
