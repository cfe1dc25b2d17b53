// Our own vectors, written from the cache contract: each line spells the preimages out, and the hash is taken here again.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadPlan } from '../../../server/src/load/loadPlan.ts';
import { useFolder } from '../../helpers/folder.ts';
import { atRoot, layFiles } from '../../helpers/layFiles.ts';

interface Artifact {
  preimage: string[];
  ext: string;
}

interface Vector {
  title: string;
  spec: string;
  files?: Record<string, string>;
  env?: Record<string, string>;
  cache_dir: string;
  services: {
    name: string;
    source: string;
    registry?: string;
    base?: Artifact & { label: string };
    prepared?: Artifact & { token: string };
    runtime?: string;
  }[];
  staged?: { preimage: string[]; segment: string }[];
}

const lines = readFileSync(join(import.meta.dirname, 'keys.jsonl'), 'utf8')
  .trimEnd()
  .split('\n');

describe('keys, names and order of a plan', () => {
  const folder = useFolder();
  for (const line of lines) {
    const vector = JSON.parse(line) as Vector;
    it(vector.title, async () => {
      const root = folder();
      layFiles(root, { files: { ...vector.files, 'compose.yaml': vector.spec } });
      const expected = atRoot(vector, root);
      const env = { HOME: join(root, 'home'), ...vector.env };
      const { plan } = await loadPlan({ cwd: root, env });
      assert.equal(plan.cacheDir.path, expected.cache_dir);
      const seen = plan.services.map(({ name, sourceImage, runtimePath }) => [
        name,
        sourceImage,
        runtimePath,
      ]);
      assert.deepEqual(
        seen,
        expected.services.map((service) => [
          service.name,
          service.source,
          runtimeOf(service, expected.cache_dir),
        ]),
      );
      for (const [index, service] of expected.services.entries()) {
        const ours = plan.services[index]!;
        assert.equal(ours.base?.key, service.base && digestOf(service.base.preimage));
        assert.equal(ours.prepared?.key, service.prepared && digestOf(service.prepared.preimage));
        if (service.registry && ours.source.kind === 'remote')
          assert.equal(ours.source.registry, service.registry);
      }
      assert.deepEqual(
        plan.stagedInputs.map(({ path }) => path),
        (expected.staged ?? []).map(
          ({ preimage, segment }) => `${expected.cache_dir}/${segment}/${digestOf(preimage).slice(0, 16)}`,
        ),
      );
    });
  }
});

function runtimeOf({ base, prepared, runtime }: Vector['services'][number], cache: string): string {
  if (prepared) return `${cache}/prepared/${nameOf(prepared, prepared.token)}`;
  return base ? `${cache}/base/${nameOf(base, base.label)}` : (runtime ?? '');
}

function nameOf({ preimage, ext }: Artifact, label: string): string {
  return `${digestOf(preimage).slice(0, 16)}-${label}.${ext}`;
}

function digestOf(parts: readonly string[]): string {
  return createHash('sha256')
    .update(parts.map((part) => `${part}\0`).join(''))
    .digest('hex');
}
