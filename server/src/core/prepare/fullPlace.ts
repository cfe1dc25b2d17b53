// Which place is to blame when something says "no space left", what room there still is, and whether bytes or inodes ran out.
import type { StatsFs } from 'node:fs';
import { dirname } from 'node:path';
import { OperationFailure, type FailureData } from '../../model/failure.ts';
import { formatBytes } from '../../model/units.ts';
import type { FileSystem } from '../files.ts';
import type { PrepareRun, Step } from './prepareRun.ts';

/** Data for the words of a step's failure: the image, the service, and of the places written to the one with the least room. */
export function failurePlace(run: PrepareRun, step: Step): FailureData {
  const places = [run.plan.cacheDir.path, step.env.ENROOT_TEMP_PATH, step.env.ENROOT_DATA_PATH];
  const rooms = places.flatMap((path) => {
    const room = path === undefined ? undefined : roomOf(path, run.ports.files);
    return room && path !== undefined ? [{ path, free: room.bavail * room.bsize }] : [];
  });
  const [least] = rooms.sort((a, b) => a.free - b.free);
  const image = run.plan.services.find((service) => service.name === step.service)?.sourceImage ?? '';
  return {
    image: run.mask(image),
    service: step.service,
    path: least?.path ?? run.plan.cacheDir.path,
  };
}

/** A failure for lack of space, with the room that is there; `no-inodes` when it is these that ran out. Others as they are. */
export function withRoom(failure: OperationFailure, files: FileSystem): OperationFailure {
  if (failure.code !== 'no-space' && failure.code !== 'quota') return failure;
  const room = roomOf(String(failure.data.path ?? ''), files);
  if (!room) return failure;
  const inodesGone = room.files > 0 && room.ffree === 0;
  const free = `${formatBytes(room.bavail * room.bsize)} free of ${formatBytes(room.blocks * room.bsize)}`;
  const words = inodesGone ? `no inodes free of ${room.files}` : free;
  const code = inodesGone ? 'no-inodes' : failure.code;
  return new OperationFailure(code, { ...failure.data, room: words }, failure);
}

// The file that could not be written need not exist: its nearest folder does.
function roomOf(path: string, files: FileSystem): StatsFs | undefined {
  for (let place = path; place !== ''; place = dirname(place)) {
    try {
      return files.statfs(place);
    } catch {
      if (place === '/' || place === '.') return undefined;
    }
  }
  return undefined;
}
