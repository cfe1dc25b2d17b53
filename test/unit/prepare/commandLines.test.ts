import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from '../../../server/src/core/prepare/prepare.ts';
import { useFolder } from '../../helpers/folder.ts';
import { planOf } from '../../helpers/plans.ts';
import { testPorts } from '../../helpers/ports.ts';
import { emptyImage, recordingTool } from '../../helpers/recorder.ts';

/** Staging and scratch names hold a pid and a clock; the rest is exact. */
const plain = (text: string, folder: string) =>
  text
    .replaceAll(folder, '')
    .replace(/hpc-compose-stage-\d+-\d{19}-\d+/g, 'STAGE')
    .replace(/hpc-compose-(\w+)-\d+-\d{19}-\d+/g, 'ROOTFS-$1')
    .replace(/hpc-compose-enroot(-data)?-\d+/g, 'SCRATCH$1')
    .replace(/[0-9a-f]{16}-/g, 'KEY-');

describe('prepare: command lines', function () {
  this.timeout(20_000);
  const folder = useFolder();
  const cacheDir = () => join(folder(), 'cache');
  const argvOf = (recorder: ReturnType<typeof recordingTool>) =>
    recorder.calls().map(({ argv }) => argv.map((word) => plain(word, folder())).join(' '));

  const block = {
    commands: ['one\ntwo', 'apt $$'],
    env: ['B=2', 'A=1'],
    mounts: ['/src:/mnt/src', '/ro:/mnt/ro:ro', '/rw:/mnt/rw:rw'],
    root: true,
  };

  it('of enroot are those of the contract, mount modes spelt so that they work', async () => {
    const recorder = recordingTool(folder());
    const services = [{ name: 'a.b', image: 'redis:7', prepare: block }];
    await prepare(planOf({ cacheDir: cacheDir(), tool: recorder.tool, services }), { jobs: 1 }, testPorts());
    const start =
      'start --root --rw --mount /src:/mnt/src --mount /ro:/mnt/ro:none:x-create=auto,bind,ro' +
      ' --mount /rw:/mnt/rw:none:x-create=auto,bind,rw --env NVIDIA_VISIBLE_DEVICES=void --env B=2 --env A=1' +
      ' ROOTFS-a_b /bin/sh -lc';
    assert.deepEqual(argvOf(recorder), [
      'import -o /cache/base/.KEY-redis-7.STAGE.sqsh docker://redis:7',
      'remove --force ROOTFS-a_b',
      'create --force --name ROOTFS-a_b /cache/base/KEY-redis-7.sqsh',
      `${start} one\ntwo`,
      `${start} apt $$`,
      'export --force --output /cache/prepared/.KEY-a_b.STAGE.sqsh ROOTFS-a_b',
      'remove --force ROOTFS-a_b',
    ]);
  });

  it("of enroot run with its paths in our places, in the caller's folder, NVIDIA's hook off", async () => {
    const recorder = recordingTool(folder());
    const services = [{ name: 'a', image: 'redis:7', prepare: { root: false } }];
    const plan = planOf({ cacheDir: cacheDir(), tool: recorder.tool, services });
    await prepare(plan, {}, testPorts({}, { KEPT: 'yes' }));
    for (const call of recorder.calls()) {
      const { ENROOT_CACHE_PATH, ENROOT_DATA_PATH, ENROOT_TEMP_PATH, NVIDIA_VISIBLE_DEVICES, KEPT } =
        call.env;
      assert.deepEqual(
        [
          ENROOT_CACHE_PATH,
          ENROOT_DATA_PATH,
          plain(ENROOT_TEMP_PATH ?? '', folder()),
          NVIDIA_VISIBLE_DEVICES,
          KEPT,
        ],
        [
          `${cacheDir()}/enroot/cache`,
          `${cacheDir()}/enroot/data`,
          '/cache/enroot/tmp/SCRATCH',
          'void',
          'yes',
        ],
      );
      assert.equal(call.cwd, process.cwd());
    }
    assert.ok(argvOf(recorder).every((line) => !line.includes('--root')));
  });

  it('of enroot leave the NVIDIA hook alone when HPC_COMPOSE_PREPARE_GPU is on', async () => {
    const recorder = recordingTool(folder());
    const services = [{ name: 'a', image: 'redis:7', prepare: {} }];
    const plan = planOf({ cacheDir: cacheDir(), tool: recorder.tool, services });
    await prepare(plan, {}, testPorts({}, { HPC_COMPOSE_PREPARE_GPU: ' Yes ' }));
    assert.ok(argvOf(recorder).every((line) => !line.includes('NVIDIA')));
    assert.ok(
      recorder.calls().every(({ env }) => env.NVIDIA_VISIBLE_DEVICES === process.env.NVIDIA_VISIBLE_DEVICES),
    );
  });

  it('of enroot unpack in the scratch folder when one is chosen, which is gone afterwards', async () => {
    const recorder = recordingTool(folder());
    const services = [{ name: 'a', image: 'redis:7', prepare: {} }];
    const enrootTempDir = '${PLACE:-/nowhere}/scratch';
    const plan = planOf({ cacheDir: cacheDir(), tool: recorder.tool, services, enrootTempDir });
    const result = await prepare(plan, {}, testPorts({}, { PLACE: folder() }));
    assert.equal(result.services[0]?.runtime_image.action, 'built');
    const [first] = recorder.calls();
    assert.equal(plain(first?.env.ENROOT_TEMP_PATH ?? '', folder()), '/scratch/SCRATCH');
    assert.equal(plain(first?.env.ENROOT_DATA_PATH ?? '', folder()), '/scratch/SCRATCH-data');
  });

  for (const backend of ['apptainer', 'singularity'] as const) {
    it(`of ${backend} are those of the contract`, async () => {
      const recorder = recordingTool(folder());
      const services = [{ name: 'a.b', image: 'redis:7', prepare: block }];
      await prepare(
        planOf({ cacheDir: cacheDir(), tool: recorder.tool, services, backend }),
        {},
        testPorts(),
      );
      const sandbox = '/cache/prepared/ROOTFS-a_b.sandbox';
      const exec =
        'exec --writable --fakeroot --bind /src:/mnt/src --bind /ro:/mnt/ro:ro --bind /rw:/mnt/rw:rw' +
        ` --env B=2 --env A=1 ${sandbox} /bin/sh -lc`;
      assert.deepEqual(argvOf(recorder), [
        'build --force /cache/base/.KEY-redis-7.STAGE.sif docker://redis:7',
        `build --force --sandbox --fakeroot ${sandbox} /cache/base/KEY-redis-7.sif`,
        `${exec} one\ntwo`,
        `${exec} apt $$`,
        `build --force --fakeroot /cache/prepared/.KEY-a_b.STAGE.sif ${sandbox}`,
      ]);
      assert.ok(recorder.calls().every(({ env }) => env.ENROOT_CACHE_PATH === process.env.ENROOT_CACHE_PATH));
    });
  }

  it('of apptainer leave --fakeroot out when root is false', async () => {
    const recorder = recordingTool(folder());
    const services = [{ name: 'a', image: 'redis:7', prepare: { root: false } }];
    const plan = planOf({ cacheDir: cacheDir(), tool: recorder.tool, services, backend: 'apptainer' });
    await prepare(plan, {}, testPorts());
    assert.equal(argvOf(recorder).length, 4);
    assert.ok(argvOf(recorder).every((line) => !line.includes('--fakeroot')));
  });

  it('take a local image as the source of a prepared one, and import nothing', async () => {
    const recorder = recordingTool(folder());
    mkdirSync(join(folder(), 'images'));
    const image = join(folder(), 'images/local.sqsh');
    writeFileSync(image, emptyImage());
    const services = [
      { name: 'direct', image },
      { name: 'prepared', image, prepare: {} },
    ];
    const result = await prepare(
      planOf({ cacheDir: cacheDir(), tool: recorder.tool, services }),
      {},
      testPorts(),
    );
    assert.deepEqual(
      result.services.map(({ base_image, runtime_image: { path, action } }) => [
        base_image,
        path === image,
        action,
      ]),
      [
        [null, true, 'present'],
        [null, false, 'built'],
      ],
    );
    assert.equal(argvOf(recorder)[1], 'create --force --name ROOTFS-prepared /images/local.sqsh');
  });
});
