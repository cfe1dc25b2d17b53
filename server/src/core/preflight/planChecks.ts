// Checks of what a plan needs on this machine: programs, local images, host paths of mounts.
import * as fs from 'node:fs';
import type { Backend } from '../../model/plan.ts';
import { blocked, noted, passed, warned, type CheckItem } from './items.ts';
import type { Check } from './check.ts';
import { isOffCluster, locateTool } from './slurm.ts';

const TOOLS: Readonly<Record<Exclude<Backend, 'host'>, 'enroot' | 'apptainer' | 'singularity'>> = {
  pyxis: 'enroot',
  apptainer: 'apptainer',
  singularity: 'singularity',
};

/** The program of the backend. Host needs none; away from the cluster it is no wonder that there is none. */
export const checkBinaries: Check = (input) => {
  const { plan, env } = input;
  if (plan.backend === 'host') return [passed('host runtime: no container program is needed')];
  const tool = TOOLS[plan.backend];
  const found = locateTool(tool, plan, env);
  if (found !== undefined) return [passed(`${tool} is available: ${found}`)];
  const name = plan.binaries[tool] ?? tool;
  const remedy = `Install ${tool} here, load its module, or name it with --${tool}-bin or in the settings (binaries).`;
  return isOffCluster(input)
    ? [noted(`'${name}' was not found: images cannot be prepared on this machine`, remedy)]
    : [blocked(`required binary '${name}' was not found`, remedy)];
};

/** Two tools share a cache only when they hash the same version. */
export const checkToolVersion: Check = ({ plan, tool }) => {
  if (!tool) return [];
  const found = `hpc-compose ${tool.version} is on PATH (${tool.path})`;
  if (tool.version === plan.toolVersion) return [passed(`${found}; keys are made for the same version`)];
  const remedy = `Adopt its version with --tool-version ${tool.version} or the setting hpcCompose.toolVersion ("detected" follows it).`;
  return [
    warned(`${found}, but keys are made for ${plan.toolVersion}: neither reuses the other's images`, remedy),
  ];
};

/** Local image files. */
export const checkImages: Check = ({ plan }) =>
  plan.services.flatMap(({ name, source }) => {
    if (source.kind === 'remote' || source.kind === 'host') return [];
    const isFile = fs.statSync(source.path, { throwIfNoEntry: false })?.isFile() === true;
    if (isFile) return [passed(`local image of service '${name}' is present: ${source.path}`)];
    const remedy = 'Mend the path of the image in the spec, or make the file first.';
    return [blocked(`local image of service '${name}' does not exist: ${source.path}`, remedy)];
  });

/** Host paths of volumes and of prepare mounts. */
export const checkHostPaths: Check = ({ plan, volumes }) => {
  const mounts = plan.services.flatMap(({ name, prepare }) =>
    (prepare?.mounts ?? []).map((mount) => ({ service: name, host: mount.split(':')[0] ?? '' })),
  );
  return [
    ...volumes.map(({ service, host }) => pathItem('volume', service, host)),
    ...mounts.map(({ service, host }) => pathItem('prepare mount', service, host)),
  ];
};

function pathItem(what: string, service: string, host: string): CheckItem {
  if (fs.existsSync(host)) return passed(`${what} of service '${service}' is present: ${host}`);
  const remedy =
    'Make the directory or file, or mend the path in the spec; a site’s workspace must be allocated first (ws_allocate, for example).';
  return blocked(`${what} of service '${service}' is missing: ${host}`, remedy);
}
