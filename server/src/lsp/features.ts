// The features of the language server, in the order in which they register. Add yours here, in a file of its own.
import { registerActions } from './actionFeature.ts';
import { cacheFeature } from './cacheFeature.ts';
import { namesFeature } from './namesFeature.ts';
import { rendezvousFeature } from './rendezvousFeature.ts';
import { rootfsFeature } from './rootfsRequests.ts';
import { rootfsTimer } from './rootfsTimer.ts';
import { selfFeature } from './selfFeature.ts';
import type { Feature } from './serverContext.ts';
import { setupFeature } from './setupFeature.ts';

export const FEATURES: readonly Feature[] = [
  cacheFeature,
  registerActions,
  rendezvousFeature,
  setupFeature,
  rootfsFeature,
  rootfsTimer(),
  selfFeature,
  namesFeature,
];
