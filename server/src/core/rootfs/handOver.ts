// Hands a text to a child process on a descriptor: a task may be longer than an argument list.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A descriptor, already without a name, that holds the text. The caller closes it. */
export function handOver(text: string): number {
  const path = join(tmpdir(), `rootfs-task-${randomBytes(8).toString('hex')}`);
  const fd = fs.openSync(path, 'wx+', 0o600);
  fs.unlinkSync(path);
  fs.writeSync(fd, text, 0);
  return fd;
}

/** In the child: the text that came as descriptor 3. */
export function takeOver(): string {
  return fs.readFileSync('/proc/self/fd/3', 'utf8');
}
