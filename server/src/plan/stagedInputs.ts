// Datasets and models that `x-slurm.stage_in` takes from Hugging Face (cache contract, section 2.3).
import { joinPath } from '../model/paths.ts';
import type { StagedInput } from '../model/plan.ts';
import { itemsOf, stringOf, valueAt, valueOf, type SpecNode } from '../spec/node.ts';
import { stagedKey, type StagedSegment } from './keys.ts';

const SEGMENTS: Readonly<Record<StagedInput['kind'], StagedSegment>> = {
  dataset: 'datasets',
  model: 'models',
  source: 'source',
};

/** Every staged input of a resolved root, in the order written. */
export function readStagedInputs(root: SpecNode | undefined, cacheDir: string): StagedInput[] {
  return itemsOf(valueAt(root, 'x-slurm', 'stage_in')).flatMap((entry) => {
    const hf = valueOf(entry, 'hf');
    const repo = stringOf(valueOf(hf, 'repo'));
    const revision = stringOf(valueOf(hf, 'revision'));
    if (repo === undefined || revision === undefined) return [];
    const kind = stringOf(valueOf(hf, 'kind')) === 'dataset' ? 'dataset' : 'model';
    return [stagedInput(kind, `hf://${repo}`, revision, cacheDir)];
  });
}

/** One staged input with its key and directory. */
export function stagedInput(
  kind: StagedInput['kind'],
  uri: string,
  revision: string | null,
  cacheDir: string,
): StagedInput {
  const segment = SEGMENTS[kind];
  const key = stagedKey(segment, uri, revision);
  return { kind, path: joinPath(cacheDir, `${segment}/${key}`), key, uri, revision };
}
