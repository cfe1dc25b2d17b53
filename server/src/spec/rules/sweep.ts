// R072: parameter studies. Spec contract, sections 7 and 9.5.
import { rustRegexProblem } from '../grammar/rustRegex.ts';
import { isIdentifier } from '../grammar/text.ts';
import type { Sink } from './check.ts';
import { counted, quoted } from './finding.ts';
import { bigCount, count, entries, items, text, under, written, type Entry, type Place } from './place.ts';

const RESERVED_PREFIX = 'HPC_COMPOSE_SWEEP_';

/** Checks the root block `sweep`. */
export function checkSweep(place: Place, sink: Sink): void {
  const declared = written(place, 'parameters');
  const parameters = entries(declared);
  if (declared && parameters.length === 0 && declared.node.kind !== 'seq')
    sink.key('R072', declared, { variant: 'parameters' });
  sink.atLeastOne('R072', under(place, 'replicates'));
  for (const parameter of parameters) checkParameter(parameter, sink);
  checkRandom(under(under(place, 'matrix'), 'random'), parameters, sink);
  const objective = under(place, 'objective');
  if (objective?.node.kind === 'map') checkObjective(objective, parameters, sink);
}

function checkParameter(parameter: Entry, sink: Sink): void {
  const words = { name: parameter.name };
  if (!isIdentifier(parameter.name)) sink.key('R072', parameter, { variant: 'name', words });
  else if (parameter.name.startsWith(RESERVED_PREFIX)) sink.key('R072', parameter, { variant: 'reserved' });
  if (isEmptyList(parameter)) sink.key('R072', parameter, { variant: 'empty', words });
}

function isEmptyList({ node }: Place): boolean {
  return (node.kind === 'seq' && node.items.length === 0) || (node.kind === 'scalar' && node.value === null);
}

function checkRandom(random: Place | undefined, parameters: readonly Entry[], sink: Sink): void {
  const value = bigCount(random);
  if (random === undefined || value === undefined) return;
  sink.atLeastOne('R072', random);
  if (parameters.length === 0 || parameters.some((parameter) => items(parameter).length === 0)) return;
  const product = parameters.reduce((total, parameter) => total * BigInt(items(parameter).length), 1n);
  if (BigInt(value) > product) sink.value('R072', random, { variant: 'product', words: { value, product } });
}

function checkObjective(objective: Place, parameters: readonly Entry[], sink: Sink): void {
  const log = under(objective, 'log_pattern');
  const json = under(objective, 'json_path');
  if (log && json) sink.key('R072', json, { variant: 'both' });
  if (!log && !json) sink.key('R072', objective, { variant: 'none' });
  if (json && !log && !under(objective, 'json_field')) sink.key('R072', json, { variant: 'jsonField' });
  sink.atLeastOne('R072', under(objective, 'group'));
  const pattern = text(log);
  const problem = pattern === undefined ? undefined : rustRegexProblem(pattern);
  if (log && problem !== undefined) sink.value('R072', log, { variant: 'pattern', words: { problem } });
  if (pattern !== undefined && problem === undefined) checkGroup(under(objective, 'group'), pattern, sink);
  const axis = under(objective, 'scaling_axis');
  if (axis) checkAxis(axis, parameters, sink);
}

/** HX029: a group that the pattern does not have. */
function checkGroup(group: Place | undefined, pattern: string, sink: Sink): void {
  const wanted = count(group);
  const groups = capturingGroups(pattern);
  if (group && wanted !== undefined && wanted > groups)
    sink.value('HX029', group, {
      words: {
        problem: `\`log_pattern\` has ${counted(groups, 'group')} in parentheses, so there is no group ${wanted}`,
      },
    });
}

/** Opening parentheses that capture: no escapes, no classes, no `(?:`. */
function capturingGroups(pattern: string): number {
  const bare = pattern.replace(/\\./g, '').replace(/\[[^\]]*\]/g, '');
  return bare.match(/\((?!\?)|\(\?P?</g)?.length ?? 0;
}

function checkAxis(axis: Place, parameters: readonly Entry[], sink: Sink): void {
  const name = text(axis);
  if (name === undefined) return;
  const parameter = parameters.find((candidate) => candidate.name === name);
  if (!parameter) {
    sink.value('R072', axis, { variant: 'axis', words: { name } });
    return;
  }
  for (const item of items(parameter)) {
    const printed = item.node.kind === 'scalar' ? String(item.node.value) : '';
    if (item.node.kind === 'scalar' && !isPositive(printed))
      sink.value('R072', item, { variant: 'axisValue', words: { name, value: quoted(printed) } });
  }
}

function isPositive(printed: string): boolean {
  return (
    /^\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(printed) &&
    Number(printed) > 0 &&
    Number.isFinite(Number(printed))
  );
}
