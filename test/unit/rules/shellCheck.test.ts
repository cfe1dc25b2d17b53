import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProcess, type ProcessRequest } from '../../../server/src/core/process.ts';
import { createShellChecker } from '../../../server/src/core/shellCheck.ts';
import {
  checkableScripts,
  findStyleProblems,
  findSyntaxErrors,
  type ShellLook,
} from '../../../server/src/load/shellFindings.ts';
import { judgeText, SPEC_FILE } from '../../helpers/judgeText.ts';
import { onPath } from '../../helpers/onPath.ts';
import { skipBecause } from '../../helpers/skip.ts';

const TOOLS = { bash: 'bash', shellcheck: 'shellcheck' };
const signal = new AbortController().signal;

/** A spec without its marks, and what they enclose. */
function marked(spec: string): { text: string; start: number; end: number } {
  return { text: spec.replace(/[«»]/g, ''), start: spec.indexOf('«'), end: spec.indexOf('»') - 1 };
}

function service(lines: string): string {
  return `services:\n  a:\n    image: "r:1"\n${lines.replace(/^/gm, '    ')}\n`;
}

async function scriptsOf(text: string) {
  const judged = judgeText(text);
  assert.ok(judged.valid, judged.findings.map(({ message }) => message).join('\n'));
  return checkableScripts(judged.resolved, SPEC_FILE, text);
}

describe('shell in specs, given to bash -n', () => {
  const started: ProcessRequest[] = [];
  const look = (): ShellLook => ({
    checker: createShellChecker({
      env: { PATH: process.env.PATH, BASH_ENV: '/nowhere', SECRET: 'x' },
      run: (request) => {
        started.push(request);
        return runProcess(request);
      },
    }),
    tools: TOOLS,
    signal,
  });
  before(function () {
    if (onPath('bash') === undefined) skipBecause(this, 'no bash on PATH');
  });
  beforeEach(() => void started.splice(0));

  const found = async (text: string) => findSyntaxErrors(await scriptsOf(text), look());

  for (const [title, spec, problem] of [
    ['a plain scalar', service('command: if true; «fi»'), /`fi` cannot stand here/],
    ['double quotes', service('command: "echo \\"a\\"; «)»"'), /`\)` cannot stand here/],
    ['double quotes with escaped letters', service('command: "\\x65cho \\u00e9; «)»"'), /`\)`/],
    ['single quotes', service("command: 'echo ''a''; «)»'"), /`\)` cannot stand here/],
    ['single quotes over two lines', service("command: 'echo a;\n  «)»'"), /`\)`/],
    ['a literal block', service('script: |\n  echo é😀 && true\n    if x; then\n\n  «done»\n'), /`done`/],
    [
      'a literal block with a comment',
      service('script: |- # why\n  echo "«$(»ls\n'),
      /this \( is never closed/,
    ],
    ['a literal block with an indent of its own', service('script: |2\n    x\n   «)»\n'), /`\)`/],
    ['a folded block', service('script: >-\n  echo a;\n  echo b;\n\n  if x; then\n  «fi»\n'), /`fi`/],
    ['a quote', service('script: |\n  echo a\n  echo «"»b\n  echo c\n'), /this " is never closed/],
    ['an early end', service('script: |\n  if true; then\n    «echo a»\n\n'), /ends too early/],
    ['a here-document', service('script: |\n  cat «<<»EOF\n  a\n'), /never closed: no line is just EOF/],
    ['an entrypoint', service('entrypoint: (bash «)») '), /`\)`/],
    [
      'a step of prepare',
      service('x-runtime:\n  prepare:\n    commands:\n      - ok\n      - if x«;;» then'),
      /`;;`/,
    ],
    ['a prologue', service('x-slurm:\n  prologue: echo «)»'), /`\)`/],
    [
      'an epilogue with a context',
      service('x-slurm:\n  epilogue: {context: host, script: "echo «)»"}'),
      /`\)`/,
    ],
    [
      'a hook on an event',
      service(
        'x-slurm:\n  failure_policy: {mode: restart_on_failure}\n  hooks:\n    - {on: restart, script: "echo «)»"}',
      ),
      /`\)`/,
    ],
    [
      'the lines of setup, taken together',
      `x-slurm:\n  setup:\n    - if true; then\n    - echo a\n    - «done»\n${service('command: ok')}`,
      /`done`/,
    ],
    ['what follows sh -c in a list', service('command: [/bin/sh, -lc, "echo $HOME; «)»"]'), /`\)`/],
    ['text behind an expression', service('command: [bash, -c, "echo ${HOME}; $$x «)» ${HOME}"]'), /`\)`/],
  ] as const)
    it(`finds the place in ${title}`, async () => {
      const { text, start, end } = marked(spec);
      const findings = await found(text);
      assert.deepEqual(
        findings.map((finding) => [
          finding.code,
          finding.severity,
          text.slice(finding.span.start, finding.span.end),
        ]),
        [['HX003', 'warning', text.slice(start, end)]],
      );
      assert.deepEqual([findings[0]?.span.start, findings[0]?.span.end], [start, end]);
      assert.match(findings[0]?.message ?? '', problem);
      assert.ok(findings[0]?.field);
    });

  for (const [title, spec] of [
    [
      'setup lines that only make sense together',
      `x-slurm:\n  setup: ["if true", "then echo a", "fi"]\n${service('command: ok')}`,
    ],
    ['a list that is no shell', service('command: [python, -c, "print(1"]')],
    ['a script file of a shell', service('command: [bash, run.sh, "("]')],
    ['dollars that hpc-compose takes away', service('command: [sh, -c, "echo $${X:-1} $$(date)"]')],
    ['patterns that are switched on', service('script: |\n  shopt -s extglob\n  rm !(a)\n')],
    ['Windows line ends', service('script: |\n  if true; then\n    echo a\n  fi\n').replaceAll('\n', '\r\n')],
    [
      'arrays, [[ ]], functions and here-documents',
      service('script: |\n  a=(1 2); f() { [[ $1 == x* ]]; }\n  cat <<EOF\n  (\n  EOF\n'),
    ],
  ] as const)
    it(`accepts ${title}`, async () => assert.deepEqual(await found(spec), []));

  it('starts nothing for plain commands', async () => {
    assert.deepEqual(await found(service('command: python train.py --epochs=10 a/b:c')), []);
    assert.deepEqual(started, []);
  });

  it('executes nothing, shows no text to other people, and passes no environment on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shell-'));
    try {
      const file = join(folder, 'made');
      writeFileSync(join(folder, 'rc'), `touch ${file}\n`);
      const text = service(
        `script: |\n  touch ${file}; x=$(touch ${file})\n  : \${y:=\`touch ${file}\`}\n  trap 'touch ${file}' EXIT DEBUG ERR\n`,
      );
      assert.deepEqual(await found(text), []);
      assert.equal(existsSync(file), false);
      const [request] = started;
      assert.ok(request && !request.args.join(' ').includes(file) && request.input?.includes(file));
      assert.deepEqual(Object.keys(request.env), ['PATH', 'LC_ALL']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('reads many texts with one process, and remembers what it was told', async () => {
    const services = Array.from(
      { length: 40 },
      (_, index) => `  s${index}: {image: "r:1", command: "echo $((${index}"}\n`,
    );
    const text = `services:\n${services.join('')}`;
    const shared = look();
    assert.equal((await findSyntaxErrors(await scriptsOf(text), shared)).length, 40);
    assert.equal((await findSyntaxErrors(await scriptsOf(text), shared)).length, 40);
    assert.equal(started.length, 1);
  });

  it('reads more of them with several processes, and keeps what it was told before it was cancelled', async () => {
    const services = Array.from(
      { length: 120 },
      (_, index) => `  s${index}: {image: "r:1", command: "echo $((${index}"}\n`,
    );
    const scripts = await scriptsOf(`services:\n${services.join('')}`);
    const stop = new AbortController();
    const { checker, tools } = look();
    const stopping: ShellLook = { checker, tools, signal: stop.signal };
    const second = async () => {
      while (started.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      stop.abort();
    };
    const [cancelled] = await Promise.allSettled([findSyntaxErrors(scripts, stopping), second()]);
    assert.equal(cancelled.status, 'rejected');
    started.splice(0);
    assert.equal((await findSyntaxErrors(scripts, { checker, tools, signal })).length, 120);
    const asked = started.map(({ input }) => (input ?? '').split('\0').length - 1);
    assert.deepEqual(asked, [50, 20]);
  });

  it('says nothing where there is no bash', async () => {
    const none = { ...look(), tools: { ...TOOLS, bash: '/nowhere/bash' } };
    assert.deepEqual(await findSyntaxErrors(await scriptsOf(service('command: echo )')), none), []);
  });

  it('can be cancelled', async () => {
    const stop = new AbortController();
    stop.abort();
    await assert.rejects(
      findSyntaxErrors(await scriptsOf(service('command: echo )')), { ...look(), signal: stop.signal }),
    );
  });
});

describe('shell in specs, given to ShellCheck', () => {
  const real = onPath('shellcheck');
  const TEXT = service('script: |\n  echo "é😀" && echo $x\n  \tcd /tmp/foo\n');
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'shellcheck-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = async (shellcheck: string, text = TEXT) => {
    const checker = createShellChecker({ run: runProcess, env: { PATH: process.env.PATH } });
    return findStyleProblems(await scriptsOf(text), { checker, tools: { bash: 'bash', shellcheck }, signal });
  };
  /** Keeps what it was given, and answers as ShellCheck 0.9 does for TEXT. */
  const standIn = () => {
    const program = join(folder, 'shellcheck');
    const answer = [
      {
        line: 1,
        column: 19,
        endLine: 1,
        endColumn: 21,
        level: 'info',
        code: 2086,
        message: 'Double quote it.',
        fix: {
          replacements: [
            { line: 1, column: 19, endLine: 1, endColumn: 19, replacement: '"' },
            { line: 1, column: 21, endLine: 1, endColumn: 21, replacement: '"' },
          ],
        },
      },
      {
        line: 2,
        column: 9,
        endLine: 2,
        endColumn: 20,
        level: 'warning',
        code: 2164,
        message: 'Use || exit.',
        fix: null,
      },
    ];
    writeFileSync(
      program,
      `#!/bin/sh\ncat >>"${folder}/given"\necho "$@" >>"${folder}/args"\ncat <<'END'\n${JSON.stringify(answer)}\nEND\necho noise >&2\nexit 1\n`,
      { mode: 0o755 },
    );
    return program;
  };

  for (const [name, program] of [
    ['a stand-in', standIn],
    ['the real one', () => real],
  ] as const)
    it(`maps places, levels and fixes of ${name}`, async function () {
      const shellcheck = program();
      if (shellcheck === undefined) skipBecause(this, 'no shellcheck on PATH');
      const findings = await run(shellcheck);
      assert.deepEqual(
        findings.map(({ code, severity, span, message }) => [
          code,
          severity,
          TEXT.slice(span.start, span.end),
          message.slice(0, 7),
        ]),
        [
          ['HX004', 'hint', '$x', 'SC2086:'],
          ['HX004', 'information', 'cd /tmp/foo', 'SC2164:'],
        ],
      );
      const edits = findings[0]?.fixes?.[0]?.edits ?? [];
      const mended = edits
        .toReversed()
        .reduce(
          (text, { span, newText }) => text.slice(0, span.start) + newText + text.slice(span.end),
          TEXT,
        );
      assert.ok(mended.includes('echo "$x"\n'), mended);
    });

  it('gets the text on standard input, for bash', async () => {
    await run(standIn());
    const { readFileSync } = await import('node:fs');
    assert.equal(readFileSync(join(folder, 'given'), 'utf8'), 'echo "é😀" && echo $x\n\tcd /tmp/foo\n');
    assert.match(readFileSync(join(folder, 'args'), 'utf8'), /--format json -s bash .*-\n/);
  });

  it('is not asked about texts with syntax errors', async () => {
    assert.deepEqual(await run(standIn(), service('command: echo $x )')), []);
    assert.equal(existsSync(join(folder, 'given')), false);
  });

  it('says nothing where it is not installed, or prints something else', async () => {
    assert.deepEqual(await run(join(folder, 'none')), []);
    const broken = join(folder, 'broken');
    writeFileSync(broken, '#!/bin/sh\necho oops\n', { mode: 0o755 });
    assert.deepEqual(await run(broken), []);
  });
});
