// The judgement of one text: every finding at once and the verdict, stages 3 to 16 of the spec contract, section 0. Pure; other
// files come through `SpecFiles`.
import { decidesVerdict, type Finding } from '../model/finding.ts';
import type { CacheDirChoice } from '../model/plan.ts';
import type { SpecFiles } from './files.ts';
import { checkCacheDir, type CacheFixSources } from './lint/cachePath.ts';
import { lintSpec } from './lint/lintSpec.ts';
import { checkRelations } from './lint/relations.ts';
import { applySuppressions } from './lint/suppress.ts';
import { stringOf, valueAt, type MapNode, type SpecNode } from './node.ts';
import { parseYaml } from './parse.ts';
import { resolveSpec, type ResolvedSpec } from './resolve.ts';
import type { RuleContext } from './rules/check.ts';
import { checkSpec } from './rules/checkSpec.ts';
import type { ClusterProfile } from './rules/clusterProfile.ts';
import { checkShapes } from './structure/checkStructure.ts';
import { claimMissingSecrets, suppressDerived } from './suppressDerived.ts';
import type { Variables } from './variables.ts';

/** What a spec is judged against, beside its text. Everything of it may change without the text. */
export interface Surroundings {
  /** Absolute path of the spec as given, or its URI; goes into every span. */
  readonly file: string;
  readonly files: SpecFiles;
  readonly variables: Variables;
  readonly userHome: string | undefined;
  /** Severity of R060; a warning where variables cannot be known. */
  readonly missingSeverity?: 'error' | 'warning';
  readonly resourceProfiles?: RuleContext['resourceProfiles'];
  readonly rootfsCache?: RuleContext['rootfsCache'];
  /** R170 counts. */
  readonly strictEnv?: boolean;
  /** Absent: no lint rules. */
  readonly lint?: LintSurroundings;
  /** Reads the spec's own text; must give what `parseYaml` gives, the default. */
  readonly parse?: typeof parseYaml;
}

export interface LintSurroundings {
  /** Directory that relative host paths of the spec start from. */
  readonly projectDir: string;
  readonly home: string | undefined;
  /** The cache directory that a spec with this `x-slurm.cache_dir` uses; undefined when that is not known. */
  readonly chooseCacheDir: (written: string | undefined) => CacheDirChoice;
  readonly cacheFixes?: CacheFixSources;
  readonly cluster?: ClusterProfile;
}

export interface Analysis {
  /** In the order of the text; those of other files last. */
  readonly findings: readonly Finding[];
  /** False when a rule that decides the verdict found something. */
  readonly valid: boolean;
  /** The tree as written. */
  readonly root: SpecNode | undefined;
  readonly resolved: ResolvedSpec | undefined;
  /** Files to be read before the result is final. */
  readonly pending: readonly string[];
}

/** Judges one text. Never throws. */
export function analyse(text: string, around: Surroundings): Analysis {
  const { root, findings, damaged } = (around.parse ?? parseYaml)(text, around.file);
  if (root?.kind !== 'map' || damaged) return finish(text, around, root, undefined, findings);
  const resolved = resolveSpec({
    path: around.file,
    text,
    root,
    files: around.files,
    parse: parseYaml,
    variables: around.variables,
    userHome: around.userHome,
    ...(around.missingSeverity === undefined ? {} : { missingSeverity: around.missingSeverity }),
  });
  const strict = around.strictEnv ? resolved.defaulted.map(({ finding }) => finding) : [];
  return finish(text, around, root, resolved, [
    ...findings,
    ...resolved.findings,
    ...strict,
    ...(resolved.merged ? checkShapes(resolved.merged, resolved.incomplete) : []),
    ...(resolved.root ? claimMissingSecrets(checkMeaning(resolved.root, resolved, around), text) : []),
  ]);
}

function checkMeaning(root: MapNode, resolved: ResolvedSpec, around: Surroundings): Finding[] {
  const { textOf } = resolved.scope;
  const { resourceProfiles, rootfsCache, lint } = around;
  const checkable = {
    root,
    incomplete: resolved.incomplete,
    incompleteServices: resolved.incompleteServices,
  };
  const check = checkSpec(checkable, {
    textOf,
    ...(resourceProfiles ? { resourceProfiles } : {}),
    ...(rootfsCache ? { rootfsCache } : {}),
  });
  const relations = checkRelations(check.root, check.services);
  if (!lint) return [...check.findings, ...relations];
  const choice = lint.chooseCacheDir(stringOf(valueAt(root, 'x-slurm', 'cache_dir')));
  const warnings = lintSpec(check.root, check.services, {
    projectDir: lint.projectDir,
    home: lint.home,
    cacheDir: choice.path,
    cacheDirFindings: checkCacheDir(root, choice, textOf, lint.cacheFixes),
    hasExtends: /\bextends\b/.test(resolved.scope.textOf(around.file) ?? ''),
    ...(lint.cluster ? { cluster: lint.cluster } : {}),
  });
  return [...check.findings, ...warnings, ...relations];
}

function finish(
  text: string,
  { file }: Surroundings,
  root: SpecNode | undefined,
  resolved: ResolvedSpec | undefined,
  findings: readonly Finding[],
): Analysis {
  const left = applySuppressions(text, file, root, suppressDerived(findings));
  const rank = (finding: Finding) => (finding.span.file === file ? finding.span.start : Infinity);
  const ordered = left.toSorted((a, b) => (rank(a) < rank(b) ? -1 : Number(rank(a) > rank(b))));
  return {
    findings: ordered,
    valid: !ordered.some(decidesVerdict),
    root,
    resolved,
    pending: resolved?.pending ?? [],
  };
}
