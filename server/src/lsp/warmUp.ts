// Judges a small spec of its own in idle moments, sound and then damaged as half-typed text is, so that the first document and the
// first unclosed quote find code that was loaded and compiled. In steps of a few milliseconds, never while there is something to do.
// From the first such moment on V8 makes machine code whenever it likes.
import { optimiseAsUsual } from '../core/optimiseLate.ts';
import type { Surroundings } from '../spec/analyse.ts';
import { PieceText } from '../model/pieceText.ts';
import { followEdits } from '../spec/analyseEdits.ts';
import { readUnusual } from '../spec/parse.ts';

const SPEC = `name: warm-up
x-slurm:
  nodes: 2
  time: "01:00:00"
  mem: 64G
  cache_dir: /shared/cache
services:
  db:
    image: redis:7
    command: redis-server --save ""
    readiness: {type: tcp, port: 6379, timeout_seconds: 30}
  work:
    image: python:3.12
    environment:
      A: "1"
      B: \${HOME:-x}
    volumes:
      - /shared/data:/data:ro
    depends_on:
      db:
        condition: service_healthy
    command:
      - /bin/sh
      - -c
      - |
        # a comment
        echo one
    x-runtime:
      prepare:
        commands: [pip install x]
    x-slurm:
      cpus_per_task: 1
`;
const ROUNDS = 40;
const DAMAGED_ROUNDS = 15;
const FIRST_MS = 20;
/** Whoever works is asked again after this. */
const BUSY_MS = 500;

const AROUND: Surroundings = {
  file: '/warm-up/compose.yaml',
  files: { read: () => ({ kind: 'missing' }) },
  variables: { byName: new Map(), findings: [], pending: [] },
  userHome: undefined,
  lint: {
    projectDir: '/warm-up',
    home: undefined,
    chooseCacheDir: () => ({ path: '/shared/cache', source: 'spec' }),
  },
};

/** Starts; `isBusy` is asked before each step whether to wait. Gives a function that ends it. */
export function warmUp(isBusy: () => boolean): () => void {
  const { sound, damaged } = stepsOfWarmUp();
  const steps = [optimiseAsUsual, ...sound, ...damaged];
  let timer: NodeJS.Timeout | undefined;
  const go = () => {
    if (isBusy()) {
      wait(BUSY_MS);
      return;
    }
    steps.shift()?.();
    if (steps.length > 0) wait(1);
  };
  const wait = (ms: number) => {
    timer = setTimeout(go, ms);
    timer.unref();
  };
  wait(FIRST_MS);
  return () => clearTimeout(timer);
}

/** What people leave for a moment while they type. */
const DAMAGES: readonly ((text: string) => string)[] = [
  (text) => text.replace('redis:7', '"redis:7'),
  (text) => text.replace('python:', "'python:"),
  (text) => text.replace('x]', 'x'),
  (text) => text.replace('    environment:', '    environment'),
  (text) => text.replace('      A:', '       A:'),
  (text) => text.replace('    volumes:', '    volume:'),
];

interface Steps {
  /** Each gives the number of findings. */
  readonly sound: readonly (() => number)[];
  readonly damaged: readonly (() => number)[];
}

/** What is done, one after the other; exported so that a test can see what each step judges. */
export function stepsOfWarmUp(): Steps {
  const spec = followEdits();
  // In pieces, as documents are kept, and by one edit from text to text.
  let last = PieceText.of('');
  const judge = (text: string) => {
    last = last.replaced(0, last.length, text);
    return spec.analyse(last, AROUND).findings.length;
  };
  const numbered = (round: number) =>
    SPEC.replace('redis:7', `redis:7.${round}`).replace('  work:', `  work${round}:`);
  const rounds = (count: number) => Array.from({ length: count }, (_, round) => numbered(round));
  const unusual = () => readUnusual(SPEC, AROUND.file).syntax.length;
  return {
    sound: [unusual, ...rounds(ROUNDS).map((text) => () => judge(text))],
    damaged: rounds(DAMAGED_ROUNDS).flatMap((text) => DAMAGES.map((damage) => () => judge(damage(text)))),
  };
}
