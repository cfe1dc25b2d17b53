// Which file system holds a path, read from the text of /proc/self/mountinfo. Pure.
export interface Mount {
  readonly mountPoint: string;
  readonly fsType: string;
  readonly readOnly: boolean;
}

/** The mount that holds an absolute real path; the last one wins where several cover the same place. */
export function mountOf(mountInfo: string, realPath: string): Mount | undefined {
  let best: Mount | undefined;
  for (const line of mountInfo.split('\n')) {
    const mount = parseLine(line);
    if (!mount || !covers(mount.mountPoint, realPath)) continue;
    if (!best || mount.mountPoint.length >= best.mountPoint.length) best = mount;
  }
  return best;
}

function parseLine(line: string): Mount | undefined {
  const [before = '', after = ''] = line.split(' - ');
  const fields = before.split(' ');
  const point = fields[4];
  const options = fields[5] ?? '';
  const [fsType = ''] = after.split(' ');
  if (point === undefined || fsType === '') return undefined;
  return { mountPoint: unescapeOctal(point), fsType, readOnly: options.split(',').includes('ro') };
}

function covers(mountPoint: string, path: string): boolean {
  return path === mountPoint || path.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`);
}

/** The kernel writes blanks and backslashes in paths as `\040`; they stand for bytes of UTF-8. */
function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes: number[] = [];
  for (const part of text.split(/(\\[0-7]{3})/)) {
    if (/^\\[0-7]{3}$/.test(part)) bytes.push(Number.parseInt(part.slice(1), 8));
    else bytes.push(...Buffer.from(part));
  }
  return Buffer.from(bytes).toString('utf8');
}
