// HX020-HX039: what hpc-compose takes without a word although it cannot be meant. Each says only what is certain; none is an error.
import { hostOf } from '../grammar/probe.ts';
import { parseMount } from '../grammar/mount.ts';
import { isBlank } from '../grammar/text.ts';
import { isNull } from '../node.ts';
import type { Sink } from './check.ts';
import { quoted } from './finding.ts';
import { checkServicePlausibility } from './servicePlausibility.ts';
import { checkJobPlausibility, checkSlurmTexts } from './slurmPlausibility.ts';
import { below, entries, items, keySpan, text, under, word, type Entry, type Place } from './place.ts';

const LONGEST_NAME = 185;
const MOST_NODES = 100_000;

/** Own findings about one service. */
export function checkPlausibility(service: Entry, sink: Sink): void {
  checkName(service, sink);
  checkImageText(service, sink);
  checkVolumes(under(service, 'volumes'), sink);
  checkRepeats(under(service, 'environment'), sink);
  checkRepeats(under(service, 'depends_on'), sink);
  checkEmptyBlocks(service, sink);
  const url = below(service, 'readiness', 'url');
  const address = text(url);
  if (url && address !== undefined && !isBlank(address) && hostOf(address) === undefined)
    sink.value('HX029', url, {
      words: { problem: `${quoted(address)} has no host; write http://HOST:PORT/PATH` },
    });
  checkSlurmTexts(under(service, 'x-slurm'), sink);
  checkServicePlausibility(service, sink);
  for (const block of ['x-runtime', 'x-enroot']) {
    const mounts = below(service, block, 'prepare', 'mounts');
    if (mounts && items(mounts).length > 0) sink.key('HX036', mounts);
  }
}

/** Own findings about the root block `x-slurm`. */
export function checkSlurmPlausibility(slurm: Place, sink: Sink): void {
  const nodes = under(slurm, 'nodes');
  const value = nodes?.node.kind === 'scalar' ? nodes.node.value : undefined;
  if (nodes && typeof value === 'number' && value > MOST_NODES)
    sink.value('HX034', nodes, { words: { value } });
  checkSlurmTexts(slurm, sink);
  checkJobPlausibility(slurm, sink);
  checkRepeats(below(slurm, 'metrics', 'collectors'), sink);
  checkEmptyBlocks(slurm, sink);
}

function checkName(service: Entry, sink: Sink): void {
  const { name } = service;
  const problem =
    name === ''
      ? 'is empty'
      : name.includes('/')
        ? 'holds a /, which becomes part of file names'
        : new TextEncoder().encode(name).length > LONGEST_NAME
          ? `is longer than ${LONGEST_NAME} bytes; the file names made from it are too long`
          : undefined;
  if (problem) sink.key('HX030', service, { words: { value: quoted(name), problem } });
}

function checkImageText(service: Entry, sink: Sink): void {
  const image = under(service, 'image');
  const value = text(image);
  const { backend } = sink.context;
  if (!image || value === undefined || backend === undefined) return;
  if (backend === 'host') {
    sink.key('HX031', image);
    return;
  }
  const problem = imageProblem(value);
  if (problem) sink.value('HX020', image, { words: { value: quoted(value), problem } });
}

/** Nothing that a registry or a file could be called. */
function imageProblem(image: string): string | undefined {
  const name = image.replace(/^(docker|dockerd|podman):\/\//, '');
  if (isBlank(name)) return 'the name is missing';
  if (/\.(sif|sqsh|squashfs)/.test(name)) return undefined;
  if (/\s/.test(name)) return 'names hold no spaces';
  if (name.endsWith(':')) return 'the tag after : is missing';
  return /[A-Z]/.test(repositoryOf(name)) ? 'names of repositories are in lower case' : undefined;
}

/** The path of a reference: without registry (enroot's `registry#` too), user, tag and digest. */
function repositoryOf(name: string): string {
  const bare = name.replace(/@sha256:.*$/, '');
  const path = bare.includes('#') ? bare.slice(bare.indexOf('#') + 1) : bare.slice(bare.indexOf('@') + 1);
  const [first = '', ...rest] = path.split('/');
  const parts = rest.length > 0 && /[.:]|^localhost$/.test(first) ? rest : [first, ...rest];
  return parts.join('/').replace(/:[^/]*$/, '');
}

function checkVolumes(volumes: Place | undefined, sink: Sink): void {
  const targets = new Map<string, Place>();
  for (const item of items(volumes)) {
    const value = text(item);
    const mount = value === undefined ? undefined : parseMount(value);
    if (!mount?.ok) continue;
    const { host, container } = mount.value;
    if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(host)) sink.value('HX023', item, { words: { value: host } });
    const first = targets.get(container);
    if (first) {
      const related = [{ span: first.node.span, message: 'The first one stands here.' }];
      sink.value('HX024', item, { words: { target: container }, related });
    } else targets.set(container, item);
  }
}

/** The same name twice in a list: of variables, dependencies or words. */
function checkRepeats(list: Place | undefined, sink: Sink): void {
  const firsts = new Map<string, Place>();
  for (const item of items(list)) {
    const name = (word(item) ?? '').split('=')[0] ?? '';
    const first = firsts.get(name);
    if (name === '') continue;
    if (first) {
      const related = [{ span: first.node.span, message: 'The first one stands here.' }];
      sink.value('HX025', item, { words: { what: quoted(name) }, related });
    } else firsts.set(name, item);
  }
}

/** Keys of blocks whose lines are gone, so that the key alone says nothing. */
const BLOCK_KEYS = new Set([
  'volumes',
  'environment',
  'depends_on',
  'x-slurm',
  'runtime',
  'x-env',
  'x-runtime',
  'x-enroot',
  'readiness',
  'scratch',
  'artifacts',
  'notify',
  'placement',
  'mpi',
  'failure_policy',
]);

function checkEmptyBlocks(block: Place, sink: Sink): void {
  for (const entry of entries(block)) checkEmptyBlock(entry, sink);
}

/** HX033 for one key. */
export function checkEmptyBlock(entry: Entry, sink: Sink): void {
  const isAbsent = isNull(entry.node) && entry.node.span.end === entry.node.span.start;
  if (isAbsent && BLOCK_KEYS.has(entry.name))
    sink.at('HX033', entry, keySpan(entry), { words: { key: entry.name } });
}
