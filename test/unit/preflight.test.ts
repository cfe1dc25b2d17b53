import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { mountOf } from '../../server/src/core/preflight/mountInfo.ts';
import { reachOf } from '../../server/src/model/fileSystemTypes.ts';
import type { PreflightInput } from '../../server/src/core/preflight/check.ts';
import { preflight } from '../../server/src/core/preflight/preflight.ts';
import { loadPlan } from '../../server/src/load/loadPlan.ts';
import { preflightInput } from '../../server/src/load/preflightInput.ts';
import type { PreflightReport } from '../../server/src/model/preflight.ts';
import { runCli } from '../helpers/cli.ts';
import { useFolder } from '../helpers/folder.ts';
import { skipBecause } from '../helpers/skip.ts';

describe('preflight', () => {
  const folder = useFolder();

  async function check(
    spec: string,
    env: Record<string, string> = {},
    about: Partial<PreflightInput> = {},
  ): Promise<PreflightReport> {
    writeFileSync(join(folder(), 'compose.yaml'), spec);
    const all = { HOME: join(folder(), 'home'), PATH: join(folder(), 'bin'), ...env };
    const loaded = await loadPlan({ cwd: folder(), env: all });
    // Test folders lie below a node-local root themselves: only one root counts here.
    const root = join(folder(), 'node-local');
    const nodeLocalRootOf = (path: string) =>
      path === root || path.startsWith(`${root}/`) ? root : undefined;
    return preflight({ ...preflightInput(loaded, all, false), nodeLocalRootOf, ...about });
  }

  const messages = (items: readonly { message: string }[]) => items.map(({ message }) => message).join('\n');
  const service = (rest = '') => `services: {app: {image: "reg.example/a:1", command: x${rest}}}\n`;

  it('finds the program of the backend, and needs none on the host', async () => {
    assert.match(messages((await check(service())).blockers), /required binary 'enroot' was not found/);
    mkdirSync(join(folder(), 'bin'));
    writeFileSync(join(folder(), 'bin/enroot'), '#!/bin/sh\n');
    chmodSync(join(folder(), 'bin/enroot'), 0o755);
    assert.match(messages((await check(service())).passed_checks), /enroot is available: .*bin\/enroot/);
    const host = await check('runtime: {backend: host}\nservices: {app: {command: x}}\n');
    assert.match(messages(host.passed_checks), /no container program/);
  });

  it('blocks a cache directory below a node-local root and warns of a link that leads there', async () => {
    const direct = await check(`x-slurm: {cache_dir: ./node-local/c}\n${service()}`);
    assert.match(messages(direct.blockers), /node-local\/c lies below .*node-local/);
    symlinkSync('node-local', join(folder(), 'link'));
    const linked = await check(`x-slurm: {cache_dir: ./link/c}\n${service()}`);
    assert.doesNotMatch(messages(linked.blockers), /lies below/);
    assert.match(messages(linked.actionable_warnings), /leads through a link to .*node-local\/c/);
    assert.equal(linked.evidence.real_path, join(folder(), 'node-local/c'));
  });

  it('tells a default below HOME from a choice', async () => {
    assert.match(messages((await check(service())).actionable_warnings), /defaults under HOME/);
    const chosen = await check(`x-slurm: {cache_dir: "~/c"}\n${service()}`);
    assert.match(messages(chosen.actionable_warnings), /resolves under HOME/);
  });

  it('makes the cache directory, leaves no probe, and names what hinders it', async () => {
    await check(`x-slurm: {cache_dir: ./cache}\n${service()}`);
    assert.deepEqual(readdirSync(join(folder(), 'cache')), []);
    writeFileSync(join(folder(), 'file'), '');
    const blocked = await check(`x-slurm: {cache_dir: ./file/cache}\n${service()}`);
    assert.match(messages(blocked.blockers), /cannot be made: .*ENOTDIR/);
  });

  it('names a cache directory that cannot be written', async function () {
    if (process.getuid?.() === 0) skipBecause(this, 'root may write everywhere');
    mkdirSync(join(folder(), 'cache'), { mode: 0o555 });
    const locked = await check(`x-slurm: {cache_dir: ./cache}\n${service()}`);
    assert.match(messages(locked.blockers), /not writable: .*EACCES/);
  });

  it('looks for local images, volumes and prepare mounts', async () => {
    mkdirSync(join(folder(), 'there'));
    const report = await check(
      'services:\n  app:\n    image: ./a.sqsh\n    command: x\n    volumes: ["./there:/t", "./gone:/g"]\n' +
        '    x-runtime: {prepare: {commands: [c], mounts: ["./m:/m:ro"]}}\n',
    );
    const blockers = messages(report.blockers);
    assert.match(blockers, /local image of service 'app' does not exist: .*a\.sqsh/);
    assert.match(blockers, /volume of service 'app' is missing: .*\/gone$/m);
    assert.match(blockers, /prepare mount of service 'app' is missing: .*\/m$/m);
    assert.match(messages(report.passed_checks), /volume of service 'app' is present: .*there/);
    assert.ok(report.blockers.every(({ remediation }) => remediation !== null));
  });

  it('looks credentials up by the bare host', async () => {
    const config = join(folder(), 'enroot');
    mkdirSync(config);
    writeFileSync(
      join(config, '.credentials'),
      'machine reg.example login u password p\nmachine nvcr.io login x\n',
    );
    const images = ['user@reg.example#a', 'reg.example:5000/a', 'nvcr.io/a/b', 'redis', 'quay.io/a'];
    const services = images.map((image, index) => `  s${index}: {image: "${image}", command: x}\n`).join('');
    const report = await check(`services:\n${services}`, { ENROOT_CONFIG_PATH: config });
    const found = messages(report.passed_checks);
    assert.match(found, /reg\.example found for service 's0'/);
    assert.match(found, /reg\.example found for service 's1'/);
    const missing = messages(report.actionable_warnings);
    assert.match(missing, /NGC credentials are incomplete for service 's2'/);
    assert.match(missing, /Docker Hub credentials for service 's3'/);
    assert.match(missing, /'quay\.io' \(service 's4'\)/);
  });

  it('checks runtime_root by the same policy', async () => {
    const report = await check(`x-slurm: {runtime_root: ./node-local/r}\n${service()}`);
    assert.match(messages(report.blockers), /runtime root .*node-local\/r lies below/);
  });

  describe('asked to probe by a job', () => {
    const program = (name: string, script: string) => {
      mkdirSync(join(folder(), 'bin'), { recursive: true });
      writeFileSync(join(folder(), 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    };
    const probe = async (env: Record<string, string> = {}) => {
      writeFileSync(
        join(folder(), 'compose.yaml'),
        `x-slurm: {cache_dir: ./cache, runtime_root: ./run}\n${service()}`,
      );
      const PATH = `${join(folder(), 'bin')}:${process.env.PATH ?? ''}`;
      const ended = await runCli(['preflight', '--fs-probes', '--format', 'json'], {
        cwd: folder(),
        env: { PATH, HOME: folder(), ...env },
      });
      return JSON.parse(ended.stdout) as PreflightReport;
    };
    // The job gets its arguments after its script, as from sbatch.
    const RUN = 'while [ "${1#-}" != "$1" ]; do shift; done; sh "$@" & echo "17;cluster"';

    it('says which directories a compute node shares, and leaves nothing there', async () => {
      program('sbatch', RUN);
      program('scancel', 'exit 1');
      const passed = messages((await probe()).passed_checks);
      assert.match(passed, /a compute node shares the cache directory with this one: .*\/cache$/m);
      assert.match(passed, /a compute node shares the runtime root with this one: .*\/run$/m);
      assert.deepEqual(readdirSync(join(folder(), 'cache')), []);
    });

    it('blocks with the cause when the job sees another file, fails, or never answers, and ends the job', async () => {
      program('scancel', `echo "$@" >> ${folder()}/cancelled`);
      for (const [sbatch, cause, env] of [
        ['echo "Invalid account" >&2; exit 1', /sbatch failed: Invalid account/, {}],
        ['echo submitted', /gave no job id/, {}],
        ['echo 18', /no answer of a job within 0\.3 s/, { HPC_COMPOSE_FS_PROBE_TIMEOUT_MS: '300' }],
        [
          `while [ "\${1#-}" != "$1" ]; do shift; done; echo other > "$2/login"; sh "$@"; echo 19`,
          /has other contents/,
          {},
        ],
      ] as const) {
        program('sbatch', sbatch);
        assert.match(messages((await probe(env)).blockers), cause);
        assert.deepEqual(readdirSync(join(folder(), 'cache')), []);
      }
      assert.match(readFileSync(join(folder(), 'cancelled'), 'utf8'), /^18\n18\n19\n19\n$/);
    });

    it('starts no job that it could not end', async () => {
      program('sbatch', `touch ${folder()}/submitted`);
      const blockers = messages((await probe({ PATH: `${folder()}/bin` })).blockers);
      assert.match(blockers, /'scancel' was not found/);
      assert.ok(!existsSync(join(folder(), 'submitted')));
    });
  });

  describe('looking for Slurm', () => {
    const program = (name: string, script = '') => {
      mkdirSync(join(folder(), 'bin'), { recursive: true });
      writeFileSync(join(folder(), 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    };
    const found = ({ blockers }: PreflightReport) => messages(blockers);
    const run = async (...args: string[]) => {
      const PATH = `${join(folder(), 'bin')}:/usr/bin:/bin`;
      const ended = await runCli(['preflight', '--format', 'json', ...args], {
        cwd: folder(),
        env: { PATH, HOME: folder() },
      });
      return JSON.parse(ended.stdout) as PreflightReport;
    };

    it('blocks on the command line where its programs are missing, on the host backend too', async () => {
      assert.match(found(await check(service())), /'srun' was not found\n.*'sbatch' was not found/);
      const host = await check('runtime: {backend: host}\nservices: {app: {command: x}}\n');
      assert.match(found(host), /'srun' was not found\n.*'sbatch' was not found/);
      program('srun');
      program('sbatch');
      assert.doesNotMatch(found(await check(service())), /srun|sbatch|scontrol/);
    });

    it('needs scontrol where a job spans nodes', async () => {
      assert.doesNotMatch(found(await check(service())), /scontrol/);
      assert.match(found(await check(`x-slurm: {nodes: 2}\n${service()}`)), /'scontrol' was not found/);
      program('scontrol');
      const report = await check(`x-slurm: {nodes: 2}\n${service()}`);
      assert.match(messages(report.passed_checks), /scontrol is available/);
    });

    it('does not call a laptop broken in the editor, and says what is missing on a cluster', async () => {
      const laptop = await check(service(), {}, { isEditor: true });
      assert.doesNotMatch(found(laptop), /not found/);
      const notes = messages(laptop.contextual_warnings);
      assert.match(notes, /'enroot' was not found: images cannot be prepared on this machine/);
      assert.match(notes, /'srun' was not found: jobs cannot be submitted/);
      assert.match(notes, /'sbatch' was not found: jobs cannot be submitted/);
      program('srun');
      const cluster = found(await check(service(), {}, { isEditor: true }));
      assert.match(cluster, /'enroot' was not found/);
      assert.match(cluster, /'sbatch' was not found/);
    });

    it('asks srun whether it starts containers', async () => {
      writeFileSync(join(folder(), 'compose.yaml'), `x-slurm: {cache_dir: ./cache}\n${service()}`);
      program('sbatch');
      program('srun', 'echo "  --container-image=IMAGE"');
      const able = await run();
      assert.match(messages(able.passed_checks), /srun starts containers \(pyxis\)/);
      program('srun', 'echo usage');
      assert.match(found(await run()), /srun does not know --container-image/);
      writeFileSync(join(folder(), 'bin/broken'), '#!/nonexistent\n', { mode: 0o755 });
      assert.match(
        found(await run('--srun-bin', 'bin/broken')),
        /bin\/broken --help' could not be run: ENOENT/,
      );
    });

    it('asks it only for pyxis', async () => {
      writeFileSync(
        join(folder(), 'compose.yaml'),
        'x-slurm: {cache_dir: ./cache}\nruntime: {backend: host}\nservices: {app: {command: x}}\n',
      );
      program('sbatch');
      program('srun', `touch ${folder()}/asked`);
      assert.doesNotMatch(found(await run()), /container/);
      assert.ok(!existsSync(join(folder(), 'asked')));
    });
  });

  it('finds Slurm’s programs by their flags', async () => {
    writeFileSync(join(folder(), 'my-srun'), '', { mode: 0o755 });
    writeFileSync(join(folder(), 'compose.yaml'), `x-slurm: {cache_dir: ./cache}\n${service()}`);
    const ended = await runCli(['preflight', '--srun-bin', './my-srun', '--format', 'json'], {
      cwd: folder(),
    });
    assert.match(ended.stdout, /srun is available: .*my-srun/);
  });

  it('warns of what a job may not find on its nodes, and blocks for none of it', async () => {
    const spec = (rest: string) => `${rest}services:
  app:
    image: "reg.example/a:1"
    command: x
    readiness: {type: http, url: "http://node:80/"}
    x-env: {spack: {view: ${join(folder(), 'view')}}}
`;
    const lacking = await check(
      spec(`x-slurm: {resume: {path: /tmp/r}, metrics: {enabled: true}}\nmodules: [gcc/13]\n`),
    );
    const warnings = messages(lacking.actionable_warnings);
    assert.match(warnings, /resume directory \/tmp\/r is local to each node/);
    assert.match(warnings, /need 'curl', which was not found here/);
    assert.match(warnings, /modules of x-env: loaded on the host, not inside containers/);
    assert.match(warnings, /Spack view of service 'app' is missing: .*view/);
    assert.match(messages(lacking.contextual_warnings), /'nvidia-smi'.*\n.*'sstat'/);
    assert.ok(lacking.blockers.every(({ message }) => message.includes('required binary')));

    mkdirSync(join(folder(), 'bin'));
    for (const name of ['curl', 'nvidia-smi', 'module'])
      writeFileSync(join(folder(), 'bin', name), '', { mode: 0o755 });
    mkdirSync(join(folder(), 'view'));
    const able = await check(
      spec(
        'x-slurm: {resume: {path: /shared/r}, metrics: {collectors: [gpu, cpu]}}\nx-env: {modules: {purge: true}}\n',
      ),
    );
    const found = messages(able.passed_checks);
    for (const one of ['/shared/r', 'curl', 'nvidia-smi', 'modules of x-env can be', 'view of service'])
      assert.ok(found.includes(one), one);
    assert.doesNotMatch(messages(able.contextual_warnings), /metrics/);
    const off = await check(spec('x-slurm: {metrics: {enabled: false}}\n'));
    assert.doesNotMatch(messages([...off.contextual_warnings, ...off.passed_checks]), /metrics|modules/);
  });

  it('counts what it lists', async () => {
    const { summary, ...lists } = await check(service());
    assert.equal(summary.blockers, lists.blockers.length);
    assert.equal(summary.actionable_warnings, lists.actionable_warnings.length);
    assert.equal(summary.contextual_warnings, lists.contextual_warnings.length);
    assert.equal(summary.passed_checks, lists.passed_checks.length);
  });

  it('knows the mount of a path, blanks and later mounts on top included', () => {
    const text = [
      '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
      '30 22 0:40 / /home rw - nfs4 srv:/home rw',
      '31 22 0:41 / /home/my\\040data\\134x ro,nosuid - lustre mgs:/fs rw',
      '32 30 0:42 / /home rw - tmpfs none rw',
      'nonsense',
    ].join('\n');
    assert.equal(mountOf(text, '/homes/x')?.fsType, 'ext4');
    assert.equal(mountOf(text, '/home/x')?.fsType, 'tmpfs');
    assert.deepEqual(mountOf(text, '/home/my data\\x/c'), {
      mountPoint: '/home/my data\\x',
      fsType: 'lustre',
      readOnly: true,
    });
    assert.deepEqual(['tmpfs', 'xfs', 'lustre', 'fuse.whatever'].map(reachOf), [
      'memory',
      'local',
      'network',
      'unknown',
    ]);
  });
});
