// The command lines that build images, as values: cache contract, sections 6.2 (enroot) and 6.3 (apptainer, singularity).
import type { PreparePlan } from '../../model/plan.ts';
import { enrootMount } from './mounts.ts';

/** Commands of one backend, as argument lists. `work` is the root file system's name, or the sandbox's path. */
export interface Steps {
  readonly import: (staging: string, reference: string) => string[];
  readonly create: (work: string, image: string, prepare: PreparePlan) => string[];
  readonly command: (work: string, command: string, prepare: PreparePlan) => string[];
  readonly export: (staging: string, work: string, prepare: PreparePlan) => string[];
  /** Absent where the work folder is simply deleted. */
  readonly remove?: (work: string) => string[];
}

/** enroot. `gpuHook`: leave enroot's NVIDIA hook on; a login node has no driver for it. */
export function enrootSteps(gpuHook: boolean): Steps {
  return {
    import: (staging, reference) => ['import', '-o', staging, reference],
    create: (work, image) => ['create', '--force', '--name', work, image],
    command: (work, command, prepare) => [
      'start',
      ...(prepare.root ? ['--root'] : []),
      '--rw',
      ...prepare.mounts.flatMap((mount) => ['--mount', enrootMount(mount)]),
      // Before the spec's own variables, which may override it.
      ...(gpuHook ? [] : ['--env', 'NVIDIA_VISIBLE_DEVICES=void']),
      ...prepare.env.flatMap((entry) => ['--env', entry]),
      work,
      '/bin/sh',
      '-lc',
      command,
    ],
    export: (staging, work) => ['export', '--force', '--output', staging, work],
    remove: (work) => ['remove', '--force', work],
  };
}

/** apptainer and singularity, which share their command line. */
export const SIF_STEPS: Steps = {
  import: (staging, reference) => ['build', '--force', staging, reference],
  create: (work, image, prepare) => ['build', '--force', '--sandbox', ...fakeroot(prepare), work, image],
  command: (work, command, prepare) => [
    'exec',
    '--writable',
    ...fakeroot(prepare),
    ...prepare.mounts.flatMap((mount) => ['--bind', mount]),
    ...prepare.env.flatMap((entry) => ['--env', entry]),
    work,
    '/bin/sh',
    '-lc',
    command,
  ],
  export: (staging, work, prepare) => ['build', '--force', ...fakeroot(prepare), staging, work],
};

function fakeroot(prepare: PreparePlan): string[] {
  return prepare.root ? ['--fakeroot'] : [];
}
