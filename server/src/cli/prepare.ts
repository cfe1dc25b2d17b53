// `prepare`: progress and messages on stderr, the result on stdout in hpc-compose's form (cache contract, section 6.5).
import { realPorts } from '../core/ports.ts';
import { isTruthy } from '../core/prepare/buildImage.ts';
import { prepare, type PrepareOptions } from '../core/prepare/prepare.ts';
import type { PrepareAction, PrepareArtifactResult, PrepareProgress, PrepareResult } from '../model/cache.ts';
import { SpecFailure } from '../load/specFailure.ts';
import { hintFor, OperationFailure } from '../model/failure.ts';
import { decidesVerdict } from '../model/finding.ts';
import type { CachePlan } from '../model/plan.ts';
import { parseDuration } from '../spec/grammar/duration.ts';
import { formatOf, lastValue, UsageError, type Arguments, type CommandContext } from './command.ts';
import { findingJson } from './findingOutput.ts';
import { loadSpec, sayOtherVersion, textIfThere } from './loadSpec.ts';

const LABELS: Readonly<Record<PrepareAction, string>> = {
  built: 'BUILD',
  reused: 'REUSE',
  present: 'OK',
  failed: 'FAIL',
  skipped: 'SKIP',
};

/** Runs the command. Gives 0, or 1 when a service could not be prepared. */
export async function runPrepare(context: CommandContext, args: Arguments): Promise<number> {
  const format = formatOf(args);
  const options = optionsOf(args);
  const loaded = await loadSpec(context, args).catch((error: unknown) =>
    printInvalid(error, format, context),
  );
  const { plan, findings } = loaded;
  for (const finding of findings) context.log.info(`${finding.code}: ${finding.message}`);
  warnOfSecrets(plan, context);
  await sayOtherVersion(plan, context);
  const quiet = format === 'json' || args.switches.has('quiet');
  const say = quiet ? () => undefined : context.say;
  const started = Date.now();
  say('[run] Preparing runtime artifacts');
  const progress = sayProgress(say, isTruthy(context.env.HPC_COMPOSE_PREPARE_VERBOSE));
  const ports = realPorts(context.log, context.env);
  const chosen = withTools(plan, args);
  const result = await prepare(chosen, { ...options, signal: context.signal, onProgress: progress }, ports);
  const failed = [...new Set(failuresOf(result))];
  say(`[${failed.length > 0 ? 'fail' : 'done'}] Preparing runtime artifacts (${Date.now() - started}ms)`);
  for (const line of failed) process.stderr.write(`${line}\n`);
  if (format === 'json') await context.out(`${JSON.stringify(result, null, 2)}\n`);
  else if (!quiet) await context.out(summaryOf(result));
  return failed.length > 0 ? 1 : 0;
}

// Scripts get one object whatever happens: what `validate` gives, with the parts of a result that there are none of.
async function printInvalid(error: unknown, format: string, context: CommandContext): Promise<never> {
  if (format === 'json' && error instanceof OperationFailure) {
    const findings = error instanceof SpecFailure ? error.findings.filter(decidesVerdict) : [];
    const answer = {
      schema_version: 1,
      valid: false,
      compose_file: error.data.path ?? null,
      services: [],
      error: { code: error.code, message: error.message },
      findings: findings.map((finding) => findingJson(finding, textIfThere)),
    };
    await context.out(`${JSON.stringify(answer, null, 2)}\n`);
  }
  throw error;
}

function optionsOf(args: Arguments): PrepareOptions {
  const jobs = lastValue(args, 'jobs');
  if (jobs !== undefined && !/^[1-9]\d{0,2}$/.test(jobs))
    throw new UsageError(`--jobs takes a number from 1 to 999, not '${jobs}'`);
  const lockTimeoutMs = durationOf(args, 'lock-timeout');
  const buildTimeoutMs = durationOf(args, 'build-timeout');
  return {
    force: args.switches.has('force-rebuild'),
    keepFailed: args.switches.has('keep-failed-prep'),
    failFast: args.switches.has('fail-fast'),
    ...(jobs === undefined ? {} : { jobs: Number(jobs) }),
    ...(lockTimeoutMs === undefined ? {} : { lockTimeoutMs }),
    ...(buildTimeoutMs === undefined ? {} : { buildTimeoutMs }),
  };
}

function durationOf(args: Arguments, flag: string): number | undefined {
  const text = lastValue(args, flag);
  if (text === undefined) return undefined;
  const parsed = parseDuration(text);
  if (!('value' in parsed))
    throw new UsageError(`--${flag} takes a duration such as 30s, 10m or 2h, not '${text}'`);
  return parsed.value * 1000;
}

function withTools(plan: CachePlan, args: Arguments): CachePlan {
  const binaries = { ...plan.binaries };
  for (const tool of ['enroot', 'apptainer', 'singularity'] as const) {
    const chosen = lastValue(args, `${tool}-bin`);
    if (chosen !== undefined) binaries[tool] = chosen;
  }
  return { ...plan, binaries };
}

// The manifest's bytes are shared with hpc-compose and hold the values; only the user can keep them out.
function warnOfSecrets(plan: CachePlan, context: CommandContext): void {
  const secret = plan.services.filter(({ preparedInputs }) =>
    preparedInputs.some(({ value }) => value.startsWith('<redacted>')),
  );
  if (secret.length === 0) return;
  const names = secret.map(({ name }) => name).join(', ');
  context.log.warn(
    `warning: secret values in prepare.env of ${names} are stored in clear in the cache's manifests and are visible in the tool's arguments.`,
  );
}

function sayProgress(say: (text: string) => void, verbose: boolean) {
  const said = new Map<string, string>();
  return ({ service, phase, message, line }: PrepareProgress): void => {
    if (line !== undefined) {
      if (verbose) say(`    ${service}: ${line}`);
      return;
    }
    // Growing sizes are for lenses and bars; a log gets each phase once.
    const key = phase === 'command' ? message : phase;
    if (phase === 'done' || phase === 'failed' || said.get(service) === key) return;
    said.set(service, key);
    say(`    ${service}: ${message}`);
  };
}

function failuresOf(result: PrepareResult): string[] {
  return result.services.flatMap(({ service_name, base_image, runtime_image }) => {
    const error = base_image?.error ?? runtime_image.error;
    if (!error) return [];
    const who = `service '${service_name}'`;
    const words = error.message.includes(who) ? `error: ${error.message}` : `error: ${who}: ${error.message}`;
    const hint = hintFor(error.code);
    return hint === '' ? [words] : [words, `hint: ${hint}`];
  });
}

function summaryOf(result: PrepareResult): string {
  const lines = result.services.flatMap(({ service_name, base_image, runtime_image }) => [
    ...(base_image ? [lineOf(service_name, 'base image ', base_image)] : []),
    lineOf(service_name, '', runtime_image),
    ...(runtime_image.note === null ? [] : [`  note service '${service_name}': ${runtime_image.note}`]),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}

function lineOf(service: string, what: string, image: PrepareArtifactResult): string {
  return `[service ${service} ${LABELS[image.action]}] ${what}${image.path}`;
}
