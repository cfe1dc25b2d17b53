// The `env_file` entries of one service, after interpolation (rules R064 to R066, R071). Their contents never reach the cache.
import type { Finding } from '../model/finding.ts';
import { joinPath, parentPath } from '../model/paths.ts';
import { parseDotenv } from './dotenv.ts';
import type { SpecFiles } from './files.ts';
import { isIdentifier } from './grammar/text.ts';
import { itemsOf, stringOf, valueOf, type ScalarNode, type SpecNode } from './node.ts';
import { findingOf } from './rules/finding.ts';

export interface EnvFileCheck {
  readonly findings: readonly Finding[];
  readonly pending: readonly string[];
}

/** Checks the files that a service names, relative to the directory of the spec as given. */
export function checkEnvFiles(
  service: SpecNode,
  name: string,
  specPath: string,
  files: SpecFiles,
): EnvFileCheck {
  const value = valueOf(service, 'env_file');
  const single = stringOf(value) !== undefined;
  const items = single && value ? [value] : itemsOf(value);
  const checks = items.map((item, index) => {
    const field = `services.${name}.env_file${single ? '' : `[${index}]`}`;
    return checkOne(item, field, name, specPath, files);
  });
  return {
    findings: checks.flatMap(({ findings }) => findings),
    pending: checks.flatMap(({ pending }) => pending),
  };
}

function checkOne(
  item: SpecNode,
  field: string,
  service: string,
  specPath: string,
  files: SpecFiles,
): EnvFileCheck {
  const file = stringOf(item);
  if (file === undefined || (item as ScalarNode).unresolved) return { findings: [], pending: [] };
  const path = joinPath(parentPath(specPath), file);
  const state = files.read(file === '' ? `${path}/` : path);
  const about = { span: item.span, field, service };
  switch (state.kind) {
    case 'pending':
      return { findings: [], pending: [path] };
    case 'missing':
      return { findings: [findingOf('R064', { ...about, words: { file: path } })], pending: [] };
    case 'unreadable':
      return {
        findings: [findingOf('R066', { ...about, words: { file: path, cause: state.reason } })],
        pending: [],
      };
    case 'text':
      return { findings: problemsIn(path, state.text, about), pending: [] };
  }
}

interface About {
  readonly span: SpecNode['span'];
  readonly field: string;
  readonly service: string;
}

/** R065 for malformed lines; R071 for names that no shell takes: they become part of `environment`. */
function problemsIn(path: string, text: string, about: About): Finding[] {
  const { problems, variables } = parseDotenv(text);
  const malformed = problems.map(({ line, start, end, reason }) => {
    const problem = `it ${reason}`;
    const related = [{ span: { file: path, start, end }, message: 'the malformed line' }];
    return findingOf('R065', { ...about, words: { file: path, line, problem }, related });
  });
  const unsafe = [...variables.keys()].filter((name) => !isIdentifier(name));
  const misnamed = unsafe.map((name) => {
    const start = Math.max(0, text.indexOf(name));
    const related = [{ span: { file: path, start, end: start + name.length }, message: 'the name' }];
    return findingOf('R071', { ...about, variant: 'file', words: { file: path, name }, related });
  });
  return [...malformed, ...misnamed];
}
