// What the core relies on of enroot, asserted alike of the stand-in and of a real enroot where one is on PATH.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { skipBecause } from '../helpers/skip.ts';

const STAND_IN = fileURLToPath(new URL('../helpers/enroot/enroot.mjs', import.meta.url));
const onPath = (name: string) =>
  (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find((file) => fs.existsSync(file));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const subjects = [
  { title: 'stand-in', program: STAND_IN, absent: undefined },
  { title: 'real enroot', program: onPath('enroot'), absent: 'no enroot on PATH' },
];

for (const { title, program, absent } of subjects) {
  describe(`enroot contract: ${title}`, () => {
    let folder: string;
    let image: string;

    const run = (args: readonly string[], input = '', extra: Record<string, string> = {}): Outcome => {
      const { status, stdout, stderr } = spawnSync(program!, args, {
        cwd: folder,
        input,
        encoding: 'utf8',
        env: {
          PATH: process.env.PATH,
          HOME: folder,
          ENROOT_CACHE_PATH: path.join(folder, 'cache'),
          ENROOT_DATA_PATH: path.join(folder, 'data'),
          ENROOT_TEMP_PATH: folder,
          ENROOT_RUNTIME_PATH: path.join(folder, 'runtime'),
          ...extra,
        },
      });
      return { code: status, stdout, stderr };
    };
    const refuses = (args: readonly string[], message: RegExp) => {
      const outcome = run(args);
      assert.equal(outcome.code, 1, outcome.stderr);
      assert.match(outcome.stderr, message);
    };

    before(function () {
      if (program === undefined) skipBecause(this, absent!);
    });
    beforeEach(() => {
      folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'enroot-contract-')));
      image = path.join(folder, 'image.sqsh');
      const made = spawnSync(STAND_IN, ['import', '-o', image, 'docker://busybox'], {
        env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder },
        encoding: 'utf8',
      });
      assert.equal(made.status, 0, made.stderr);
    });
    afterEach(() => {
      if (folder) fs.rmSync(folder, { recursive: true, force: true });
    });

    it('prints its version alone on a line', () => {
      const { code, stdout } = run(['version']);
      assert.equal(code, 0);
      assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
    });

    it('makes the directories that the environment names, private to the user', () => {
      run(['list']);
      assert.equal(fs.statSync(path.join(folder, 'data')).mode & 0o777, 0o700);
    });

    it('prints its usage and fails on an unknown verb, an unknown option, a missing operand', () => {
      for (const args of [['nonsense'], ['import', '--nonsense', 'docker://a'], ['create'], ['remove']]) {
        const { code, stdout } = run(args);
        assert.equal(code, 1, args.join(' '));
        assert.match(stdout, /^Usage: /);
      }
    });

    it('refuses a reference without a known scheme or with a malformed name', () => {
      refuses(['import', '-o', 'x.sqsh', 'redis'], /^\[ERROR\] Invalid argument: redis$/m);
      refuses(['import', '-o', 'x.sqsh', 'https://a/b'], /Invalid argument: https:\/\/a\/b/);
      refuses(['import', '-o', 'x.sqsh', 'docker://'], /Invalid image reference: docker:\/\//);
      refuses(['import', '-o', 'x.sqsh', 'docker://ghcr.io/Upper/case'], /Invalid image reference/);
      refuses(['digest', 'dockerd://redis'], /Invalid argument: dockerd:\/\/redis/);
    });

    it('refuses to import over an existing file and leaves it alone', () => {
      const before = fs.readFileSync(image);
      refuses(['import', '-o', image, 'docker://redis'], /File already exists: .*image\.sqsh/);
      assert.deepEqual(fs.readFileSync(image), before);
    });

    it('refuses an output below a folder that is not there', () => {
      refuses(['import', '--output', 'no/such/x.sqsh', 'docker://redis'], /No such file or directory/);
    });

    it('creates a root filesystem under the data path, and refuses a second of that name without --force', () => {
      assert.equal(run(['create', '--name', 'app', image]).code, 0);
      assert.ok(fs.existsSync(path.join(folder, 'data/app/etc/os-release')));
      refuses(['create', '--name', 'app', image], /File already exists: .*data\/app/);
      assert.equal(run(['create', '--force', '--name', 'app', image]).code, 0);
    });

    it('gives a new root filesystem the time stamp of the image, not of now', () => {
      const old = new Date('2020-01-01T00:00:00Z');
      run(['create', '--name', 'app', image]);
      fs.utimesSync(path.join(folder, 'data/app'), old, old);
      run(['export', '-o', 'old.sqsh', 'app']);
      run(['create', '--name', 'again', 'old.sqsh']);
      assert.equal(fs.statSync(path.join(folder, 'data/again')).mtime.getUTCFullYear(), 2020);
    });

    it('refuses names with a slash, images that are not there and files that are no image', () => {
      fs.writeFileSync(path.join(folder, 'text.sqsh'), 'not an image');
      refuses(['create', '--name', 'a/b', image], /Invalid argument: a\/b/);
      refuses(['create', '--name', 'a', 'none.sqsh'], /No such file or directory: .*none\.sqsh/);
      refuses(['create', '--name', 'a', 'text.sqsh'], /Invalid image format: .*text\.sqsh/);
    });

    it('fails on an image that is cut short', () => {
      const used = Number(fs.readFileSync(image).readBigUInt64LE(40));
      fs.truncateSync(image, Math.floor(used / 2));
      assert.equal(run(['create', '--name', 'cut', image]).code, 1);
    });

    it('refuses to start what is not there, and malformed mounts and variables', () => {
      run(['create', '--name', 'app', image]);
      refuses(['start', 'none', '/bin/true'], /No such file or directory: .*data\/none/);
      refuses(['start', '--mount', 'a b:/c', 'app', '/bin/true'], /Invalid argument: a b:\/c/);
      refuses(['start', '--env', '1A=b', 'app', '/bin/true'], /Invalid argument: 1A=b/);
    });

    it('takes a third field of a mount for a file system', () => {
      run(['create', '--name', 'app', image]);
      fs.mkdirSync(path.join(folder, 'data/app/data'));
      const { code, stderr } = run(['start', '--mount', '/tmp:/data:ro', 'app', '/bin/true']);
      assert.notEqual(code, 0);
      assert.match(stderr, /enroot-mount: failed to mount: \/tmp at .*\/data: No such device/);
    });

    it('runs a command with the image as root, with its variables and mounts, and gives its exit code', function () {
      const probe = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'true']);
      if (probe.status !== 0) skipBecause(this, 'no user namespaces here');
      run(['create', '--name', 'app', imageWithShell(folder)]);
      fs.mkdirSync(path.join(folder, 'shared'));
      fs.writeFileSync(path.join(folder, 'shared/file'), 'from the host\n');
      const script = 'echo "$K" > /result; read -r line < /mnt/file; echo "$line" >> /result; exit 3';
      const start = ['start', '--root', '--rw', '--env', 'K=V', '--mount', `${folder}/shared:/mnt`, 'app'];
      const { code, stderr } = run([...start, '/bin/sh', '-lc', script]);
      assert.equal(code, 3, stderr);
      assert.equal(fs.readFileSync(path.join(folder, 'data/app/result'), 'utf8'), 'V\nfrom the host\n');
      assert.notEqual(run(['start', 'app', '/bin/sh', '-c', 'echo x > /denied']).code, 0);
      assert.ok(!fs.existsSync(path.join(folder, 'data/app/denied')), 'read-only without --rw');
    });

    it('exports to a file, over an existing one only with --force', () => {
      run(['create', '--name', 'app', image]);
      fs.writeFileSync(path.join(folder, 'data/app/etc/marker'), 'here\n');
      fs.mkdirSync(path.join(folder, 'data/app/mounted'), { mode: 0 });
      assert.equal(run(['export', '--output', 'out.sqsh', 'app']).code, 0);
      refuses(['export', '--output', 'out.sqsh', 'app'], /File already exists: .*out\.sqsh/);
      assert.equal(run(['export', '--force', '--output', 'out.sqsh', 'app']).code, 0);
      assert.equal(run(['create', '--name', 'copy', 'out.sqsh']).code, 0);
      assert.equal(fs.readFileSync(path.join(folder, 'data/copy/etc/marker'), 'utf8'), 'here\n');
      assert.ok(!fs.existsSync(path.join(folder, 'data/copy/mounted')), 'mount points stay out');
    });

    it('writes images that say squashfs 4.0 and their own size', () => {
      const head = fs.readFileSync(image).subarray(0, 96);
      assert.equal(head.toString('latin1', 0, 4), 'hsqs');
      assert.equal(head.readUInt16LE(28), 4);
      assert.ok(Number(head.readBigUInt64LE(40)) <= fs.statSync(image).size);
    });

    it('lists names that do not begin with a dot', () => {
      for (const name of ['b', 'a', '.hidden']) run(['create', '--name', name, image]);
      assert.equal(run(['list']).stdout, 'a\nb\n');
      assert.match(run(['list', '-f']).stdout, /^NAME\s+PID/);
    });

    it('removes after a yes or with --force, and fails without an answer', () => {
      run(['create', '--name', 'app', image]);
      assert.equal(run(['remove', 'app']).code, 1);
      assert.equal(run(['remove', 'app'], 'n\n').code, 0);
      assert.ok(fs.existsSync(path.join(folder, 'data/app')));
      assert.equal(run(['remove', 'app'], 'y\n').code, 0);
      assert.ok(!fs.existsSync(path.join(folder, 'data/app')));
      refuses(['remove', '--force', 'app'], /No such file or directory: .*data\/app/);
    });

    it('removes directories without write permission', () => {
      run(['create', '--name', 'app', image]);
      fs.mkdirSync(path.join(folder, 'data/app/locked/inner'), { recursive: true });
      fs.chmodSync(path.join(folder, 'data/app/locked'), 0);
      assert.equal(run(['remove', '-f', 'app']).code, 0);
    });

    it('takes switches from the environment unless they say no', () => {
      run(['create', '--name', 'app', image]);
      assert.equal(run(['create', '--name', 'app', image], '', { ENROOT_FORCE_OVERRIDE: 'no' }).code, 1);
      assert.equal(run(['create', '--name', 'app', image], '', { ENROOT_FORCE_OVERRIDE: 'y' }).code, 0);
    });
  });
}

// An image that holds the machine's own shell with the libraries it names.
function imageWithShell(folder: string): string {
  const template = path.join(folder, 'template');
  const listed = spawnSync('ldd', [fs.realpathSync('/bin/sh')], { encoding: 'utf8' }).stdout;
  const libraries = [...listed.matchAll(/(\/\S+)/g)].map((found) => found[1]!);
  for (const file of libraries.filter((name) => fs.existsSync(name))) {
    fs.mkdirSync(path.join(template, path.dirname(file)), { recursive: true });
    fs.copyFileSync(file, path.join(template, file));
  }
  fs.mkdirSync(path.join(template, 'bin'), { recursive: true });
  fs.copyFileSync('/bin/sh', path.join(template, 'bin/sh'));
  fs.chmodSync(path.join(template, 'bin/sh'), 0o755);
  const image = path.join(folder, 'shell.sqsh');
  spawnSync(STAND_IN, ['import', '-o', image, 'docker://shell'], {
    env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, FAKE_ROOTFS: template },
  });
  return image;
}
