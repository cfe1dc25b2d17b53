// The specs that `validate` and `lint` are given: many -f, positional paths, `-` for standard input, else the settings' choice.
import { createDiskFiles } from '../load/diskFiles.ts';
import { createJudge, type JudgedFile } from '../load/judgeFile.ts';
import { specPathOf } from '../load/loadPlan.ts';
import type { Finding, Span } from '../model/finding.ts';
import { resolvePath } from '../model/paths.ts';
import { lastValue, UsageError, type Arguments, type CommandContext } from './command.ts';
import { siteRootfsRules } from './rootfsSite.ts';

/** One spec of a run, judged when it is asked for, so that memory stays small with thousands of files. */
export interface SpecInput {
  readonly path: string;
  /** As the person named it; `-` for standard input. */
  readonly shown: string;
  readonly isStdin: boolean;
  readonly judge: (text?: string) => JudgedFile;
}

export async function readSpecInputs(context: CommandContext, args: Arguments): Promise<SpecInput[]> {
  const names = [...(args.values.file ?? []), ...args.positionals];
  if (names.filter((name) => name === '-').length > 1)
    throw new UsageError('standard input (-) can be read only once');
  const { cwd, env } = context;
  const profile = lastValue(args, 'profile');
  const settingsFile = lastValue(args, 'settings-file');
  const { judge, settings } = createJudge({
    cwd,
    env,
    files: createDiskFiles(),
    rootfsCache: siteRootfsRules(context),
    strictEnv: args.switches.has('strict-env'),
    ...(profile === undefined ? {} : { profile }),
    ...(settingsFile === undefined ? {} : { settingsFile }),
  });
  if (names.length === 0) {
    const path = specPathOf({ cwd }, settings);
    return [{ path, shown: path, isStdin: false, judge: (text) => judge(path, text) }];
  }
  const inputs: SpecInput[] = [];
  for (const name of names) {
    const path = resolvePath(cwd, name);
    const stdin = name === '-' ? decodeInput(await context.readStdin()) : undefined;
    inputs.push({
      path,
      shown: name === '-' ? '-' : path,
      isStdin: name === '-',
      judge: (text) => (stdin === undefined ? judge(path, text) : asStdin(judge(path, text ?? stdin))),
    });
  }
  return inputs;
}

function decodeInput(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError('standard input is not UTF-8 text');
  }
}

/** A finding of standard input names it `-`, not the path that stands in for it. */
export function asStdinFinding(finding: Finding, path: string): Finding {
  const rename = <S extends Span>(span: S): S => (span.file === path ? { ...span, file: '-' } : span);
  return {
    ...finding,
    span: rename(finding.span),
    ...(finding.related
      ? { related: finding.related.map((place) => ({ ...place, span: rename(place.span) })) }
      : {}),
  };
}

function asStdin(judged: JudgedFile): JudgedFile {
  const renamed = (finding: Finding) => asStdinFinding(finding, judged.path);
  return {
    ...judged,
    findings: judged.findings.map(renamed),
    judgement: judged.judgement && { ...judged.judgement, lint: judged.judgement.lint.map(renamed) },
    textOf: (file) => judged.textOf(file === '-' ? judged.path : file),
  };
}
