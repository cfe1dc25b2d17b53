// HPC003, HPC005: volumes that services may spoil, or that other nodes do not see.
import { isAtOrBelow } from '../../model/paths.ts';
import type { Finding, FindingFix } from '../../model/finding.ts';
import { nodeLocalRootOf, resolveHostPath } from '../grammar/localPath.ts';
import { movedSpan, type MountFact, type Placed, type PlacedWith, type RootFacts } from '../rules/facts.ts';
import { findingOf } from '../rules/finding.ts';
import type { LintContext } from './lintSpec.ts';

/** Services in any order. */
export function lintIgnoredWrites(
  { scratch }: RootFacts,
  services: readonly PlacedWith<'ignored' | 'mounts' | 'usesScratch'>[],
  context: LintContext,
): Finding[] {
  return services.flatMap((placed) => {
    const { facts, shift } = placed;
    if (!facts.ignored) return [];
    const because = { span: movedSpan(facts.ignored, shift), message: 'Failures are ignored here.' };
    const findings = facts.mounts
      .filter((mount) => !mount.readOnly && isShared(hostOf(mount, context), context))
      .map((mount) => ignoredMount(placed, mount, context, because));
    if (!scratch?.shared || !facts.usesScratch) return findings;
    const related = [{ span: scratch.span, message: 'The scratch directory is shared.' }];
    const found = { field: 'x-slurm.scratch', service: facts.name, span: because.span, related };
    return [...findings, findingOf('HPC003', { ...found, variant: 'scratch' })];
  });
}

function ignoredMount(
  { facts, shift }: PlacedWith<never>,
  mount: MountFact,
  context: LintContext,
  because: NonNullable<Finding['related']>[number],
): Finding {
  const span = movedSpan(mount.span, shift);
  return findingOf('HPC003', {
    span,
    field: `services.${facts.name}.volumes`,
    service: facts.name,
    words: { service: facts.name, path: hostOf(mount, context) },
    related: [because],
    fixes: mount.end === undefined ? [] : [readOnlyFix(mount, shift)],
  });
}

function readOnlyFix({ end, span }: MountFact, shift: number): FindingFix {
  const at = (end ?? span.end) + shift;
  return {
    title: 'Mount it read-only (:ro)',
    edits: [{ span: { file: span.file, start: at, end: at }, newText: ':ro' }],
  };
}

/** Looks at one service alone. */
export function lintLocalVolumes({ facts, shift }: Placed, context: HostContext): Finding[] {
  return facts.mounts.flatMap((mount) => {
    const path = hostOf(mount, context);
    const root = nodeLocalRootOf(path);
    if (root === undefined) return [];
    const field = `services.${facts.name}.volumes`;
    const span = movedSpan(mount.span, shift);
    return [findingOf('HPC005', { span, field, service: facts.name, words: { path, root } })];
  });
}

type HostContext = Pick<LintContext, 'projectDir' | 'home'>;

function hostOf(mount: MountFact, { projectDir, home }: HostContext): string {
  return resolveHostPath(mount.host, projectDir, home);
}

function isShared(path: string, { cluster }: LintContext): boolean {
  const roots = cluster?.sharedPaths ?? [];
  if (roots.length === 0) return nodeLocalRootOf(path) === undefined;
  return roots.some((root) => isAtOrBelow(path, root));
}
