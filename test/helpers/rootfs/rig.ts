// A cache root with images made by the stand-in, and operations on it as processes or in this one.
import { spawn, execFileSync, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  acquireRootfs,
  type AcquireOptions,
  type RootfsHandle,
} from '../../../server/src/core/rootfs/acquireRootfs.ts';
import { collectGarbage } from '../../../server/src/core/rootfs/collectGarbage.ts';
import { listRootfs } from '../../../server/src/core/rootfs/listRootfs.ts';
import { planGc, type GcRequest } from '../../../server/src/core/rootfs/planGc.ts';
import { rootfsPorts, type RootfsPorts } from '../../../server/src/core/rootfs/rootfsPorts.ts';
import { readRootfsSettings, type RootfsSettings } from '../../../server/src/core/rootfs/settings.ts';
import { createLockChildren } from '../../../server/src/core/lockChild.ts';
import { realPorts } from '../../../server/src/core/ports.ts';
import type { DriverTask } from './driver.ts';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const STAND_IN = path.join(HERE, '../enroot/enroot.mjs');
export const UID = process.geteuid?.() ?? -1;
export const IS_ROOT = UID === 0;

export type DriverEvent = Record<string, unknown> & {
  event: string;
  name?: string;
  path?: string;
  hit?: boolean;
};

export interface Driven {
  readonly child: ChildProcess;
  readonly events: DriverEvent[];
  /** Resolves with the first event of this kind; rejects when the process ends before. */
  readonly when: (event: string) => Promise<DriverEvent>;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

let driver: string | undefined;

/** The bundled driver; built once per test process. */
export function driverPath(): string {
  if (driver !== undefined) return driver;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rootfs-driver-'));
  fs.chmodSync(folder, 0o755);
  driver = path.join(folder, 'driver.mjs');
  const banner =
    "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  execFileSync(path.join(HERE, '../../../node_modules/.bin/esbuild'), [
    path.join(HERE, 'driver.ts'),
    `--outfile=${driver}`,
    ...['--bundle', '--platform=node', '--format=esm', '--target=node20', '--log-level=warning'],
    `--banner:js=${banner}`,
  ]);
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  return driver;
}

/** A cache of its own in a temporary folder. */
export class RootfsRig {
  readonly folder: string;
  readonly base: string;
  readonly bin: string;
  readonly log: string;
  readonly env: Record<string, string | undefined>;
  private readonly lockChildren = createLockChildren();

  constructor(parent: string = os.tmpdir()) {
    this.folder = fs.mkdtempSync(path.join(parent, 'rootfs-'));
    fs.chmodSync(this.folder, 0o755);
    this.base = this.makeFolder('base', 0o755);
    this.bin = this.makeFolder('bin', 0o755);
    this.log = path.join(this.folder, 'enroot.log');
    fs.symlinkSync(STAND_IN, path.join(this.bin, 'enroot'));
    this.env = {
      PATH: `${this.bin}:${process.env.PATH ?? ''}`,
      HOME: this.makeFolder('home', 0o755),
      TMPDIR: this.makeFolder('tmp', 0o1777),
      // Users without an entry in passwd have no other place for it.
      XDG_RUNTIME_DIR: this.makeFolder('runtime', 0o700),
      FAKE_LOG: this.log,
    };
  }

  makeFolder(name: string, mode: number): string {
    const folder = path.join(this.folder, name);
    fs.mkdirSync(folder);
    fs.chmodSync(folder, mode);
    return folder;
  }

  get user(): string {
    return path.join(this.base, String(UID));
  }

  hidden(...parts: string[]): string {
    return path.join(this.user, '.rootfs-cache', ...parts);
  }

  /** An image with these files, imported by the stand-in. */
  image(
    name: string,
    files: Record<string, string> = { marker: name },
    fakes: Record<string, string> = {},
  ): string {
    const tree = path.join(this.folder, `tree-${name}`);
    for (const [file, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(tree, file)), { recursive: true });
      fs.writeFileSync(path.join(tree, file), text);
    }
    return this.imageOf(name, tree, fakes);
  }

  imageOf(name: string, tree: string, fakes: Record<string, string> = {}): string {
    const file = path.join(this.folder, `${name}.sqsh`);
    const env = { ...process.env, ...this.env, FAKE_ROOTFS: tree, ...fakes } as NodeJS.ProcessEnv;
    execFileSync(process.execPath, [STAND_IN, 'import', '-o', file, 'docker://test/image'], {
      env,
      stdio: 'ignore',
    });
    fs.chmodSync(file, 0o644);
    return file;
  }

  settings(raw: Record<string, unknown> = {}): RootfsSettings {
    const read = readRootfsSettings({ base: this.base, syncOnPublish: false, nice: 0, minAge: 0, ...raw });
    const error = read.problems.find(({ severity }) => severity === 'error');
    if (error) throw new Error(error.message);
    return read.settings;
  }

  ports(more: Partial<RootfsPorts> & { env?: Record<string, string | undefined> } = {}): RootfsPorts {
    const silent = () => undefined;
    const log = { debug: silent, info: silent, warn: silent, error: silent };
    const env = { ...this.env, ...more.env };
    const system = { ...realPorts(log, env), lockChildren: this.lockChildren };
    const ports = rootfsPorts(system, { uid: UID, host: os.hostname(), version: 'test' });
    return { ...ports, ...more, env };
  }

  acquire(
    image: string,
    raw: Record<string, unknown> = {},
    more: Parameters<RootfsRig['ports']>[0] &
      Partial<Pick<AcquireOptions, 'useForecast' | 'signal' | 'onPhase' | 'sha256'>> = {},
  ): Promise<RootfsHandle> {
    const { useForecast, signal, onPhase, sha256, ...rest } = more;
    const settings = this.settings(raw);
    const ports = this.ports(rest);
    const chosen = {
      ...(useForecast === undefined ? {} : { useForecast }),
      ...(signal ? { signal } : {}),
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(onPhase ? { onPhase } : {}),
    };
    return acquireRootfs(
      image,
      {
        settings,
        cwd: this.folder,
        ...chosen,
        collect: (incoming, exclude) =>
          collectGarbage({ settings, base: this.base, incoming, exclude: [exclude] }, {}, ports),
      },
      ports,
    );
  }

  /** Acquires and lets go at once. */
  async fill(image: string, raw: Record<string, unknown> = {}): Promise<RootfsHandle> {
    const handle = await this.acquire(image, raw);
    handle.release();
    return handle;
  }

  private request(raw: Record<string, unknown>): GcRequest {
    const { exclude, ...settings } = raw;
    return {
      settings: this.settings(settings),
      base: this.base,
      ...(exclude ? { exclude: exclude as string[] } : {}),
    };
  }

  gc(raw: Record<string, unknown> = {}, more: Partial<RootfsPorts> = {}) {
    return collectGarbage(this.request(raw), {}, this.ports(more));
  }

  /** A collection that wants everything gone. */
  gcAll(raw: Record<string, unknown> = {}, more: Partial<RootfsPorts> = {}) {
    return this.gc({ maxBytes: 1, ...raw }, more);
  }

  plan(raw: Record<string, unknown> = {}, more: Partial<RootfsPorts> = {}) {
    return planGc({ ...this.request(raw), uids: [UID] }, this.ports(more));
  }

  list(raw: Record<string, unknown> = {}) {
    return listRootfs(this.settings(raw), this.base, this.ports());
  }

  /** Starts the driver as a process. */
  drive(task: Omit<DriverTask, 'base'>, env: Record<string, string> = {}): Driven {
    return drive({ base: this.base, ...task }, { ...this.env, ...env });
  }

  /** How often the stand-in began this verb. */
  calls(verb: string): number {
    if (!fs.existsSync(this.log)) return 0;
    return fs
      .readFileSync(this.log, 'utf8')
      .split('\n')
      .filter((line) => line.split(' ')[2] === 'begin' && line.split(' ')[3] === verb).length;
  }

  leftovers(): string[] {
    return ['build', 'trash'].flatMap((folder) =>
      fs.existsSync(this.hidden(folder)) ? fs.readdirSync(this.hidden(folder)) : [],
    );
  }

  entries(): string[] {
    return fs.existsSync(this.user)
      ? fs.readdirSync(this.user).filter((name) => name.startsWith('pyxis_'))
      : [];
  }

  remove(): void {
    execFileSync('chmod', ['-R', 'u+rwX', this.folder]);
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Starts the driver with a task, possibly as another user. */
export function drive(
  task: DriverTask,
  env: Record<string, string | undefined>,
  as?: { uid: number; gid: number },
): Driven {
  const child = spawn(process.execPath, [driverPath(), JSON.stringify(task)], {
    env: env,
    stdio: ['pipe', 'pipe', 'inherit'],
    ...as,
  });
  const events: DriverEvent[] = [];
  const waiting: { event: string; resolve: (value: DriverEvent) => void; reject: (error: Error) => void }[] =
    [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as DriverEvent;
    events.push(event);
    for (const waiter of waiting) if (waiter.event === event.event) waiter.resolve(event);
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('close', (code, signal) => {
      for (const waiter of waiting)
        waiter.reject(new Error(`ended with ${code ?? signal ?? '?'}: ${JSON.stringify(events)}`));
      resolve({ code, signal });
    });
  });
  const when = (event: string) =>
    new Promise<DriverEvent>((resolve, reject) => {
      const seen = events.find((one) => one.event === event);
      if (seen) resolve(seen);
      else waiting.push({ event, resolve, reject });
    });
  return { child, events, when, ended };
}
