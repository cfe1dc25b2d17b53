// `cache inspect`: what a prepare of a spec would reuse, in the peer's form, and why not (cache contract, section 7.3).
import { inspectPlan } from '../core/inspect.ts';
import { realPorts } from '../core/ports.ts';
import type { InspectArtifact, InspectService, Manifest, Why } from '../model/cache.ts';
import type { CachePlan } from '../model/plan.ts';
import { printResult } from './cacheTarget.ts';
import { formatOf, lastValue, type Arguments, type CommandContext } from './command.ts';
import { loadSpec, sayOtherVersion } from './loadSpec.ts';

/** Runs the command. An unknown service gives an empty answer. */
export async function runCacheInspect(context: CommandContext, args: Arguments): Promise<number> {
  const format = formatOf(args);
  const { plan } = await loadSpec(context, args);
  const service = lastValue(args, 'service');
  const ports = realPorts(context.log, context.env);
  const result = await inspectPlan(plan, ports, service === undefined ? {} : { service });
  if (service !== undefined && result.services.length === 0)
    context.say(`hint: no service '${service}' in this spec; there are: ${namesOf(plan)}`);
  await sayOtherVersion(plan, context);
  const text =
    format === 'json' ? `${JSON.stringify(result, null, 2)}\n` : result.services.map(serviceText).join('');
  await printResult(context, text);
  return 0;
}

function namesOf({ services }: CachePlan): string {
  return services.map(({ name }) => name).join(', ');
}

function serviceText(service: InspectService): string {
  const lines = [
    `service: ${service.service_name}`,
    `source image: ${service.source_image}`,
    ...(service.base_artifact ? baseLines(service.base_artifact, service.base_registry) : []),
    `runtime artifact: ${service.runtime_artifact.path}`,
    ...artifactLines(service.runtime_artifact),
    `current reuse expectation: ${service.current_reuse_expectation}`,
    ...(service.note === null ? [] : [`note: ${service.note}`]),
    ...service.why.map(whyLine),
    '',
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function baseLines(base: InspectArtifact, registry: string | null): string[] {
  return [
    `base artifact: ${base.path}`,
    ...(registry === null ? [] : [`base registry: ${registry}`]),
    ...artifactLines(base),
  ];
}

function artifactLines({ artifact_present, manifest_path, manifest }: InspectArtifact): string[] {
  return [
    `artifact present: ${yesNo(artifact_present)}`,
    `manifest path: ${manifest_path}`,
    ...(manifest ? manifestLines(manifest) : ['manifest present: no']),
  ];
}

function manifestLines(manifest: Manifest): string[] {
  const { prepare_commands: commands } = manifest;
  const prepared = [
    `prepare root: ${manifest.prepare_root ?? true}`,
    `prepare commands: ${commands.length === 0 ? '0' : commands.join(' | ')}`,
    `force rebuild due to mounts: ${yesNo(manifest.force_rebuild_due_to_mounts)}`,
  ];
  return [
    `manifest kind: ${manifest.kind}`,
    `manifest cache key: ${manifest.cache_key}`,
    `manifest source: ${manifest.source_image}`,
    `manifest services: ${manifest.service_names.join(',')}`,
    `manifest created_at: ${manifest.created_at}`,
    `manifest last_used_at: ${manifest.last_used_at}`,
    ...(manifest.kind === 'prepared' ? prepared : []),
  ];
}

function whyLine(why: Why): string {
  return 'reason' in why ? `why: ${why.reason}` : `why: ${why.input} changed: ${why.before} -> ${why.after}`;
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
