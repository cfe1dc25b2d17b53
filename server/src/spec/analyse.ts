// The judgement of one text: every finding at once and the verdict, stages 3 to 16 of the spec contract, section 0. Pure; other
// files come through `SpecFiles`.
import { decidesVerdict, type Finding, type Span } from '../model/finding.ts';
import { holds, type Text } from '../model/text.ts';
import type { CacheDirChoice } from '../model/plan.ts';
import { isBefore, placeFindings, WHOLE_TEXT, type BlockPlaces } from './blockPlaces.ts';
import type { Together } from './checkTogether.ts';
import type { SpecFiles } from './files.ts';
import type { InterpolationScope } from './interpolateNode.ts';
import { NOTHING_KEPT, type Kept } from './kept.ts';
import { checkCacheDir, type CacheFixSources } from './lint/cachePath.ts';
import { lintSpec } from './lint/lintSpec.ts';
import { checkRelations } from './lint/relations.ts';
import { applySuppressions, COMMENT_MARK } from './lint/suppress.ts';
import { stringOf, valueAt, type MapNode, type SpecNode } from './node.ts';
import { parseYaml, type ParsedYaml } from './parse.ts';
import { placeNode } from './placeNodes.ts';
import { resolveSpec, type ResolvedSpec } from './resolve.ts';
import type { RuleContext } from './rules/check.ts';
import { checkSpec } from './rules/checkSpec.ts';
import type { ClusterProfile } from './rules/clusterProfile.ts';
import { checkShapes } from './structure/checkStructure.ts';
import { claimMissingSecrets, dropRepeats, dropTabEchoes, suppressDerived } from './suppressDerived.ts';
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
  /** The same for those who want values alone: its places may count inside blocks, and nothing is made to tell them. */
  readonly values: ResolvedSpec | undefined;
  /** Files to be read before the result is final. */
  readonly pending: readonly string[];
}

/** Judges one text. Never throws. */
export function analyse(text: string, around: Surroundings): Analysis {
  const places = WHOLE_TEXT;
  return judge(
    {
      ...around,
      text,
      places,
      mentions: (word) => text.includes(word),
      kept: NOTHING_KEPT,
      parse: parseYaml,
    },
    parseYaml(text, around.file),
  );
}

/** One analysis: the text, what it is judged against, and how its tree was read. */
export interface Judging extends Surroundings {
  readonly text: Text;
  readonly places: BlockPlaces;
  /** The text that spans of a block count in. */
  readonly textOf?: (name: string) => string | undefined;
  /** True when the text holds this. */
  readonly mentions: (word: string) => boolean;
  readonly kept: Kept;
  /** Reads base files. */
  readonly parse: typeof parseYaml;
  /** Told as soon as the shape of everything is judged: gives an analysis with the findings until then. */
  readonly onShapes?: (early: () => Analysis) => void;
}

/** Judges a tree. Whatever the tree is made of and whatever is kept, the findings are those of the whole text. */
export function judge(judging: Judging, { root, findings, damaged }: ParsedYaml): Analysis {
  if (root?.kind !== 'map' || damaged) return finish(judging, root, undefined, findings);
  const resolved = resolve(judging, root);
  const strict = judging.strictEnv ? resolved.defaulted.map(({ finding }) => finding) : [];
  const { incomplete, merged } = resolved;
  const shapes = merged ? checkShapes(merged, incomplete, judging.kept) : [];
  const early = [...findings, ...resolved.findings, ...strict, ...shapes];
  judging.onShapes?.(() => finish(judging, root, resolved, early));
  return finish(judging, root, resolved, [
    ...early,
    ...(resolved.root
      ? claimMissingSecrets(checkMeaning(resolved.root, resolved, judging), judging.text)
      : []),
  ]);
}

function resolve(judging: Judging, root: MapNode): ResolvedSpec {
  const { file, text, files, parse, variables, userHome, kept, textOf, missingSeverity } = judging;
  return resolveSpec({
    path: file,
    ...{ text, root, files, parse, variables, userHome, kept },
    ...(textOf === undefined ? {} : { textOf }),
    ...(missingSeverity === undefined ? {} : { missingSeverity }),
  });
}

function checkMeaning(root: MapNode, resolved: ResolvedSpec, judging: Judging): Finding[] {
  const { textOf } = resolved.scope;
  const { resourceProfiles, rootfsCache, lint, kept, places } = judging;
  const { incomplete, incompleteServices } = resolved;
  const known = {
    textOf,
    isBefore: (a: Span, b: Span) => isBefore(a, b, places),
    ...(resourceProfiles ? { resourceProfiles } : {}),
    ...(rootfsCache ? { rootfsCache } : {}),
  };
  const { findings, facts } = checkSpec({ root, incomplete, incompleteServices }, known, kept, places);
  return [
    ...findings,
    ...(lint ? checkLint(root, facts, lint, judging, textOf) : []),
    ...facts.check('relations', ['counts', 'timeLimit', 'registers'], (job, services) =>
      checkRelations(job, services, kept),
    ),
  ];
}

function checkLint(
  root: MapNode,
  facts: Together,
  lint: LintSurroundings,
  { text, mentions, kept }: Judging,
  textOf: InterpolationScope['textOf'],
): readonly Finding[] {
  const { projectDir, home } = lint;
  const choice = kept.steady(
    'cache directory',
    lint.chooseCacheDir(stringOf(valueAt(root, 'x-slurm', 'cache_dir'))),
  );
  const cluster = kept.steady('cluster', lint.cluster);
  const fixes = kept.steady('cache fixes', lint.cacheFixes);
  const context = {
    projectDir,
    home,
    cacheDir: choice.path,
    cacheDirFindings: () => checkCacheDir(root, choice, textOf, fixes),
    hasExtends: mentions('extends') && holds(text, /\bextends\b/),
    ...(cluster ? { cluster } : {}),
  };
  return lintSpec(facts, context, kept);
}

function finish(
  { text, mentions, file, places }: Judging,
  root: SpecNode | undefined,
  resolved: ResolvedSpec | undefined,
  findings: readonly Finding[],
): Analysis {
  const told = suppressDerived(findings);
  const isWhole = places === WHOLE_TEXT;
  const everything = isWhole ? told : placeFindings(told, places);
  const placed = dropRepeats(dropTabEchoes(everything));
  const here = isWhole ? root : root && placeNode(root, places);
  const left = mentions(COMMENT_MARK) ? applySuppressions(text.toString(), file, here, placed) : placed;
  const rank = (finding: Finding) => (finding.span.file === file ? finding.span.start : Infinity);
  const ordered = left.toSorted((a, b) => (rank(a) < rank(b) ? -1 : Number(rank(a) > rank(b))));
  return {
    findings: ordered,
    valid: !ordered.some(decidesVerdict),
    root: here,
    values: resolved,
    // Made for each who asks, and gone with them: together the places of a big spec weigh as much as the spec.
    get resolved() {
      return isWhole ? resolved : resolved && placeResolved(resolved, places);
    },
    pending: resolved?.pending ?? [],
  };
}

/** A resolved spec whose trees stand in the file. */
function placeResolved(resolved: ResolvedSpec, places: BlockPlaces): ResolvedSpec {
  const { root, merged, findings } = resolved;
  return {
    ...resolved,
    root: root && placeNode(root, places),
    merged: merged && placeNode(merged, places),
    findings: placeFindings(findings, places),
  };
}
