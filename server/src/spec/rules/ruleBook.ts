// The doors of the rule book: checks of one block at a time, facts of blocks as plain values, and rules over facts alone.
// The incremental engine keeps findings and facts per block, keyed by the block's text.
import type { Finding } from '../../model/finding.ts';
import type { Pair } from '../node.ts';
import { Sink, type RuleContext } from './check.ts';
import type { Entry } from './place.ts';
import { withProfile } from './resourceProfile.ts';
import { checkSecrets } from './secrets.ts';
import { checkAllocation } from './slurmBlock.ts';
import { checkDiscover, checkMail, checkParallelism, checkSignal, checkWatchdog } from './slurmBehaviour.ts';
import { checkArtifacts, checkBurstBuffer, checkResume, checkScratch, checkStaging } from './slurmData.ts';
import { checkModules, checkSoftwareEnv } from './softwareEnv.ts';
import { checkSweep } from './sweep.ts';
import { under } from './place.ts';

/** Findings of one root block (`x-slurm`, `x-env`, `modules`, `sweep`, `secrets`), in the order of the contract; none for others. */
export function checkRootBlock(pair: Pair, context: RuleContext): Finding[] {
  const sink = new Sink(context);
  const name = String(pair.key.value);
  const place: Entry = { node: pair.value, field: name, key: pair.key, name };
  const check = ROOT_CHECKS[name];
  check?.(place, sink);
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
}
