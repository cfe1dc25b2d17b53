// Checks of what submitting needs: Slurm's programs, and an srun that starts containers (pyxis). The command line runs where jobs are
// submitted, so that what is missing blocks there; an editor may run on a laptop, where it only means that this is no cluster.
import { OperationFailure } from '../../model/failure.ts';
import type { CachePlan, ToolName } from '../../model/plan.ts';
import { findTool } from '../prepare/toolPath.ts';
import type { ProcessRun } from '../process.ts';
import type { Check, PreflightInput, SrunHelp } from './check.ts';
import { blocked, noted, passed, type CheckItem } from './items.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The program that a plan chose or PATH holds. */
export function locateTool(
  tool: ToolName,
  { binaries }: Pick<CachePlan, 'binaries'>,
  env: Environment,
): string | undefined {
  try {
    return findTool(tool, binaries[tool] ?? tool, env.PATH);
  } catch (error) {
    if (error instanceof OperationFailure) return undefined;
    throw error;
  }
}

const LIMIT_MS = 10_000;

/** Asks srun, for ten seconds at most. Throws the signal's reason. */
export async function askSrun(
  plan: CachePlan,
  { env, run }: { readonly env: Environment; readonly run: ProcessRun },
  signal?: AbortSignal,
): Promise<SrunHelp | undefined> {
  const srun = plan.backend === 'pyxis' ? locateTool('srun', plan, env) : undefined;
  if (srun === undefined) return undefined;
  const limit = AbortSignal.timeout(LIMIT_MS);
  const either = signal ? AbortSignal.any([signal, limit]) : limit;
  try {
    const { stdout, stderr, startError } = await run({
      command: srun,
      args: ['--help'],
      env,
      signal: either,
    });
    return startError === undefined ? { text: stdout + stderr } : { problem: startError };
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) return { problem: `no answer within ${LIMIT_MS / 1000} s` };
    throw error;
  }
}

/** Slurm's programs, and scontrol where a job spans nodes. */
export const checkSlurm: Check = (input) => {
  const tools: ToolName[] = ['srun', 'sbatch', ...(input.nodes > 1 ? (['scontrol'] as const) : [])];
  return [...tools.map((tool) => programItem(tool, input)), ...containerItems(input)];
};

function programItem(tool: ToolName, input: PreflightInput): CheckItem {
  const { plan, env } = input;
  const found = locateTool(tool, plan, env);
  if (found !== undefined) return passed(`${tool} is available: ${found}`);
  const name = plan.binaries[tool] ?? tool;
  const remedy = `Submit from a node with Slurm’s client tools, or name it with --${tool}-bin or in the settings (binaries).`;
  return isOffCluster(input)
    ? noted(`'${name}' was not found: jobs cannot be submitted from this machine`, remedy)
    : blocked(`required binary '${name}' was not found`, remedy);
}

/** True in an editor on a machine that has none of Slurm's programs. */
export function isOffCluster({ isEditor, plan, env }: PreflightInput): boolean {
  const here = (tool: ToolName) => locateTool(tool, plan, env) !== undefined;
  return isEditor && !here('srun') && !here('sbatch');
}

function containerItems({ plan, srunHelp }: PreflightInput): CheckItem[] {
  if (!srunHelp) return [];
  if ('problem' in srunHelp) {
    const command = `${plan.binaries.srun ?? 'srun'} --help`;
    return [
      blocked(
        `'${command}' could not be run: ${srunHelp.problem}`,
        'Look at the Slurm installation of this node.',
      ),
    ];
  }
  if (srunHelp.text.includes('--container-image')) return [passed('srun starts containers (pyxis)')];
  const remedy =
    'Ask the site for the pyxis plugin, submit from a node that has it, or choose another runtime.backend.';
  return [blocked('srun does not know --container-image: pyxis is not installed here', remedy)];
}
