import assert from 'node:assert/strict';
import type { CancellationToken } from 'vscode-languageserver';
import { OperationFailure } from '../../server/src/model/failure.ts';
import { guarded } from '../../server/src/lsp/guarded.ts';
import type { Feature } from '../../server/src/lsp/serverContext.ts';
import { LspClient, type ClientSetup } from '../helpers/lspClient.ts';

const URI = 'file:///w/compose.yaml';
const SPEC = 'x-slurm:\n  nodes: 1\nservices:\n  app:\n    image: alpine:3.20\n    command: echo\n';

describe('language server', () => {
  let client: LspClient;
  const start = async (setup?: ClientSetup) => (client = await LspClient.start(setup));
  afterEach(() => client.stop());

  it('publishes findings with the version and the exact range', async () => {
    await start();
    const text = `${SPEC}    image: b:1\n`;
    const [duplicate, ...rest] = await client.open(URI, text);
    assert.deepEqual(rest, []);
    assert.equal(duplicate?.code, 'R006');
    assert.equal(duplicate.source, 'hpc-compose');
    assert.deepEqual(duplicate.range, { start: { line: 6, character: 4 }, end: { line: 6, character: 9 } });
    assert.deepEqual((duplicate.data as { field: string }).field, 'services.app.image');
    assert.equal(duplicate.relatedInformation?.[0]?.location.range.start.line, 4);
  });

  it('quotes no secret in a finding', async () => {
    await start({ env: { ONE: 'env-s3cret' } });
    const text = `secrets: {one: {env: ONE}}\n${SPEC.replace('alpine:3.20', '"./x-${one}"')}`;
    const found = await client.open(URI, text);
    const bad = found.find(({ code }) => code === 'R143');
    assert.match(JSON.stringify(bad), /'\.\/x-<redacted>'/);
    assert.ok(!JSON.stringify(found).includes('env-s3cret'));
  });

  it('follows incremental changes', async () => {
    await start();
    assert.deepEqual(await client.open(URI, SPEC), []);
    const at = { line: 4, character: 11 };
    const broken = await client.change(URI, { range: { start: at, end: at }, text: '"' });
    assert.equal((await client.diagnostics(URI, broken))[0]?.code, 'R004');
    const end = { line: 4, character: 12 };
    const mended = await client.change(URI, { range: { start: at, end }, text: '' });
    assert.deepEqual(await client.diagnostics(URI, mended), []);
  });

  it('answers a burst with its last state', async () => {
    await start();
    await client.open(URI, SPEC);
    let version = 1;
    for (let i = 0; i < 30; i += 1) {
      const at = { line: 0, character: 0 };
      version = await client.change(URI, { range: { start: at, end: at }, text: '#' });
    }
    await client.diagnostics(URI, version);
    assert.ok(client.publishedFor(URI).length < 30, 'superseded versions are dropped');
  });

  it('tells the findings of a version once, however often it is judged', async () => {
    let judge: (() => void) | undefined;
    const ask: Feature = ({ reanalyse }) => {
      judge = reanalyse;
      return {};
    };
    await start({ features: [ask] });
    await client.open(URI, SPEC);
    for (let turn = 0; turn < 3; turn += 1) {
      judge?.();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const version = await client.change(URI, { text: `${SPEC}#\n` });
    await client.diagnostics(URI, version);
    assert.deepEqual(
      client.publishedFor(URI).map((one) => one.version),
      [1, version],
    );
  });

  it('shows mistakes in the shape of entries of a big document first, then everything', async () => {
    await start();
    const entry = (index: number) => `  s${index}:\n    image: x:1\n    depends_on: [s${index + 1}]\n`;
    const services = Array.from({ length: 6000 }, (_, index) => entry(index)).join('');
    const text = `x-slurm:\n  nodes: 1\nservices:\n${services}  s6000:\n    imagge: x:1\n    depends_on: [nobody]\n`;
    const first = (await client.open(URI, text)).map(({ code }) => code);
    assert.deepEqual(first, ['R030']);
    const all = await client.until(() => client.publishedFor(URI)[1]);
    assert.ok(all.diagnostics.length > 1);
    assert.ok(all.diagnostics.some(({ code }) => code === 'R030'));
  });

  it('says nothing about YAML that is no spec', async () => {
    await start();
    assert.deepEqual(await client.open(URI, 'services:\n  web:\n    image: nginx\n    image: b:1\n'), []);
  });

  it('goes on judging a spec whose marker is being edited, until it is closed', async () => {
    await start();
    await client.open(URI, `${SPEC}    image: b:1\n`);
    const version = await client.change(URI, { text: 'services:\n  a:\n    image: x:1\n    image: y:1\n' });
    assert.equal((await client.diagnostics(URI, version))[0]?.code, 'R006');
    await client.close(URI);
    assert.deepEqual(await client.open(URI, 'services:\n  a:\n    image: x:1\n    image: y:1\n'), []);
  });

  it('judges everything when it is told to', async () => {
    await start({ options: { detect: 'always' } });
    const codes = (await client.open(URI, 'a: 1\na: 2\n')).map(({ code }) => code);
    assert.deepEqual(codes, ['R020', 'R026', 'R006', 'R020']);
  });

  it('empties the findings of a closed document', async () => {
    await start();
    await client.open(URI, `${SPEC}    image: b:1\n`);
    await client.close(URI);
    const last = await client.until(() =>
      client.publishedFor(URI).find((each) => each.version === undefined),
    );
    assert.deepEqual(last.diagnostics, []);
  });

  it('gives a file over 5 MB one note', async () => {
    await start();
    const [note, ...rest] = await client.open(URI, `${SPEC}#${' '.repeat(5 * 1024 * 1024)}\n`);
    assert.equal(note?.code, 'HX001');
    assert.deepEqual(rest, []);
  }).timeout(10_000);

  it('links the documentation by the given template', async () => {
    await start({ options: { docs: 'vscode://x/rules/{code}' } });
    const [finding] = await client.open(URI, `${SPEC}    image: b:1\n`);
    assert.equal(finding?.codeDescription?.href, 'vscode://x/rules/R006');
  });

  it('tells an expected failure, a bug and a cancellation apart', async () => {
    const failing: Feature = ({ connection, log }) => {
      connection.onRequest('t/fail', (_params: object, token: CancellationToken) =>
        guarded(log, 't/fail', token, () => {
          throw new OperationFailure('tool-missing', { tool: 'enroot' });
        }),
      );
      connection.onRequest('t/bug', (_params: object, token: CancellationToken) =>
        guarded(log, 't/bug', token, () => {
          throw new TypeError('oops');
        }),
      );
      return {};
    };
    await start({ features: [failing] });
    await assert.rejects(
      client.request('t/fail', {}),
      (error: { message: string; data: { code: string } }) => {
        assert.equal(error.data.code, 'tool-missing');
        assert.equal(error.message, 'enroot was not found.');
        return true;
      },
    );
    await assert.rejects(client.request('t/bug', {}), /failed because of a bug/);
    assert.match(client.logged.join('\n'), /TypeError: oops/);
  });
});
