// The environment of the system's small tools (flock, perl, rm, unsquashfs, …): where programs are, and words that can be read.

/** PATH alone, and the C locale, because answers are parsed and shown next to our own words. */
export function plainEnvironment({ PATH }: Readonly<Record<string, string | undefined>>): {
  readonly PATH: string;
  readonly LC_ALL: 'C';
} {
  return { PATH: PATH ?? '/usr/bin:/bin', LC_ALL: 'C' };
}
