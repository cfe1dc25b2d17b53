// The record of a user's last collection: for the view, and so that automatic ones keep their distance.
import fs from 'node:fs';
import type { RootfsGcResult, RootfsLastGc } from '../../model/rootfs.ts';
import type { UserLayout } from './layout.ts';
import type { RootfsPorts } from './rootfsPorts.ts';

const SECOND = 1_000_000_000n;
/** Seconds between automatic collections. Rootfs contract, section 2.7 step 9. */
const GAP = 30n;

/** The last run, or null when there was none that can be read. */
export function readLastGc(layout: UserLayout): RootfsLastGc | null {
  try {
    return JSON.parse(fs.readFileSync(layout.lastGc, 'utf8')) as RootfsLastGc;
  } catch {
    return null;
  }
}

/** True when a collection ended so lately that no automatic one may begin; a time in the future is no reason. */
export function ranLately(layout: UserLayout, ports: Pick<RootfsPorts, 'nowNs'>): boolean {
  const last = readLastGc(layout);
  if (!last || !Number.isSafeInteger(last.at)) return false;
  const age = ports.nowNs() / SECOND - BigInt(last.at);
  return age >= 0n && age < GAP;
}

/** Remembers a run. Best effort: a full disk must not fail a collection. */
export function recordLastGc(
  layout: UserLayout,
  result: RootfsGcResult,
  trigger: string | undefined,
  ports: Pick<RootfsPorts, 'nowNs' | 'log'>,
): void {
  const last: RootfsLastGc = {
    at: Number(ports.nowNs() / SECOND),
    reason: result.reason,
    trigger: trigger ?? null,
    evicted: result.evicted.length,
    bytes_freed: result.bytes_freed,
  };
  try {
    const temporary = `${layout.lastGc}.tmp`;
    fs.writeFileSync(temporary, `${JSON.stringify(last)}\n`, { mode: 0o600 });
    fs.renameSync(temporary, layout.lastGc);
  } catch (error) {
    ports.log.debug(`gc-last.json was not written: ${(error as Error).message}`);
  }
}
