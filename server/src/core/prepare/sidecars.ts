// What prepare leaves for later questions: which spec uses which image, and what an image was made from. Never needed for a
// correct prepare, so a cache that cannot be written to, or a full disk, only loses the answers.
import { isAbsolute } from 'node:path';
import type { Manifest, PrepareServiceResult } from '../../model/cache.ts';
import type { ImageArtifact, KeyInput } from '../../model/plan.ts';
import { recordInputs } from '../inputs.ts';
import { recordUse } from '../registry.ts';
import { recordSecretTexts } from '../secretTexts.ts';
import { keepLeftover, sweepCache } from '../sweep.ts';
import type { PrepareRun } from './prepareRun.ts';

/** Keeps what a built image was made from. */
export function rememberInputs(run: PrepareRun, artifact: ImageArtifact, inputs: readonly KeyInput[]): void {
  bestEffort(run, () => recordInputs(artifact, inputs));
}

/** Keeps which texts of a manifest hold secrets, so that lists mask them. Call it before the manifest is written. */
export function rememberSecrets(run: PrepareRun, artifact: ImageArtifact, manifest: Manifest): void {
  bestEffort(run, () => recordSecretTexts(artifact, manifest, run.plan.secretValues));
}

/** Keeps that this spec uses the images that are there now. */
export function rememberUse(run: PrepareRun, results: readonly PrepareServiceResult[]): void {
  const { specPath, cacheDir } = run.plan;
  const images = results.flatMap(({ base_image, runtime_image }) => [base_image, runtime_image]);
  const used = images.flatMap((image) =>
    image?.action === 'built' || image?.action === 'reused' ? [image.path] : [],
  );
  if (used.length === 0 || !isAbsolute(specPath)) return;
  bestEffort(run, () => recordUse(cacheDir.path, specPath, used));
}

/** Marks the state of a failed build as kept on purpose, so that no sweep takes it. */
export function rememberKept(run: PrepareRun, path: string): void {
  bestEffort(run, () => keepLeftover(run.plan.cacheDir.path, path));
}

/** Removes what dead builds left behind, before a new one needs the room. */
export async function sweepFirst(run: PrepareRun): Promise<void> {
  try {
    const { removed } = await sweepCache(run.plan.cacheDir.path, run.ports);
    for (const path of removed) run.ports.log.info(`removed ${path}, left by a build that died`);
  } catch (error) {
    run.ports.log.debug(`not swept: ${String(error)}`);
  }
}

function bestEffort(run: PrepareRun, work: () => void): void {
  try {
    work();
  } catch (error) {
    run.ports.log.debug(`not recorded: ${String(error)}`);
  }
}
