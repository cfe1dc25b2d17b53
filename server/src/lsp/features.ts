// The features of the language server, in the order in which they register. Add yours here, in a file of its own.
import type { Feature } from './serverContext.ts';

export const FEATURES: readonly Feature[] = [];
