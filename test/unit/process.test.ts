import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endGroup, runProcess, type ProcessRequest } from '../../server/src/core/process.ts';
import { useFolder } from '../helpers/folder.ts';

const sh = (script: string, more: Partial<ProcessRequest> = {}): ProcessRequest => ({
  command: '/bin/sh',
  args: ['-c', script],
  env: process.env,
  ...more,
});

async function eventually(what: string, check: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (check()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`never came true: ${what}`);
}

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function hasRunningMember(group: number): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const [state, , pgrp] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
      return state !== 'Z' && pgrp === String(group);
    } catch {
      return false;
    }
  });
}

const numberIn = (file: string) => Number(readFileSync(file, 'utf8'));
const isWritten = (file: string) => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n');

describe('running programs', function () {
  this.timeout(20_000);
  const folder = useFolder();

  it('gives exit code, output and lines of both streams', async () => {
    const lines: string[] = [];
    const onLine = (line: string, stream: string) => void lines.push(`${stream}: ${line}`);
    const result = await runProcess(sh('echo a; echo b >&2; printf c; exit 3', { onLine }));
    assert.equal(result.exitCode, 3);
    assert.equal(result.stdout, 'a\nc');
    assert.equal(result.stderr, 'b\n');
    assert.deepEqual(lines.sort(), ['stderr: b', 'stdout: a', 'stdout: c']);
    assert.equal(result.startError, undefined);
  });

  it('keeps stdout whole, or its tail when asked, and of stderr the tail', async () => {
    const script = 'head -c 300000 /dev/zero | tr "\\0" x; head -c 300000 /dev/zero | tr "\\0" y >&2';
    const whole = await runProcess(sh(script));
    assert.equal(whole.stdout.length, 300_000);
    assert.equal(whole.stderr.length, 65_536);
    const tail = await runProcess(sh(script, { keepStdout: 'tail' }));
    assert.equal(tail.stdout.length, 65_536);
  });

  it('lets one that nobody waits for give way, by its priority and that of its session', async function () {
    if (!existsSync('/proc/self/stat')) this.skip();
    // The priority is the 19th field; the third is the state, behind the name in parentheses.
    const script =
      "read line; sed 's/.*) //' /proc/self/stat | cut -d' ' -f17; sed 's/.* //' /proc/self/autogroup 2>&1";
    const inputOfBehind = { input: 'go\n', behind: true };
    const [usual, behind] = [
      await runProcess(sh(script, { input: 'go\n' })),
      await runProcess(sh(script, inputOfBehind)),
    ];
    const [nice = '', session = ''] = behind.stdout.split('\n');
    assert.ok(Number(nice) >= 10, nice);
    assert.notEqual(usual.stdout.split('\n')[0], nice);
    // Others than root may do so only ten times a second, all together.
    if (existsSync('/proc/self/autogroup') && process.getuid?.() === 0) assert.equal(session, '10');
  });

  it('says why a program could not be started', async () => {
    const missing = await runProcess({ command: join(folder(), 'none'), args: [], env: process.env });
    assert.equal(missing.startError, 'ENOENT');
    writeFileSync(join(folder(), 'plain'), '');
    const plain = await runProcess({ command: join(folder(), 'plain'), args: [], env: process.env });
    assert.equal(plain.startError, 'EACCES');
  });

  it('ends grandchildren that are deaf to TERM when cancelled', async () => {
    const stop = new AbortController();
    const pidFile = join(folder(), 'pid');
    const script = `trap '' TERM; (trap '' TERM; echo $$ >/dev/null; sh -c 'echo $PPID' > ${pidFile}; sleep 60; sleep 60) & wait; sleep 60`;
    const run = runProcess(sh(script, { signal: stop.signal }));
    await eventually('the grandchild runs', () => isWritten(pidFile));
    stop.abort();
    await assert.rejects(run, { name: 'AbortError' });
    assert.equal(isAlive(numberIn(pidFile)), false);
  });

  it('returns from a cancel although a process that left the group holds the pipe', async () => {
    const stop = new AbortController();
    const pidFile = join(folder(), 'pid');
    const run = runProcess(
      sh(`setsid sh -c 'echo $$ > ${pidFile}; sleep 60' & wait`, { signal: stop.signal }),
    );
    await eventually('the escaped process runs', () => isWritten(pidFile));
    stop.abort();
    await assert.rejects(run, { name: 'AbortError' });
    process.kill(-numberIn(pidFile), 'SIGKILL');
  });

  it('names the group of processes that were left running, and ends it when asked', async () => {
    const result = await runProcess(sh('sleep 60 >/dev/null 2>&1 & exit 0'));
    assert.equal(result.exitCode, 0);
    assert.ok(result.strays);
    await endGroup(result.strays);
    assert.equal(hasRunningMember(result.strays), false);
  });

  it('ends guarded processes when this program is killed with kill -9', async () => {
    const pidFile = join(folder(), 'pid');
    const program = `
      import { writeFileSync } from 'node:fs';
      import { runProcess, startGuard } from ${JSON.stringify(join(import.meta.dirname, '../../server/src/core/process.ts'))};
      const script = 'sh -c "echo \\\\$PPID"; sleep 60; sleep 60';
      const onLine = (line) => writeFileSync(${JSON.stringify(pidFile)}, line + '\\n');
      await runProcess({ command: '/bin/sh', args: ['-c', script], env: process.env, onLine, guard: startGuard() });
    `;
    const owner = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', program], {
      stdio: 'inherit',
    });
    await eventually('the guarded child runs', () => isWritten(pidFile));
    owner.kill('SIGKILL');
    await eventually('the guarded child is gone', () => !isAlive(numberIn(pidFile)));
  });
});
