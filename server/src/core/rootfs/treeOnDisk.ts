// Measures and deletes unpacked trees. Neither leaves the file system the tree is on, follows a link, or stalls the event loop.
import fs from 'node:fs';
import { join } from 'node:path';
import { plainEnvironment } from '../plainEnvironment.ts';
import { finishAtOnce, finishInSlices } from '../restEvery.ts';
import { mountPointsBelow } from './mounts.ts';
import type { RootfsPorts } from './rootfsPorts.ts';

export interface TreeSize {
  /** Allocated bytes. */
  readonly bytes: number;
  readonly inodes: number;
  /** Directories that could not be read. */
  readonly unreadable: number;
}

const SLICE_MS = 15;

/** Allocated bytes and inodes of a tree, the root included; hard links count once. */
export function measureTree(root: string, signal?: AbortSignal): Promise<TreeSize> {
  return finishInSlices(walkTree(root), signal, SLICE_MS);
}

/** The same in one go, for callers that may not let anything else run meanwhile. */
export function measureTreeAtOnce(root: string): TreeSize {
  return finishAtOnce(walkTree(root));
}

function* walkTree(root: string): Generator<void, TreeSize> {
  const top = fs.lstatSync(root);
  const linked = new Set<number>();
  const size = { bytes: top.blocks * 512, inodes: 1, unreadable: 0 };
  const pending = [root];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    yield;
    for (const name of namesIn(directory, size)) {
      const path = join(directory, name);
      const stat = fs.lstatSync(path, { throwIfNoEntry: false });
      if (stat?.dev !== top.dev) continue;
      if (stat.nlink > 1 && !stat.isDirectory()) {
        if (linked.has(stat.ino)) continue;
        linked.add(stat.ino);
      }
      size.bytes += stat.blocks * 512;
      size.inodes++;
      if (stat.isDirectory()) pending.push(path);
    }
  }
  return size;
}

function namesIn(directory: string, size: { unreadable: number }): string[] {
  try {
    return fs.readdirSync(directory);
  } catch {
    size.unreadable++;
    return [];
  }
}

/**
 * Deletes a tree as the current user. Gives undefined, or why something is left: it stays where it is for a later sweep.
 * Directories without permissions (enroot makes some) are opened up and tried again. Source: rootfs contract, section 2.9.
 */
export async function deleteTree(path: string, ports: RootfsPorts): Promise<string | undefined> {
  const mounted = mountPointsBelow(path);
  if (mounted.length > 0) return `${mounted[0] ?? ''} is mounted`;
  const env = plainEnvironment(ports.env);
  const remove = () => ports.run({ command: 'rm', args: ['-rf', '--one-file-system', '--', path], env });
  await remove();
  if (!isThere(path)) return undefined;
  await ports.run({ command: 'chmod', args: ['-R', 'u+rwX', '--', path], env });
  const result = await remove();
  if (!isThere(path)) return undefined;
  return result.stderr.trim().split('\n').at(-1) || `rm ended with ${result.exitCode ?? '?'}`;
}

function isThere(path: string): boolean {
  return fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
