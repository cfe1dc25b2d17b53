// What can be ended: everything that starts or creates something gives one of these back.

export interface Lifetime {
  dispose(): void;
}

/** Ends all of them, in the order given. */
export function endAll(...parts: readonly { dispose(): unknown }[]): void {
  for (const part of parts) part.dispose();
}
