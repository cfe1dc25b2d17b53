// Recorded facts of hpc-compose about keys, paths and cache directories: every line must hold exactly.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nodeLocalRootOf } from '../../../server/src/spec/grammar/localPath.ts';
import { loadPlan, loadSettings, type LoadedPlan } from '../../../server/src/load/loadPlan.ts';
import { settingsCacheDir } from '../../../server/src/plan/cacheDir.ts';
import type { ServicePlan } from '../../../server/src/model/plan.ts';
import { useFolder } from '../../helpers/folder.ts';
import { atRoot, layFiles, type FileTree } from '../../helpers/layFiles.ts';
import { needShared, sharedRecords } from '../../helpers/shared.ts';
import { snapshotSource } from '../../../server/src/load/sourceSnapshot.ts';

interface ServiceRecord {
  service: string;
  source_type: 'remote' | 'local_sqsh' | 'local_sif' | 'host';
  source: string;
  registry: string | null;
  base_path: string | null;
  base_key: string | null;
  base_preimage: string[] | null;
  runtime_path: string;
  prepared_key: string | null;
  prepared_preimage: string[] | null;
  prepare: {
    commands: string[];
    mounts: string[];
    env: [string, string][];
    root: boolean;
    force_rebuild: boolean;
  } | null;
}

interface CacheVector extends FileTree {
  id: string;
  note: string;
  env: Record<string, string>;
  cwd_note: string;
  argv: string[];
  setup_note?: string;
  expect: {
    error?: { exit_code: number };
    cache_dir?: string;
    backend?: string;
    services?: ServiceRecord[];
    staged_inputs?: Record<string, unknown>[];
    source_snapshot?: { content_hash: string; cache_key: string; dir: string; files: string[] };
  };
}

interface DirectoryVector extends FileTree {
  id: string;
  note: string;
  env: Record<string, string | null>;
  global_flags: string[];
  cwd: string;
  compose_arg: string;
  expect: {
    plan?: { exit_code: number };
    plan_cache_dir?: string;
    cache_list_dir?: string;
    prune_age_dir?: string;
    policy_unsafe?: boolean;
    context?: { cache_dir: { value: string; source: string } };
  };
}

const CACHE = 'conformance/cache-vectors.jsonl';
const DIRECTORIES = 'conformance/cache-dir-vectors.jsonl';

const SOURCE_TYPES: Readonly<Record<ServiceRecord['source_type'], ServicePlan['source']['kind']>> = {
  remote: 'remote',
  local_sqsh: 'local-sqsh',
  local_sif: 'local-sif',
  host: 'host',
};

describe('recorded cache keys', () => {
  before(function () {
    needShared(this, CACHE);
  });
  const folder = useFolder();
  for (const vector of sharedRecords<CacheVector>(CACHE)) {
    it(`${vector.id}: ${vector.note}`, async () => {
      const root = folder();
      layFiles(root, vector);
      if (vector.expect.source_snapshot) {
        await checkSnapshot(vector, root);
        return;
      }
      const file = vector.argv.includes('-f') ? vector.argv[vector.argv.indexOf('-f') + 1] : undefined;
      const loading = loadPlan({
        cwd: atRoot(vector.cwd_note.replace(/^run in /, ''), root),
        env: atRoot(vector.env, root),
        ...(file === undefined ? {} : { specPath: file }),
      });
      if (vector.expect.error) {
        await assert.rejects(loading, { code: vector.expect.error.exit_code === 2 ? 'spec-invalid' : /./ });
        return;
      }
      checkPlan(await loading, atRoot(vector.expect, root));
    });
  }
});

function checkPlan({ plan }: LoadedPlan, expected: CacheVector['expect']): void {
  assert.equal(plan.cacheDir.path, expected.cache_dir);
  assert.equal(plan.backend, expected.backend);
  const records = expected.services ?? [];
  assert.deepEqual(
    plan.services.map(({ name }) => name),
    records.map(({ service }) => service),
  );
  for (const [index, service] of plan.services.entries()) checkService(service, records[index]!);
  if (expected.staged_inputs) {
    for (const [index, staged] of expected.staged_inputs.entries()) {
      const ours = plan.stagedInputs[index];
      assert.ok(ours, 'a staged input is missing');
      for (const value of Object.values(staged)) {
        const known = [ours.kind, ours.key, ours.path, ours.uri, ours.revision, 'datasets', 'models'];
        if (typeof value === 'string' && /^(hf:|[0-9a-f]{16}$|\/)/.test(value))
          assert.ok(
            known.includes(value) || ours.path.endsWith(value),
            `${value} in ${JSON.stringify(ours)}`,
          );
      }
    }
  }
}

function checkService(service: ServicePlan, record: ServiceRecord): void {
  assert.equal(service.source.kind, SOURCE_TYPES[record.source_type]);
  assert.equal(service.sourceImage, record.source);
  assert.equal(service.source.kind === 'remote' ? service.source.registry : null, record.registry);
  assert.equal(service.base?.key ?? null, record.base_key);
  assert.equal(service.base?.path ?? null, record.base_path);
  const preparedKey = record.prepared_preimage && digestOf(record.prepared_preimage);
  assert.equal(service.prepared?.key ?? null, preparedKey);
  const recorded = record.prepared_key?.slice(0, 16) ?? '';
  const runtimePath = record.runtime_path.replace(recorded, preparedKey?.slice(0, 16) ?? '');
  assert.equal(service.runtimePath, runtimePath);
  if (!record.prepare) {
    assert.equal(service.prepare, undefined);
    return;
  }
  const { forceRebuild, ...prepare } = service.prepare!;
  assert.deepEqual(
    { ...prepare, force_rebuild: forceRebuild },
    { ...record.prepare, env: record.prepare.env.map((pair) => pair.join('=')) },
  );
}

function digestOf(parts: readonly string[]): string {
  return createHash('sha256')
    .update(parts.map((part) => `${part}\0`).join(''))
    .digest('hex');
}

async function checkSnapshot(vector: CacheVector, root: string): Promise<void> {
  const repository = join(root, 'repo');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: repository,
      env: { PATH: process.env.PATH, HOME: join(root, 'home') },
    });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-q', '-m', 'first');
  if (vector.setup_note?.includes('delete gone')) rmSync(join(repository, 'gone'));
  const expected = atRoot(vector.expect.source_snapshot!, root);
  const env = { PATH: process.env.PATH, HOME: join(root, 'home') };
  const snapshot = await snapshotSource(repository, `${root}/cache`, { env });
  assert.deepEqual(snapshot.files, expected.files);
  assert.equal(snapshot.contentHash, expected.content_hash);
  assert.equal(snapshot.input.key, expected.cache_key);
  assert.equal(snapshot.input.path, expected.dir);
}

describe('recorded cache directories', () => {
  before(function () {
    needShared(this, DIRECTORIES);
  });
  const folder = useFolder();
  for (const vector of sharedRecords<DirectoryVector>(DIRECTORIES)) {
    it(`${vector.id}: ${vector.note}`, async () => {
      const root = realpathSync(folder());
      layFiles(root, vector);
      const env = Object.fromEntries(
        Object.entries(atRoot(vector.env, root)).map(([name, value]) => [name, value ?? undefined]),
      );
      const options = { cwd: atRoot(vector.cwd, root), env, ...flagsOf(vector.global_flags) };
      const expected = atRoot(vector.expect, root);
      if (expected.plan) {
        assert.throws(() => loadSettings(options), { code: 'settings-invalid' });
        await assert.rejects(loadPlan({ ...options, specPath: vector.compose_arg }), {
          code: 'settings-invalid',
        });
        return;
      }
      const { plan } = await loadPlan({ ...options, specPath: vector.compose_arg });
      assert.equal(plan.cacheDir.path, expected.plan_cache_dir);
      assert.equal(plan.cacheDir.path, expected.prune_age_dir);
      assert.equal(settingsCacheDir(loadSettings(options), env.HOME).path, expected.cache_list_dir);
      assert.equal(nodeLocalRootOf(plan.cacheDir.path) !== undefined, expected.policy_unsafe);
      const { source } = plan.cacheDir;
      assert.equal(source === 'spec' ? 'compose' : source, expected.context?.cache_dir.source);
    });
  }
});

function flagsOf(flags: readonly string[]): { profile?: string; settingsFile?: string } {
  const [flag, value = ''] = flags;
  if (flag === '--profile') return { profile: value };
  return flag === '--settings-file' ? { settingsFile: value } : {};
}
