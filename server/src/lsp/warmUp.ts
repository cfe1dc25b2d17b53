// Judges a small spec of its own in idle moments after the start, so that the first document finds code that was loaded and
// compiled. In steps of a few milliseconds; it ends for good as soon as there is something else to do.
import type { Surroundings } from '../spec/analyse.ts';
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
const FIRST_MS = 20;

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

/** Starts; `isBusy` is asked before each step whether to end. Gives a function that ends it. */
export function warmUp(isBusy: () => boolean): () => void {
  const steps = stepsOfWarmUp();
  let timer: NodeJS.Timeout | undefined;
  const go = () => {
    const step = isBusy() ? undefined : steps.shift();
    if (!step) return;
    step();
    wait(1);
  };
  const wait = (ms: number) => {
    timer = setTimeout(go, ms);
    timer.unref();
  };
  wait(FIRST_MS);
  return () => clearTimeout(timer);
}

/** What is done, one after the other; exported so that a test can see that each step judges without a finding. */
export function stepsOfWarmUp(): (() => number)[] {
  const spec = followEdits();
  const rounds = Array.from({ length: ROUNDS }, (_, round) => () => {
    const text = SPEC.replace('redis:7', `redis:7.${round}`).replace('  work:', `  work${round}:`);
    return spec.analyse(text, AROUND).findings.length;
  });
  const unusual = () => readUnusual(SPEC, AROUND.file).syntax.length;
  return [unusual, ...rounds];
}
