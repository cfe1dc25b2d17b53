// How the pure rooms see other files: `.env`, bases of `extends`, env files, settings. The doors decide how they are read.

export type FileState =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  /** Exists but cannot be read; `reason` is the system's word (EACCES, EISDIR, …). */
  | { readonly kind: 'unreadable'; readonly reason: string }
  /** Not known yet: the server reads it in the background and analyses again; rules that need it stay silent. */
  | { readonly kind: 'pending' };

export interface SpecFiles {
  /** The state of one file by absolute path. Never throws, never blocks. */
  read(path: string): FileState;
}
