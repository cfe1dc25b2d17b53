// A thread that steps back leaves the others of its process where they are.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';

const ROOT = path.join(import.meta.dirname, '../..');
const USE_IN_THREAD = `
bundled.goBehind();
const tid = Number(require('node:fs').readlinkSync('/proc/thread-self').split('/').pop());
require('node:worker_threads').parentPort.postMessage(require('node:os').getPriority(tid));`;
const USE_FIRST = `
bundled.sendHelpersBehind();
const others = require('node:fs').readdirSync('/proc/self/task').map(Number).filter((id) => id !== process.pid);
console.log(JSON.stringify([process.pid, ...others].map((id) => require('node:os').getPriority(id))));`;

function codeWith(use: string): string {
  const esbuild = path.join(ROOT, 'node_modules/.bin/esbuild');
  const options = ['--bundle', '--platform=node', '--format=iife', '--global-name=bundled'];
  return execFileSync(esbuild, [path.join(ROOT, 'server/src/core/goBehind.ts'), ...options], {
    encoding: 'utf8',
  }).concat(use);
}

describe('threads that work behind others', () => {
  let usual: number;
  before(function () {
    if (!fs.existsSync('/proc/thread-self')) this.skip();
    usual = os.getPriority(process.pid);
  });

  it('lower their own priority, not that of the process', async () => {
    const worker = new Worker(codeWith(USE_IN_THREAD), { eval: true });
    const priority = await new Promise<unknown>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    await worker.terminate();
    assert.equal(priority, Math.max(usual, 10));
    assert.equal(os.getPriority(process.pid), usual);
  });

  it('are a little behind the first thread when they help all others', () => {
    const text = execFileSync(process.execPath, ['-e', codeWith(USE_FIRST)], { encoding: 'utf8' });
    const [first, ...others] = JSON.parse(text) as number[];
    assert.equal(first, usual);
    assert.ok(others.length > 0);
    for (const priority of others) assert.equal(priority, Math.max(usual, 3));
  });
});
