// The negative control: a model of a protocol that locks a file inside the tree and deletes in place. It must be caught.
import { spawn, spawnSync, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const LOCK = '.pyxis_cache_lock';

/** Reuses what is there after waiting for its lock, without looking again; else builds beside it and renames. */
export async function naiveAcquire(
  base: string,
  image: string,
): Promise<{ name: string; path: string; hit: boolean }> {
  const uid = process.geteuid?.() ?? 0;
  const user = path.join(base, String(uid));
  fs.mkdirSync(user, { recursive: true, mode: 0o700 });
  const name = `pyxis_cache_u${uid}_${Buffer.from(path.basename(image)).toString('hex').padEnd(16, '0').slice(0, 16)}`;
  const final = path.join(user, name);
  if (fs.existsSync(final)) {
    await lockShared(final);
    return { name, path: final, hit: true };
  }
  const temporary = `pyxis_tmp_${name}_${process.pid}`;
  const env = { ...process.env, ENROOT_DATA_PATH: user };
  execFileSync('enroot', ['create', '--name', temporary, '--', image], { env, stdio: 'ignore' });
  const built = path.join(user, temporary);
  fs.writeFileSync(path.join(built, LOCK), '');
  await lockShared(built);
  try {
    fs.renameSync(built, final);
  } catch {
    fs.rmSync(built, { recursive: true, force: true });
    await lockShared(final);
  }
  return { name, path: final, hit: false };
}

async function lockShared(tree: string): Promise<void> {
  try {
    const now = new Date();
    fs.utimesSync(tree, now, now);
    const fd = fs.openSync(path.join(tree, LOCK), 'r+');
    await new Promise((resolve) => {
      spawn('flock', ['-s', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] }).on('close', resolve);
    });
  } catch {
    // As the model: without a lock it goes on unprotected.
  }
}

/** Deletes every entry whose lock is free or missing, in place. Gives their names. */
export async function naiveCollect(base: string): Promise<string[]> {
  const gone: string[] = [];
  for (const uid of fs.readdirSync(base)) {
    for (const name of namesIn(path.join(base, uid))) {
      const tree = path.join(base, uid, name);
      if (!name.startsWith('pyxis_cache_') || !lockExclusive(tree)) continue;
      await deleteSlowly(tree);
      gone.push(name);
    }
  }
  return gone;
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

function lockExclusive(tree: string): boolean {
  try {
    const fd = fs.openSync(path.join(tree, LOCK), 'r+');
    return spawnSync('flock', ['-x', '-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] }).status === 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

async function deleteSlowly(tree: string): Promise<void> {
  for (const name of namesIn(tree)) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    fs.rmSync(path.join(tree, name), { recursive: true, force: true });
  }
  fs.rmSync(tree, { recursive: true, force: true });
}
