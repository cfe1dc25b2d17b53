// Which of the places that a build writes to is to blame when a tool says "no space left": the one with the least room.
import type { FailureData } from '../../model/failure.ts';
import type { PrepareRun, Step } from './run.ts';

interface Room {
  readonly path: string;
  readonly freeBytes: number;
  readonly freeInodes: number;
}

/** Data for the words of a failure: the place, its free bytes and what had been written. */
export function fullPlace(run: PrepareRun, step: Step): FailureData {
  const places = [run.plan.cacheDir.path, step.env.ENROOT_TEMP_PATH, step.env.ENROOT_DATA_PATH];
  const rooms = places.flatMap((path) => (path === undefined ? [] : roomOf(run, path)));
  const least = rooms.reduce<Room | undefined>(
    (found, room) => (found && found.freeBytes <= room.freeBytes ? found : room),
    undefined,
  );
  const image = run.plan.services.find((service) => service.name === step.service)?.sourceImage ?? '';
  const known = { image: run.mask(image), service: step.service };
  if (!least) return { ...known, path: run.plan.cacheDir.path };
  return { ...known, path: least.path, free_bytes: least.freeBytes, free_inodes: least.freeInodes };
}

function roomOf(run: PrepareRun, path: string): Room[] {
  try {
    const { bavail, bsize, ffree } = run.ports.files.statfs(path);
    return [{ path, freeBytes: bavail * bsize, freeInodes: ffree }];
  } catch {
    return [];
  }
}
