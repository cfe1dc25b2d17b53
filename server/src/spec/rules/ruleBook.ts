// The doors of the rule book: checks of one block at a time, facts of blocks as plain values, and rules over facts alone.
// The incremental engine keeps findings and facts per block, keyed by the block's text.
import type { Finding } from '../../model/finding.ts';
import { valueOf, type MapNode, type Pair } from '../node.ts';
import { checkAssertion } from './assertion.ts';
import { Sink, type RuleContext } from './check.ts';
import { checkConditions } from './dependsOn.ts';
import { checkExecution, checkScript } from './execution.ts';
import type { RootFacts, ServiceFacts } from './facts.ts';
import { checkFailurePolicy } from './failurePolicy.ts';
import { checkImage } from './image.ts';
import { checkMountSyntax, checkMountUse } from './mounts.ts';
import { under, type Entry } from './place.ts';
import { checkEmptyBlock, checkPlausibility, checkSlurmPlausibility } from './plausibility.ts';
import { checkPrepareChoice, checkPrepareUse, checkPrepareValues } from './prepare.ts';
import { checkReadiness } from './readiness.ts';
import { readBackend, readRootFacts, readServiceFacts } from './readFacts.ts';
import { withProfile } from './resourceProfile.ts';
import { checkRootfsCache } from './rootfsCache.ts';
import { checkSecrets } from './secrets.ts';
import { checkAllocation } from './slurmBlock.ts';
import { checkDiscover, checkMail, checkParallelism, checkSignal, checkWatchdog } from './slurmBehaviour.ts';
import { checkArtifacts, checkBurstBuffer, checkResume, checkScratch, checkStaging } from './slurmData.ts';
import { checkModules, checkSoftwareEnv, checkVariableNames } from './softwareEnv.ts';
import { checkServiceSlurm } from './serviceSlurm.ts';
import { checkSweep } from './sweep.ts';

/** Findings of one root block (`x-slurm`, `x-env`, `modules`, `sweep`, `secrets`), in the order of the contract; none for others. */
export function checkRootBlock(pair: Pair, context: RuleContext): Finding[] {
  const sink = new Sink(context);
  const name = String(pair.key.value);
  const place: Entry = { node: pair.value, field: name, key: pair.key, name };
  checkEmptyBlock(place, sink);
  ROOT_CHECKS[name]?.(place, sink);
  return sink.findings;
}

const ROOT_CHECKS: Readonly<Record<string, (place: Entry, sink: Sink) => void>> = {
  modules: checkModules,
  'x-env': checkSoftwareEnv,
  sweep: checkSweep,
  secrets: checkSecrets,
  'x-slurm': checkSlurm,
};

function checkSlurm(written: Entry, sink: Sink): void {
  const place = withProfile(written, sink);
  checkAllocation(place, sink);
  checkScratch(under(place, 'scratch'), sink);
  checkStaging(place, sink);
  checkBurstBuffer(under(place, 'burst_buffer'), sink);
  sink.atLeastOne('R089', under(under(place, 'metrics'), 'interval_seconds'), 'main');
  checkWatchdog(under(place, 'watchdog'), sink);
  checkArtifacts(under(place, 'artifacts'), sink);
  checkResume(under(place, 'resume'), sink);
  checkMail(place, sink);
  checkDiscover(under(place, 'rendezvous'), sink);
  checkParallelism(place, sink);
  checkSignal(under(place, 'signal'), sink);
  checkSlurmPlausibility(place, sink);
}

/** Findings of one service's own values: first those of stage 11, then those of stage 13, in the order of the contract. */
export function checkService(pair: Pair, context: RuleContext): Finding[] {
  const entry = serviceEntry(pair);
  if (entry?.node.kind !== 'map') return [];
  const sink = new Sink(context, entry.name);
  checkValues(entry, sink);
  checkUse(entry, sink);
  checkPlausibility(entry, sink);
  return sink.findings;
}

function checkValues(service: Entry, sink: Sink): void {
  checkScript(service, sink);
  checkReadiness(service, sink);
  checkPrepareChoice(service, sink);
  checkMountSyntax(under(service, 'volumes'), sink);
  checkVariableNames(under(service, 'environment'), sink);
  checkModules(under(service, 'modules'), sink);
  const env = under(service, 'x-env');
  if (env) checkSoftwareEnv(env, sink);
  checkAssertion(under(service, 'assert'), sink);
  const slurm = under(service, 'x-slurm');
  if (slurm) checkServiceSlurm(slurm, sink);
  checkPrepareValues(service, sink);
}

function checkUse(service: Entry, sink: Sink): void {
  checkConditions(service, sink);
  checkMountUse(service, sink);
  checkExecution(service, sink);
  checkImage(service, sink);
  checkPrepareUse(service, sink);
  checkFailurePolicy(under(under(service, 'x-slurm'), 'failure_policy'), sink);
  checkRootfsCache(service, sink);
}

/** Facts of one service, or undefined when its name or its block cannot be read at all. */
export function factsOfService(pair: Pair, context: RuleContext): ServiceFacts | undefined {
  const entry = serviceEntry(pair);
  return entry?.node.kind === 'map' ? readServiceFacts(entry, context) : undefined;
}

function serviceEntry({ key, value }: Pair): Entry | undefined {
  if (typeof key.value !== 'string') return undefined;
  return { node: value, field: `services.${key.value}`, key, name: key.value };
}

/** Facts of the root blocks; `services` itself may be left out of the tree. */
export function factsOfRoot(root: MapNode, context: RuleContext): RootFacts {
  const slurm = under({ node: root, field: '' }, 'x-slurm');
  // The sink only takes up R068 here; checkRootBlock reports it.
  const filled = slurm && withProfile(slurm, new Sink(context));
  return readRootFacts(root, filled, context);
}

/** The services of a spec, under either name. */
export function servicesOf(root: MapNode): readonly Pair[] {
  const services = valueOf(root, 'services') ?? valueOf(root, 'steps');
  return services?.kind === 'map' ? services.pairs : [];
}

/** The context of a whole tree: the backend that it chooses beside what the caller knows. */
export function contextOf(root: MapNode, known: Omit<RuleContext, 'backend'>): RuleContext {
  return { ...known, backend: readBackend(root) };
}
