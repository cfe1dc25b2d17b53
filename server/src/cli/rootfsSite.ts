// What the machine says of the rootfs cache, for the RC rules of `validate` and `lint`: the site's plugstack file and srun.
import { realPorts } from '../core/ports.ts';
import { askProgram } from '../core/process.ts';
import { rootfsPorts } from '../core/rootfs/rootfsPorts.ts';
import { loadPlugstack } from '../core/rootfs/plugstackFiles.ts';
import { findSrun, listsCacheFlag, SRUN_HELP } from '../core/rootfs/srunFlag.ts';
import { readRootfsRules } from '../load/rootfsRules.ts';
import type { RootfsRuleSettings } from '../spec/rules/rootfsCache.ts';
import type { CommandContext } from './command.ts';

/** Settings as the site gives them. srun is asked at most once, and only where a spec has its flag. */
export function siteRootfsRules(context: CommandContext): RootfsRuleSettings {
  let answer: boolean | undefined;
  const flagIsKnown = () => {
    const srun = findSrun(context.env.PATH);
    return (answer ??= srun !== undefined && listsCacheFlag(askProgram(srun, SRUN_HELP, context.env) ?? ''));
  };
  const { env, log } = context;
  const identity = { uid: process.geteuid?.() ?? -1, host: '', version: '' };
  const ports = rootfsPorts(realPorts(log, env), identity);
  return readRootfsRules({ plugstack: loadPlugstack(), ports, flagIsKnown });
}
