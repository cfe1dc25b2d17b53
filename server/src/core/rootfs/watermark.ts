// How full a file system is, and how much must go. Exact integer arithmetic: a percentage is never rounded before it is
// compared. Source: rootfs contract, section 2.7 steps 1, 2 and 6.

/** What statfs says, in blocks, plus inodes. */
export interface FileSystemUsage {
  readonly blocks: bigint;
  readonly bfree: bigint;
  readonly bavail: bigint;
  readonly bsize: bigint;
  readonly files: bigint;
  readonly ffree: bigint;
}

export type UsageFormula = 'df' | 'pr174';

export interface Limits {
  /** Percent, 1..99, low < high. */
  readonly high: number;
  readonly low: number;
  /** Budget of the cache itself in bytes; 0: none. */
  readonly maxBytes: number;
  readonly minFreeBytes: number;
  readonly inodeHigh: number;
  readonly inodeLow: number;
  readonly usageFormula: UsageFormula;
}

export interface Incoming {
  readonly bytes: number;
  readonly inodes: number;
}

export type Dimension = 'usage' | 'budget' | 'free' | 'inodes';

/** One exceeded limit: what must be freed to end below the low mark, and what at least to be off the high mark. */
export interface Excess {
  readonly dimension: Dimension;
  /** Bytes (or inodes) to free until the low mark is undercut. */
  readonly need: bigint;
  /** Bytes (or inodes) without which the run would be useless. */
  readonly floor: bigint;
}

export const NOTHING_INCOMING: Incoming = { bytes: 0, inodes: 0 };

/** Used and usable blocks. `df`: reserved blocks belong to nobody; `pr174`: they count as used. */
export function usedBlocks(fs: FileSystemUsage, formula: UsageFormula): { used: bigint; usable: bigint } {
  if (formula === 'pr174') return { used: fs.blocks - fs.bavail, usable: fs.blocks };
  const used = fs.blocks - fs.bfree;
  return { used, usable: used + fs.bavail };
}

/** Used percent for display, one decimal at most; null when the file system has no size. */
export function usedPercent(fs: FileSystemUsage, formula: UsageFormula): number | null {
  const { used, usable } = usedBlocks(fs, formula);
  return usable <= 0n ? null : Number((used * 1000n) / usable) / 10;
}

/** Every limit that is exceeded now, counting what is about to be written as used. */
export function measureExcess(
  fs: FileSystemUsage,
  cacheBytes: number,
  limits: Limits,
  incoming: Incoming = NOTHING_INCOMING,
): Excess[] {
  return [
    usageExcess(fs, limits, BigInt(incoming.bytes)),
    budgetExcess(BigInt(cacheBytes) + BigInt(incoming.bytes), limits),
    freeExcess(fs, limits, BigInt(incoming.bytes)),
    inodeExcess(fs, limits, BigInt(incoming.inodes)),
  ].filter((excess) => excess !== undefined);
}

/** Of limits that were exceeded when the run began, those that are not yet below their low mark. */
export function remainingExcess(
  exceeded: readonly Dimension[],
  fs: FileSystemUsage,
  cacheBytes: number,
  limits: Limits,
  incoming: Incoming = NOTHING_INCOMING,
): Excess[] {
  const atLow: Limits = {
    ...limits,
    high: limits.low,
    maxBytes: Number(lowBudget(limits)),
    inodeHigh: limits.inodeLow,
  };
  return measureExcess(fs, cacheBytes, atLow, incoming).filter((excess) =>
    exceeded.includes(excess.dimension),
  );
}

function usageExcess(fs: FileSystemUsage, limits: Limits, incoming: bigint): Excess | undefined {
  const { used, usable } = usedBlocks(fs, limits.usageFormula);
  const bytes = used * fs.bsize + incoming;
  const total = usable * fs.bsize;
  if (total <= 0n || bytes * 100n < BigInt(limits.high) * total) return undefined;
  return {
    dimension: 'usage',
    need: untilBelow(bytes, limits.low, total),
    floor: untilBelow(bytes, limits.high, total),
  };
}

function budgetExcess(bytes: bigint, limits: Limits): Excess | undefined {
  const max = BigInt(limits.maxBytes);
  if (max <= 0n || bytes < max) return undefined;
  const low = lowBudget(limits);
  return { dimension: 'budget', need: atLeastOne(bytes - low + 1n), floor: 1n };
}

function lowBudget(limits: Limits): bigint {
  if (limits.maxBytes <= 0) return 0n;
  const low = (BigInt(limits.maxBytes) * BigInt(limits.low)) / BigInt(limits.high);
  return low > 0n ? low : 1n;
}

function freeExcess(fs: FileSystemUsage, limits: Limits, incoming: bigint): Excess | undefined {
  const missing = BigInt(limits.minFreeBytes) - (fs.bavail * fs.bsize - incoming);
  if (limits.minFreeBytes <= 0 || missing <= 0n) return undefined;
  return { dimension: 'free', need: missing, floor: missing };
}

/** File systems without a fixed number of inodes report none: nothing to exceed. */
function inodeExcess(fs: FileSystemUsage, limits: Limits, incoming: bigint): Excess | undefined {
  const used = fs.files - fs.ffree + incoming;
  if (fs.files <= 0n || used * 100n < BigInt(limits.inodeHigh) * fs.files) return undefined;
  return {
    dimension: 'inodes',
    need: untilBelow(used, limits.inodeLow, fs.files),
    floor: untilBelow(used, limits.inodeHigh, fs.files),
  };
}

/** The smallest amount x with (amount - x) / total strictly below `percent`. */
function untilBelow(amount: bigint, percent: number, total: bigint): bigint {
  return atLeastOne((amount * 100n - BigInt(percent) * total) / 100n + 1n);
}

function atLeastOne(value: bigint): bigint {
  return value > 0n ? value : 1n;
}
