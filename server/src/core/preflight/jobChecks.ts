// Checks of what a job looks for on the nodes where it runs. This machine can only guess: nothing here blocks.
import * as fs from 'node:fs';
import { findTool } from '../prepare/toolPath.ts';
import type { Check, JobNeeds, MetricsTool, PreflightInput } from './check.ts';
import { noted, passed, warned, type CheckItem } from './items.ts';

/** Resume directory, curl, metrics, modules and views, as hpc-compose checks them. */
export const checkJob: Check = (input) => [
  ...resumeItems(input),
  ...httpItems(input),
  ...input.needs.metrics.map((tool) => metricsItem(tool, input)),
  ...moduleItems(input),
  ...input.needs.spackViews.flatMap((view) => viewItems(view, input)),
];

function resumeItems({ needs: { resume } }: PreflightInput): CheckItem[] {
  if (resume === undefined) return [];
  if (!/^\/(?:var\/)?tmp(?:\/|$)/.test(resume))
    return [passed(`resume directory is no temporary one: ${resume}`)];
  const message = `resume directory ${resume} is local to each node: a job that is requeued elsewhere does not find it`;
  return [warned(message, 'Set x-slurm.resume.path to a directory that all nodes mount.')];
}

function httpItems(input: PreflightInput): CheckItem[] {
  if (!input.needs.asksHttp) return [];
  if (isHere('curl', input)) return [passed('curl is available for readiness checks by HTTP')];
  const remedy = 'Make sure that compute nodes have curl, or choose another readiness.type.';
  return [warned("readiness checks by HTTP need 'curl', which was not found here", remedy)];
}

function metricsItem(tool: MetricsTool, input: PreflightInput): CheckItem {
  if (isHere(tool, input)) return passed(`metrics can be read with ${tool}`);
  const remedy = 'Login nodes often lack it. Without it on the compute nodes these metrics stay empty.';
  return noted(`metrics are read with '${tool}', which was not found here`, remedy);
}

const MODULES_SCRIPT = '/etc/profile.d/modules.sh';

function moduleItems(input: PreflightInput): CheckItem[] {
  if (!input.needs.loadsModules) return [];
  const isThere = isHere('module', input) || fs.existsSync(MODULES_SCRIPT);
  const found = isThere
    ? passed('modules of x-env can be loaded')
    : warned(
        "x-env loads modules, but no 'module' command was found here",
        'Run this on a node with Environment Modules or Lmod, or set the environment up in x-slurm.setup.',
      );
  return [found, ...hostSideItems('modules of x-env', input)];
}

function viewItems({ of, path }: JobNeeds['spackViews'][number], input: PreflightInput): CheckItem[] {
  const found = fs.existsSync(path)
    ? passed(`Spack view of ${of} is present: ${path}`)
    : warned(
        `Spack view of ${of} is missing: ${path}`,
        'Make it on shared storage, or mend x-env.spack.view.',
      );
  return [found, ...hostSideItems(`Spack view of ${of}`, input)];
}

/** What is loaded on the host is not seen in a container by itself. */
function hostSideItems(what: string, { plan }: PreflightInput): CheckItem[] {
  if (plan.backend === 'host') return [];
  return [
    warned(
      `${what}: loaded on the host, not inside containers`,
      'Add volumes for what a container needs of it.',
    ),
  ];
}

function isHere(name: string, { env }: PreflightInput): boolean {
  try {
    return findTool(name, name, env.PATH) !== '';
  } catch {
    return false;
  }
}
