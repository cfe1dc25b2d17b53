// The whole judgement of one spec: YAML, bases, variables, rules, lint, comments that silence, masked secrets. Pure; what lies
// outside of the text comes in as values and ports.
import { decidesVerdict, type Finding } from '../model/finding.ts';
import { secretMask } from '../model/mask.ts';
import { parentPath } from '../model/paths.ts';
import type { CacheDirChoice } from '../model/plan.ts';
import type { SpecFiles } from './files.ts';
import { checkCacheDir } from './lint/cachePath.ts';
import { inStartOrder, lintSpec } from './lint/lintSpec.ts';
import { applySuppressions } from './lint/suppress.ts';
import { stringOf, valueAt, valueOf, type MapNode } from './node.ts';
import { parseYaml } from './parse.ts';
import { resolveSpec, type ResolvedSpec } from './resolve.ts';
import { ruleOf } from './rules/catalogue.ts';
import { checkSpec, type SpecCheck } from './rules/checkSpec.ts';
import type { ClusterProfile } from './rules/clusterProfile.ts';
import { checkShapes } from './structure/checkStructure.ts';
import type { Variables } from './variables.ts';

export interface JudgeInput {
  /** Absolute path as given; goes into spans. */
  readonly path: string;
  readonly text: string;
  readonly files: SpecFiles;
  readonly variables: Variables;
  readonly home: string | undefined;
  readonly userHome: string | undefined;
  /** Directory that relative host paths start from: that of the real file. */
  readonly projectDir: string;
  readonly resourceProfiles: ReadonlyMap<string, Readonly<Record<string, string | number>>>;
  readonly cacheDirOf: (written: string | undefined) => CacheDirChoice;
  readonly cluster?: ClusterProfile;
  readonly strictEnv?: boolean;
}

export interface Judgement {
  readonly valid: boolean;
  /** Everything, in document order; secrets masked. */
  readonly findings: readonly Finding[];
  /** Lint findings alone, in the order of the contract; empty for an invalid spec. */
  readonly lint: readonly Finding[];
  /** Name of the job. */
  readonly name: string;
  /** In start order. */
  readonly services: readonly string[];
  readonly pending: readonly string[];
  readonly resolved: ResolvedSpec;
  /** Texts of the spec and its bases, for lines and columns. */
  readonly textOf: (file: string) => string | undefined;
}

export function judgeSpec(input: JudgeInput): Judgement {
  const parsed = parseYaml(input.text, input.path);
  const resolved = resolveSpec({
    path: input.path,
    text: input.text,
    root: parsed.root,
    files: input.files,
    parse: parseYaml,
    variables: input.variables,
    userHome: input.userHome,
  });
  const textOf = (file: string) =>
    file === input.path ? input.text : (resolved.baseTexts.get(file) ?? textOfFile(input.files, file));
  const root = resolved.root;
  const shape = resolved.merged ? checkShapes(resolved.merged, resolved.incomplete) : [];
  // A text that could not be read to its end has only half a tree: rules on it would guess.
  const isReadable = root !== undefined && !parsed.findings.some(({ code }) => code === 'R004');
  const check = isReadable
    ? checkSpec({ ...resolved, root }, { textOf, resourceProfiles: input.resourceProfiles })
    : undefined;
  const strict = input.strictEnv ? resolved.defaulted.map(({ finding }) => finding) : [];
  const checked = (check?.findings ?? []).map((finding) => claimMissing(finding, input.text));
  const judged = [...parsed.findings, ...shape, ...resolved.findings, ...checked, ...strict];
  const lint = check && root ? lintOf(input, resolved, root, check, textOf) : [];
  const kept = applySuppressions(input.text, input.path, parsed.root, [...judged, ...lint]);
  const mask = maskFinding(secretMask(resolved.secretValues));
  const findings = inDocumentOrder(kept, input.path).map(mask);
  return {
    valid: !findings.some(decidesVerdict),
    findings,
    lint: lint.filter((finding) => kept.includes(finding)).map(mask),
    name: root ? jobNameOf(root) : '',
    services: check ? inStartOrder(check.services).map(({ facts }) => facts.name) : [],
    pending: resolved.pending,
    resolved,
    textOf,
  };
}

function textOfFile(files: SpecFiles, file: string): string | undefined {
  const state = files.read(file);
  return state.kind === 'text' ? state.text : undefined;
}

function lintOf(
  input: JudgeInput,
  resolved: ResolvedSpec,
  root: MapNode,
  check: SpecCheck,
  textOf: (file: string) => string | undefined,
): Finding[] {
  const choice = input.cacheDirOf(stringOf(valueAt(root, 'x-slurm', 'cache_dir')));
  const dotenvFile = `${parentPath(input.path)}/.env`;
  const dotenv = { file: dotenvFile, text: textOfFile(input.files, dotenvFile) };
  const defined = input.variables.byName.has('CACHE_DIR') ? { definedWhere: 'already' } : {};
  return lintSpec(check.root, check.services, {
    projectDir: input.projectDir,
    home: input.home,
    cacheDir: choice.path,
    cacheDirFindings: checkCacheDir(root, choice, textOf, { dotenv, ...defined }),
    hasExtends: resolved.merged !== undefined && /\bextends\b/.test(input.text),
    ...(input.cluster ? { cluster: input.cluster } : {}),
  });
}

/** A secret without a value is not also told as a missing variable (R060): the broken declaration stands for that. */
function claimMissing(finding: Finding, text: string): Finding {
  const name = /^secrets\.(.+)$/s.exec(finding.field ?? '')?.[1];
  if (name === undefined || !['R050', 'R051', 'R052'].includes(finding.code)) return finding;
  const secret = name.split('.')[0] ?? name;
  return text.includes(`\${${secret}`) || text.includes(`$${secret}`)
    ? { ...finding, suppressed: ['R060'] }
    : finding;
}

function jobNameOf(root: MapNode): string {
  return stringOf(valueAt(root, 'x-slurm', 'job_name')) ?? stringOf(valueOf(root, 'name')) ?? 'hpc-compose';
}

function maskFinding(mask: (text: string) => string): (finding: Finding) => Finding {
  return (finding) => ({
    ...finding,
    message: mask(finding.message),
    ...(finding.recommendation === undefined ? {} : { recommendation: mask(finding.recommendation) }),
    ...(finding.related === undefined
      ? {}
      : { related: finding.related.map((place) => ({ ...place, message: mask(place.message) })) }),
  });
}

/** Findings of the spec itself by place, then those of other files as they came. */
function inDocumentOrder(findings: readonly Finding[], path: string): Finding[] {
  const own = findings.filter(({ span }) => span.file === path);
  const others = findings.filter(({ span }) => span.file !== path);
  return [...own.toSorted((a, b) => a.span.start - b.span.start), ...others];
}

/** Of several findings the one that hpc-compose would have told: the first of the earliest stage. */
export function firstByStage(findings: readonly Finding[]): Finding | undefined {
  const errors = findings.filter(decidesVerdict);
  const stageOf = ({ code }: Finding) => ruleOf(code)?.stage ?? 13;
  return errors.reduce<Finding | undefined>(
    (first, finding) => (first === undefined || stageOf(finding) < stageOf(first) ? finding : first),
    undefined,
  );
}
