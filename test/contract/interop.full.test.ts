// One cache, two tools: whatever hpc-compose prepares is a hit here, and the other way round, also while both run at once.
// Needs hpc-compose on PATH. With a real enroot on PATH, and HPC_COMPOSE_TEST_IMAGE naming an image that it may pull, that one
// is used too; else the stand-in builds for both.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PrepareResult } from '../../server/src/model/cache.ts';
import { runCli, runProgram, type Ended } from '../helpers/cli.ts';
import { useFolder } from '../helpers/folder.ts';
import { assertCommittedWhole, leftovers } from '../helpers/invariants.ts';
import { onPath } from '../helpers/onPath.ts';
import { STAND_IN } from '../helpers/plans.ts';
import { skipBecause } from '../helpers/skip.ts';

interface Tools {
  readonly title: string;
  readonly missing: string | undefined;
  readonly enroot: string;
  readonly image: string;
}

const image = process.env.HPC_COMPOSE_TEST_IMAGE;
const peerMissing = onPath('hpc-compose') ? undefined : 'hpc-compose is not on PATH';
const enrootMissing = !onPath('enroot')
  ? 'enroot is not on PATH'
  : image === undefined
    ? 'HPC_COMPOSE_TEST_IMAGE names no image to pull'
    : undefined;
const TOOLS: readonly Tools[] = [
  { title: 'the stand-in', missing: peerMissing, enroot: STAND_IN, image: 'redis:7' },
  { title: 'a real enroot', missing: peerMissing ?? enrootMissing, enroot: 'enroot', image: image ?? '' },
];

const specOf = (ref: string, mount: string) => `name: interop
x-slurm:
  cache_dir: ./cache
services:
  plain:
    image: ${ref}
    command: "true"
  café:
    image: ${ref}
    command: "true"
  prepared:
    image: ${ref}
    command: "true"
    x-runtime:
      prepare:
        commands: ["echo one > /one", "printf '%s\\n' \\"two $X\\" > /two"]
        env: { X: "1", DB_PASSWORD: "sesame \\"open\\"" }
  rootless:
    image: ${ref}
    command: "true"
    x-runtime:
      prepare:
        root: false
        commands: ["echo three > /tmp/three\\necho four"]
  mounted:
    image: ${ref}
    command: "true"
    x-runtime:
      prepare:
        commands: ["true"]
        mounts: ["${mount}:/tmp"]
`;

for (const tools of TOOLS) {
  describe(`hpc-compose and we on one cache, with ${tools.title}`, function () {
    this.timeout(300_000);
    const folder = useFolder();
    const cacheDir = () => join(folder(), 'cache');
    const flags = ['prepare', '--format', 'json', '--enroot-bin', tools.enroot];
    const log = () => join(folder(), 'enroot.log');
    const options = () => ({ cwd: folder(), env: { FAKE_LOG: log(), HPC_COMPOSE_PREPARE_GPU: undefined } });
    const ours = () => runCli([...flags, '--jobs', '3'], options());
    const theirs = () => runProgram(['hpc-compose', ...flags], options());

    before(function () {
      if (tools.missing !== undefined) skipBecause(this, tools.missing);
    });

    beforeEach(() => {
      mkdirSync(join(folder(), 'data'));
      writeFileSync(join(folder(), 'compose.yaml'), specOf(tools.image, join(folder(), 'data')));
    });

    function actions(ended: Ended): Record<string, string> {
      assert.equal(ended.code, 0, ended.stderr);
      const { services } = JSON.parse(ended.stdout) as PrepareResult;
      return Object.fromEntries(
        services.map((service) => [service.service_name, service.runtime_image.action]),
      );
    }

    /** Manifests by name, without what may differ: times. */
    function manifests(): Record<string, string> {
      const images = assertCommittedWhole(cacheDir());
      return Object.fromEntries(
        images.map((path) => {
          const text = readFileSync(`${path}.json`, 'utf8');
          return [path, text.replace(/"(created_at|last_used_at)": \d+/g, '"$1": T')];
        }),
      );
    }

    const REUSED = {
      plain: 'reused',
      café: 'reused',
      prepared: 'reused',
      rootless: 'reused',
      mounted: 'built',
    };

    it('reuses what hpc-compose prepared', async () => {
      await theirs();
      const before = manifests();
      assert.deepEqual(actions(await ours()), REUSED);
      assert.deepEqual(manifests(), before);
    });

    it('prepares what hpc-compose reuses', async () => {
      await ours();
      const before = manifests();
      assert.deepEqual(actions(await theirs()), REUSED);
      assert.deepEqual(manifests(), before);
    });

    it('writes the same manifests, byte for byte but for times, and gives the same result', async () => {
      const first = await theirs();
      const before = manifests();
      rmSync(cacheDir(), { recursive: true });
      const second = await ours();
      assert.deepEqual(manifests(), before);
      assert.deepEqual(actions(second), actions(first));
      assert.equal(Object.keys(before).length, 4);
    });

    it('F57 both at once: one import in total, everything committed once, nothing left behind by us', async () => {
      const rounds = await Promise.all([ours(), theirs(), ours(), theirs()]);
      for (const ended of rounds) actions(ended);
      if (existsSync(log())) {
        const imports = readFileSync(log(), 'utf8')
          .split('\n')
          .filter((line) => line.includes(' begin import '));
        assert.equal(imports.length, 1);
      }
      assert.deepEqual(actions(await theirs()), REUSED);
      assert.deepEqual(actions(await ours()), REUSED);
      // hpc-compose never removes its scratch folders.
      assert.deepEqual(
        leftovers(cacheDir()).filter((path) => !/hpc-compose-enroot-\d+$/.test(path)),
        [],
      );
    });

    it('are listed alike', async () => {
      await ours();
      const listed = execFileSync('hpc-compose', [
        'cache',
        'list',
        '--format',
        'json',
        '--cache-dir',
        cacheDir(),
      ]);
      const paths = (JSON.parse(listed.toString()) as { artifact_path: string }[]).map(
        (entry) => entry.artifact_path,
      );
      assert.deepEqual(paths, Object.keys(manifests()).sort());
    });
  });
}
