// A thread that steps back leaves the others of its process where they are.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';

const ROOT = path.join(import.meta.dirname, '../..');
const USE = `
bundled.goBehind();
const tid = Number(require('node:fs').readlinkSync('/proc/thread-self').split('/').pop());
require('node:worker_threads').parentPort.postMessage(require('node:os').getPriority(tid));`;

function workerCode(): string {
  const esbuild = path.join(ROOT, 'node_modules/.bin/esbuild');
  const options = ['--bundle', '--platform=node', '--format=iife', '--global-name=bundled'];
  return execFileSync(esbuild, [path.join(ROOT, 'server/src/core/goBehind.ts'), ...options], {
    encoding: 'utf8',
  }).concat(USE);
}

describe('threads that work behind others', () => {
  it('lower their own priority, not that of the process', async function () {
    if (!fs.existsSync('/proc/thread-self')) this.skip();
    const before = os.getPriority(process.pid);
    const worker = new Worker(workerCode(), { eval: true });
    const priority = await new Promise<unknown>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    await worker.terminate();
    assert.equal(priority, Math.max(before, 5));
    assert.equal(os.getPriority(process.pid), before);
  });
});
