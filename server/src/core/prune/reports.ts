// Reports of applied prunes, kept for 30 days in `.hpc-compose-vscode/reports/` of the cache. Best effort: a prune never fails for
// want of its report.
import fs from 'node:fs';
import path from 'node:path';
import type { PruneReport } from '../../model/cache.ts';
import { packList } from '../packed/packList.ts';
import type { PackedEntries } from '../packed/packedState.ts';
import {
  isOwnFolder,
  makeSidecarDirectory,
  readSidecarJson,
  sidecarNames,
  sidecarPath,
  writeSidecarFile,
} from '../sidecar.ts';

const FOLDER = 'reports';
const KEPT_SECONDS = 30 * 86_400;
/** `<seconds>-<nanoseconds>.json`: the name tells the age, so that old ones go without being read. */
const NAME = /^(\d{9,12})-\d+\.json$/;

/** Writes a report and removes those that are older than 30 days. Never throws. */
export function keepReport(report: PruneReport): void {
  const cacheDir = report.result.cache_dir;
  try {
    const folder = makeSidecarDirectory(cacheDir, FOLDER);
    const name = `${Math.floor(report.created_at)}-${process.hrtime.bigint()}.json`;
    writeSidecarFile(path.join(folder, name), `${JSON.stringify(report, null, 2)}\n`);
    if (isOwnFolder(cacheDir, FOLDER)) removeOld(folder, report.created_at);
  } catch {
    // A read-only cache, or no space: what was done is shown all the same.
  }
}

function removeOld(folder: string, now: number): void {
  for (const name of sidecarNames(folder)) {
    const written = Number(NAME.exec(name)?.[1] ?? Infinity);
    if (written < now - KEPT_SECONDS) fs.rmSync(path.join(folder, name), { force: true });
  }
}

/** The reports of a cache, the latest first. Damaged ones are left out. */
export function readReports(cacheDir: string): PruneReport[] {
  const folder = sidecarPath(cacheDir, FOLDER);
  // Names tell the order within a second.
  const names = sidecarNames(folder)
    .filter((name) => NAME.test(name))
    .sort()
    .reverse();
  return names
    .map((name) => readSidecarJson(path.join(folder, name)))
    .filter(isReport)
    .sort((a, b) => b.created_at - a.created_at);
}

/** readReports as text, one a piece: each may be big. */
export function packReports(cacheDir: string): Generator<PackedEntries> {
  return packList(readReports(cacheDir), 1);
}

function isReport(value: unknown): value is PruneReport {
  const report = value as Partial<PruneReport> | null | undefined;
  return (
    typeof report?.created_at === 'number' &&
    Array.isArray(report.plan?.entries) &&
    Array.isArray(report.result?.removed_paths) &&
    Array.isArray(report.result.skipped) &&
    Array.isArray(report.result.failed)
  );
}
