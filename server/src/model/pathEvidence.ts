// What was found out about one path on this machine, as plain facts: the rules turn them into findings.

export interface PathEvidence {
  /** Normalised, as the spec means it. */
  readonly path: string;
  /** `silent`: the file system did not answer in time, so nothing but the mount is known. */
  readonly answer: 'ok' | 'missing' | 'silent' | 'unknown';
  /** The path with all links followed, also when its last parts do not exist. */
  readonly real?: string;
  /** The mount that holds the real path, from the mount table alone. */
  readonly mount?: { readonly point: string; readonly type: string };
  /** Of the path, or of its nearest ancestor that exists. */
  readonly writable?: boolean;
  readonly worldWritable?: boolean;
  readonly freeBytes?: number;
}
