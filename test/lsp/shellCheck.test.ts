import assert from 'node:assert/strict';
import type { Diagnostic } from 'vscode-languageserver';
import { runProcess, type ProcessRun } from '../../server/src/core/process.ts';
import { LspClient, type ClientSetup } from '../helpers/lspClient.ts';
import { onPath } from '../helpers/onPath.ts';
import { skipBecause } from '../helpers/skip.ts';

const URI = 'file:///w/compose.yaml';
const HEAD = 'x-slurm:\n  nodes: 1\nservices:\n  app:\n    image: "alpine:3.20"\n';
const BROKEN = `${HEAD}    script: |\n      echo a\n      if true; then\n      done\n`;

describe('shell of specs in the language server', () => {
  let client: LspClient;
  let inputs: string[];
  before(function () {
    if (onPath('bash') === undefined) skipBecause(this, 'no bash on PATH');
  });
  beforeEach(() => (inputs = []));
  afterEach(() => client.stop());

  const run: ProcessRun = (request) => {
    if (request.input !== undefined) inputs.push(request.input);
    return runProcess(request);
  };
  const start = async (setup: ClientSetup = {}) =>
    (client = await LspClient.start({
      run,
      env: { PATH: process.env.PATH, HOME: '/home/nobody' },
      settings: { diagnostics: { probeFilesystem: false }, shellcheck: { enabled: 'off' } },
      ...setup,
    }));
  const last = () => client.publishedFor(URI).at(-1)?.diagnostics ?? [];
  const shown = (code: string) =>
    client.until((): Diagnostic | undefined => last().find((each) => each.code === code));

  it('shows a syntax error after the findings of the text, on the word', async () => {
    await start();
    assert.deepEqual(await client.open(URI, BROKEN), []);
    const found = await shown('HX003');
    assert.deepEqual(found.range, { start: { line: 8, character: 6 }, end: { line: 8, character: 10 } });
    assert.deepEqual((found.data as { name: string; service: string }).service, 'app');
    assert.deepEqual(inputs, ['echo a\nif true; then\ndone\n\0']);
  });

  it('keeps it in its place while one types elsewhere, and asks about new texts alone', async () => {
    await start();
    await client.open(URI, BROKEN);
    await shown('HX003');
    const top = { line: 0, character: 0 };
    const version = await client.change(URI, { range: { start: top, end: top }, text: '# a\n' });
    assert.equal((await client.diagnostics(URI, version))[0]?.range.start.line, 9);
    const end = { line: 10, character: 0 };
    await client.change(URI, {
      range: { start: end, end },
      text: '  b:\n    image: "r:1"\n    command: (\n',
    });
    await client.until(() => (last().filter(({ code }) => code === 'HX003').length === 2 ? true : undefined));
    assert.deepEqual(inputs.slice(1), ['(\0']);
  });

  it('forgets it when the text is mended', async () => {
    await start();
    await client.open(URI, BROKEN);
    await shown('HX003');
    const at = { start: { line: 8, character: 6 }, end: { line: 8, character: 10 } };
    await client.change(URI, { range: at, text: 'fi' });
    while (inputs.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    const version = await client.change(URI, { range: { start: at.start, end: at.start }, text: '' });
    assert.deepEqual(await client.diagnostics(URI, version), []);
  });

  it('honours comments and chosen severities', async () => {
    await start({
      settings: { diagnostics: { probeFilesystem: false, severity: { HX003: 'error' } } },
    });
    const silent = BROKEN.replace(
      'script: |',
      'command: ( # hpc-compose: ignore[HX003] on purpose\n    script: |',
    );
    await client.open(
      URI,
      silent.replace('    script: |\n      echo a\n      if true; then\n      done\n', ''),
    );
    await client.close(URI);
    await client.open(URI, BROKEN);
    assert.equal((await shown('HX003')).severity, 1);
  });

  it('starts no process in a workspace that is not trusted', async () => {
    await start({ options: { trusted: false } });
    await client.open(URI, BROKEN);
    // One look would have begun by then: the pause is 300 ms.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.deepEqual([inputs, last()], [[], []]);
  });
});
