// The independent observer: knows nothing of the protocol but its invariants, looks at the disk and at the claims of living
// processes, and reports every violation that is still one at a second look. Rules: rootfs contract, section 6.
import fs from 'node:fs';
import path from 'node:path';
import { problemOf } from './tree.ts';

type Say = (event: object) => void;

/**
 * When a living process began, in ticks since the machine did: numbers of processes come again, both together never do. One that
 * was killed and is not yet buried holds nothing any more.
 */
export function startOf(pid: number | 'self'): string | undefined {
  const [state = 'X', ...fields] = readText(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ') ?? [];
  return state === 'Z' || state === 'X' ? undefined : fields[18];
}

/** Observes until the folder of claims holds a file `stop`. */
export async function observe(base: string, claims: string, say: Say): Promise<void> {
  let rounds = 0;
  while (!fs.existsSync(path.join(claims, 'stop'))) {
    checkClaims(claims, say);
    for (const uid of namesIn(base).filter((name) => /^\d+$/.test(name)))
      checkUser(path.join(base, uid), say);
    rounds++;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  say({ event: 'observed', rounds });
}

/** I1: what a living process claims is there and whole. */
function checkClaims(claims: string, say: Say): void {
  for (const file of namesIn(claims).filter((name) => name.endsWith('.json'))) {
    const pid = Number.parseInt(file, 10);
    const at = path.join(claims, file);
    const text = readText(at);
    if (text === undefined || text === '') continue;
    const claim = JSON.parse(text) as { path: string; image: string; started: string };
    if (startOf(pid) !== claim.started) continue;
    const problem = problemOf(claim.path, claim.image);
    if (problem && startOf(pid) === claim.started && readText(at) === text)
      say({ event: 'violation', rule: 'I1', when: 'observed', problem, path: claim.path });
  }
}

function checkUser(user: string, say: Say): void {
  const hidden = path.join(user, '.rootfs-cache');
  for (const file of namesIn(path.join(hidden, 'meta')).filter((name) => name.endsWith('.json')))
    checkValid(user, file.replace('.json', ''), readText(path.join(hidden, 'meta', file)), say);
  checkBuilds(path.join(hidden, 'build'), say);
}

/** I2: a name with a record of its own inode is whole. */
function checkValid(user: string, name: string, text: string | undefined, say: Say): void {
  const tree = path.join(user, name);
  const stat = fs.lstatSync(tree, { throwIfNoEntry: false });
  if (!text || !stat) return;
  const record = JSON.parse(text) as { ino: string; image: string };
  if (record.ino !== String(stat.ino)) return;
  const problem = problemOf(tree, path.basename(record.image));
  const again = fs.lstatSync(tree, { throwIfNoEntry: false });
  if (problem && again?.ino === stat.ino) say({ event: 'violation', rule: 'I2', problem, path: tree });
}

/** I3: at most one build of a name. */
function checkBuilds(folder: string, say: Say): void {
  const trees = namesIn(folder).filter((name) => /~[0-9a-f]{12}$/.test(name));
  const seen = new Map<string, string>();
  for (const tree of trees) {
    const name = tree.split('~')[0] ?? '';
    const other = seen.get(name);
    seen.set(name, tree);
    if (other === undefined) continue;
    const both = [other, tree].every((one) => fs.existsSync(path.join(folder, one)));
    if (both) say({ event: 'violation', rule: 'I3', problem: `${other} and ${tree}` });
  }
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
