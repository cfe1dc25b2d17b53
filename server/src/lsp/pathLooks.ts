// What this machine says about the directories of a spec (HX005-HX015), asked for in the background and kept for a while: other
// programs mount, fill and remove directories, too. A mount that hangs is asked once, and told of once.
import { readFile } from 'node:fs/promises';
import type { Ports } from '../core/ports.ts';
import { createSlots } from '../core/prepare/slots.ts';
import { probePath } from '../core/probePath.ts';
import type { Finding } from '../model/finding.ts';
import type { PathEvidence } from '../model/pathEvidence.ts';
import { judgeEvidence, type EvidenceSettings } from '../spec/lint/pathEvidence.ts';
import { nodesOf, pathSubjects, type PathSubject } from '../spec/lint/pathSubjects.ts';
import { stringOf, valueAt, type MapNode } from '../spec/node.ts';
import type { LateSource } from './lateFindings.ts';
import { at, type RawSettings, type SettingsAccess } from './settings.ts';

export interface PathLooks {
  readonly ports: Pick<Ports, 'run' | 'env'>;
  readonly settings: SettingsAccess;
  /** Limit for one look; 5 seconds when absent. */
  readonly timeoutMs?: number;
}

const CODES = ['HX005', 'HX006', 'HX007', 'HX008', 'HX009', 'HX010', 'HX011', 'HX013', 'HX014', 'HX015'];
const TIMEOUT_MS = 5000;
/** Answers are believed this long, silence for longer: each further look would be one more process that waits. */
const LIFETIME_MS = 60_000;
const SILENCE_MS = 300_000;
/** More directories than this in one spec are not looked at. */
const MOST_PATHS = 100;
const LOOKS_AT_ONCE = 4;
/** A large image and its layers need about this much while they are built. */
const LEAST_FREE_BYTES = 10 * 1024 ** 3;
const LOCAL_ROOTS = ['/tmp', '/var/tmp', '/private/tmp', '/dev/shm', '/run', '/var/run'];

/** The source of path findings. For trusted workspaces only. */
export function createPathLooks({ ports, settings, timeoutMs = TIMEOUT_MS }: PathLooks): LateSource {
  const probe = createProbe(ports, timeoutMs);
  return {
    name: 'path evidence',
    codes: CODES,
    look: async ({ document, around, analysis }, signal) => {
      const root = analysis.resolved?.root;
      const raw = await settings.all(document.uri);
      if (!root || !around.lint || at(raw, 'diagnostics.probeFilesystem') === false) return [];
      const { projectDir, home, chooseCacheDir } = around.lint;
      const cacheDir = chooseCacheDir(stringOf(valueAt(root, 'x-slurm', 'cache_dir')));
      const subjects = pathSubjects(root, { projectDir, home, cacheDir });
      const known = await probe(subjects, signal);
      return findingsOf(subjects, known, evidenceSettings(raw, root, timeoutMs));
    },
  };
}

function findingsOf(
  subjects: readonly PathSubject[],
  known: ReadonlyMap<string, PathEvidence>,
  settings: EvidenceSettings,
): Finding[] {
  const hanging = new Set<string>();
  return subjects.flatMap(({ path, subject }) => {
    const evidence = known.get(path);
    if (!evidence) return [];
    const mount = evidence.mount?.point ?? path;
    if (evidence.answer === 'silent' && hanging.has(mount)) return [];
    if (evidence.answer === 'silent') hanging.add(mount);
    return judgeEvidence(evidence, subject, settings);
  });
}

function evidenceSettings(raw: RawSettings, root: MapNode, timeoutMs: number): EvidenceSettings {
  const roots = (name: string, usual: readonly string[]) => {
    const value = at(raw, name);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : usual;
  };
  return {
    sharedRoots: roots('cache.sharedRoots', []),
    localRoots: roots('cache.localRoots', LOCAL_ROOTS),
    nodes: nodesOf(root),
    leastFreeBytes: LEAST_FREE_BYTES,
    seconds: timeoutMs / 1000,
  };
}

type Probe = (
  subjects: readonly PathSubject[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, PathEvidence>>;

/** Looks at each path once, a few at a time, unless a fresh answer is known. */
function createProbe({ run, env }: PathLooks['ports'], timeoutMs: number): Probe {
  const answers = new Map<string, { readonly evidence: PathEvidence; readonly until: number }>();
  const slots = createSlots(LOOKS_AT_ONCE);
  const fresh = (path: string) => {
    const answer = answers.get(path);
    return answer && answer.until > Date.now() ? answer.evidence : undefined;
  };
  const lookAt = async (path: string, signal: AbortSignal): Promise<PathEvidence> => {
    const mountinfo = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
    const evidence = await probePath(path, { run, env, mountinfo, timeoutMs }, signal);
    const lifetime = evidence.answer === 'silent' ? SILENCE_MS : LIFETIME_MS;
    answers.set(path, { evidence, until: Date.now() + lifetime });
    return evidence;
  };
  return async (subjects, signal) => {
    const paths = [...new Set(subjects.map(({ path }) => path))].slice(0, MOST_PATHS);
    const found = paths.map(async (path): Promise<[string, PathEvidence]> => {
      return [path, fresh(path) ?? (await slots.use(signal, () => lookAt(path, signal)))];
    });
    const settled = await Promise.allSettled(found);
    signal.throwIfAborted();
    return new Map(settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])));
  };
}
