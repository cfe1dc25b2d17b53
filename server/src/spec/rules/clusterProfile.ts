// R171: the cluster profile `.hpc-compose/cluster.toml`, from its text to facts. Spec contract, section 12.
import { parse, TomlError } from 'smol-toml';
import type { Finding, Span } from '../../model/finding.ts';
import { findTomlPath, layoutToml } from '../../model/tomlLayout.ts';
import { checkShape, isTable, type ShapeProblem } from '../../model/tomlShape.ts';
import { isBlank, isIdentifier, lineBreakIn } from '../grammar/text.ts';
import { CLUSTER_SHAPE, NAMED_TEXTS, VARIABLE_TABLES } from './clusterShape.ts';
import { findingOf } from './finding.ts';

export interface Partition {
  readonly name: string;
  readonly state?: string;
  readonly maxTime?: string;
  readonly gres?: string;
  readonly features: readonly string[];
  readonly qos: readonly string[];
}

/** The part of a profile that specs are compared with. */
export interface ClusterProfile {
  readonly file: string;
  readonly runtimes: Readonly<Record<'pyxis' | 'enroot' | 'apptainer' | 'singularity' | 'host', boolean>>;
  readonly partitions: readonly Partition[];
  readonly qos: readonly string[];
  readonly mpiTypes: readonly string[];
  readonly sharedPaths: readonly string[];
}

export type ClusterProfileResult =
  | { readonly ok: true; readonly profile: ClusterProfile }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** Reads a profile; every problem is an R171 finding at its key. */
export function readClusterProfile(text: string, file: string): ClusterProfileResult {
  let value: unknown;
  try {
    value = parse(text, { integersAsBigInt: true });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [cause = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    return { ok: false, findings: [finding(cause, file, lineSpan(text, file, error.line))] };
  }
  const shapeProblems = checkShape(value, CLUSTER_SHAPE);
  const top = isTable(value) ? value : {};
  const problems = shapeProblems.length > 0 ? shapeProblems : checkValues(top);
  if (problems.length === 0) return { ok: true, profile: profileOf(top, file) };
  const layout = layoutToml(text);
  const findings = problems.map(({ path, message }) => {
    const place = findTomlPath(layout, path) ?? { start: 0, end: 0 };
    return finding(message, file, { file, ...place });
  });
  return { ok: false, findings };
}

function finding(cause: string, file: string, span: Span): Finding {
  return findingOf('R171', { span, words: { file, cause } });
}

function lineSpan(text: string, file: string, line: number): Span {
  const lines = text.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, before) => sum + before.length + 1, 0);
  return { file, start, end: start + (lines[line - 1] ?? '').length };
}

function checkValues(top: Record<string, unknown>): ShapeProblem[] {
  const version = top.schema_version;
  const problems: ShapeProblem[] = [];
  if (typeof version === 'bigint' && version !== 1n)
    problems.push({
      path: ['schema_version'],
      message: `schema version ${version} is not supported; the only one is 1`,
    });
  return [
    ...problems,
    ...checkPorts(tableAt(top, 'distributed')),
    ...checkTexts(top),
    ...checkVariables(top),
  ];
}

function checkPorts(distributed: Record<string, unknown>): ShapeProblem[] {
  const problems: ShapeProblem[] = [];
  for (const key of ['rdzv_port', 'rdzv_port_base', 'rdzv_port_span'])
    if (distributed[key] === 0n)
      problems.push({ path: ['distributed', key], message: `distributed.${key} must be at least 1` });
  const base = Number(distributed.rdzv_port_base ?? 29_500n);
  const last = base + Number(distributed.rdzv_port_span ?? 1000n) - 1;
  if (problems.length === 0 && last > 65_535)
    problems.push({ path: ['distributed'], message: `the ports ${base} to ${last} go beyond 65535` });
  return problems;
}

/** Texts that must say something on one line, wherever the shape has them. */
function checkTexts(top: Record<string, unknown>): ShapeProblem[] {
  return NAMED_TEXTS.flatMap((path) => textsAt(top, path, [])).flatMap(({ path, value }) => {
    const character = lineBreakIn(value);
    if (!isBlank(value) && !character) return [];
    const what = character ? `must be one line: it holds a ${character}` : 'must not be empty';
    return [{ path, message: `${path.join('.')} ${what}` }];
  });
}

interface TextAt {
  readonly path: readonly string[];
  readonly value: string;
}

/** All texts at a path; `*` stands for every key or item. */
function textsAt(value: unknown, pattern: readonly string[], path: readonly string[]): TextAt[] {
  const [key, ...rest] = pattern;
  if (key === undefined) return typeof value === 'string' ? [{ path, value }] : [];
  if (typeof value !== 'object' || value === null) return [];
  const table = value as Record<string, unknown>;
  const keys = key === '*' ? Object.keys(table) : Object.hasOwn(table, key) ? [key] : [];
  return keys.flatMap((name) => textsAt(table[name], rest, [...path, name]));
}

function checkVariables(top: Record<string, unknown>): ShapeProblem[] {
  return VARIABLE_TABLES.flatMap((pattern) => textsAt(top, [...pattern, '*'], [])).flatMap(
    ({ path, value }) => {
      const name = path.at(-1) ?? '';
      const at = path.join('.');
      if (!isIdentifier(name)) return [{ path, message: `${at}: '${name}' is no variable name` }];
      if (name.startsWith('HPC_COMPOSE_'))
        return [{ path, message: `${at}: names with HPC_COMPOSE_ are reserved` }];
      const character = lineBreakIn(value);
      return character ? [{ path, message: `${at} must be one line: it holds a ${character}` }] : [];
    },
  );
}

function profileOf(top: Record<string, unknown>, file: string): ClusterProfile {
  const runtimes = tableAt(top, 'runtimes');
  const has = (name: string) => runtimes[name] === true;
  return {
    file,
    runtimes: {
      pyxis: has('pyxis'),
      enroot: has('enroot'),
      apptainer: has('apptainer'),
      singularity: has('singularity'),
      host: runtimes.host !== false,
    },
    partitions: (Array.isArray(top.partitions) ? top.partitions : []).filter(isTable).map(partitionOf),
    qos: textsOf(top.qos),
    mpiTypes: textsOf(top.mpi_types),
    sharedPaths: textsOf(top.shared_cache_paths),
  };
}

function partitionOf(table: Record<string, unknown>): Partition {
  const given = (key: string, from: string) =>
    typeof table[from] === 'string' ? { [key]: table[from] } : {};
  return {
    name: String(table.name),
    features: textsOf(table.features),
    qos: textsOf(table.qos),
    ...given('state', 'state'),
    ...given('maxTime', 'max_time'),
    ...given('gres', 'gres'),
  };
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function tableAt(top: Record<string, unknown>, key: string): Record<string, unknown> {
  const value = top[key];
  return isTable(value) ? value : {};
}
