// Cache requests, code lenses and quick fixes over LSP: a real cache on disk, the server in this process.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { CodeAction, CodeLens, CompletionItem, Diagnostic, Hover } from 'vscode-languageserver';
import { URI } from 'vscode-uri';
import type { CacheState, InspectResult } from '../../server/src/model/cache.ts';
import type { ExplainResult } from '../../server/src/model/protocol.ts';
import { nodeLocalRootOf } from '../../server/src/spec/grammar/localPath.ts';
import { LspClient, type ClientSetup } from '../helpers/lspClient.ts';
import { useFolder } from '../helpers/folder.ts';
import { skipBecause } from '../helpers/skip.ts';

describe('cache requests of the server', () => {
  const currentFolder = useFolder();
  let client: LspClient;
  let folder: string;
  let uri: string;
  const start = async (setup: ClientSetup = {}) =>
    (client = await LspClient.start({
      env: { HOME: folder, PATH: process.env.PATH },
      settings: {},
      ...setup,
    }));
  const spec = (cacheDir: string) =>
    `x-slurm:\n  cache_dir: ${cacheDir}\nservices:\n  app:\n    image: docker.io/library/redis:7\n`;
  const lenses = () => client.request<CodeLens[]>('textDocument/codeLens', { textDocument: { uri } });
  const titles = async () => (await lenses()).map(({ command }) => command?.title);

  beforeEach(() => {
    folder = currentFolder();
    uri = URI.file(path.join(folder, 'compose.yaml')).toString();
  });
  afterEach(async () => {
    await client.stop();
  });

  it('list a cache that does not exist without making it', async () => {
    await start();
    await client.open(uri, spec(`${folder}/cache`));
    const state = await client.request<CacheState>('hpcCompose/cache/list', { uri });
    assert.equal(state.cache_dir, `${folder}/cache`);
    assert.equal(state.exists, false);
    assert.deepEqual(fs.readdirSync(folder), []);
  });

  it('inspect the text being edited, not the file', async () => {
    await start();
    fs.writeFileSync(path.join(folder, 'compose.yaml'), spec('/elsewhere'));
    await client.open(uri, spec(`${folder}/cache`));
    const { services } = await client.request<InspectResult>('hpcCompose/cache/inspect', { uri });
    assert.equal(services[0]?.current_reuse_expectation, 'cache miss');
    assert.ok(services[0].runtime_artifact.path.startsWith(`${folder}/cache/base/`));
  });

  it('take variables from the settings and from files as they are now, not as the text was judged before', async () => {
    fs.writeFileSync(path.join(folder, '.env'), 'PLACE=first\n');
    await start({ settings: { env: { TAG: '6' } } });
    await client.open(uri, spec(`${folder}/\${PLACE}`).replace(':7', ':${TAG:-7}'));
    const inspect = async () => {
      const { cache_dir, services } = await client.request<InspectResult>('hpcCompose/cache/inspect', {
        uri,
      });
      return [path.relative(folder, cache_dir), services[0]?.source_image];
    };
    assert.deepEqual(await inspect(), ['first', 'docker://docker.io/library/redis:6']);
    fs.writeFileSync(path.join(folder, '.env'), 'PLACE=second\n');
    assert.deepEqual(await inspect(), ['second', 'docker://docker.io/library/redis:6']);
  });

  it('limit an inspect to one service', async () => {
    await start();
    await client.open(uri, `${spec(`${folder}/cache`)}  other:\n    image: alpine:3\n`);
    const { services } = await client.request<InspectResult>('hpcCompose/cache/inspect', {
      uri,
      service: 'other',
    });
    assert.deepEqual(
      services.map(({ service_name }) => service_name),
      ['other'],
    );
  });

  it('explain where the cache directory comes from, and where the text takes another one', async () => {
    await start();
    await client.open(uri, spec('/tmp/here'));
    const explained = await client.request<ExplainResult>('hpcCompose/cache/explain', { uri });
    assert.equal(explained.choice.source, 'spec');
    assert.equal(explained.unsafeRoot, '/tmp');
    assert.deepEqual(explained.place?.range, {
      start: { line: 1, character: 13 },
      end: { line: 1, character: 22 },
    });
  });

  it('fail with a code, a message and a hint when the spec has errors', async () => {
    await start();
    await client.open(uri, 'x-slurm: {}\nservices: {app: {image: "${NOPE}"}}\n');
    await assert.rejects(
      client.request('hpcCompose/cache/list', { uri }),
      (error: Error & { data?: unknown }) => {
        const { code, hint } = error.data as { code: string; hint: string };
        assert.equal(code, 'spec-invalid');
        assert.match(hint, /Problems/);
        return true;
      },
    );
  });

  it('refuse a document that lies on no disk, in plain words', async () => {
    await start();
    await client.open('untitled:Untitled-1', spec('/c'));
    await assert.rejects(
      client.request('hpcCompose/cache/list', { uri: 'untitled:Untitled-1' }),
      /Save the spec/,
    );
  });

  it('refuse everything in an untrusted workspace, and lenses say so', async () => {
    await start({ options: { trusted: false } });
    await client.open(uri, spec(`${folder}/cache`));
    for (const method of ['cache/list', 'cache/inspect', 'cache/explain']) {
      await assert.rejects(client.request(`hpcCompose/${method}`, { uri }), /not trusted/);
    }
    assert.deepEqual((await titles()).slice(4), [
      '$(question)\u00a0state hidden in Restricted Mode',
      'Prepare',
      'Inspect',
    ]);
  });

  it('put lenses over a spec at once and fill them when the cache is known', async () => {
    await start();
    await client.open(uri, spec(`${folder}/cache`));
    const first = await lenses();
    assert.equal(first.length, 7);
    assert.deepEqual(first[4]?.range, { start: { line: 3, character: 2 }, end: { line: 3, character: 5 } });
    assert.deepEqual(first[4].command?.arguments, [{ uri, service: 'app' }]);
    await client.request('hpcCompose/cache/list', { uri });
    await client.request('hpcCompose/cache/inspect', { uri });
    assert.deepEqual(
      (await titles()).map((title) => title?.replace(folder, '')),
      [
        '$(database)\u00a00 B · /cache',
        'Prepare All',
        'Inspect',
        'Prune…',
        '$(circle-outline)\u00a0not prepared',
        'Prepare',
        'Inspect',
      ],
    );
  });

  const many = (cacheDir: string) =>
    spec(cacheDir) +
    Array.from({ length: 2000 }, (_, index) => `  s${index}:\n    image: docker.io/library/redis:7\n`).join(
      '',
    );

  it('hear what else is asked while they make the lenses of a big spec', async () => {
    await start();
    await client.open(uri, many(`${folder}/cache`));
    const answered: string[] = [];
    const hover = { textDocument: { uri }, position: { line: 3, character: 3 } };
    const [all] = await Promise.all([
      lenses().finally(() => answered.push('lenses')),
      client.request('textDocument/hover', hover).finally(() => answered.push('hover')),
    ]);
    assert.equal(all.length, 4 + 3 * 2001);
    assert.deepEqual(answered, ['hover', 'lenses']);
    assert.deepEqual(all.at(-1)?.command?.arguments, [{ uri, service: 's1999' }]);
  });

  it('make the lenses anew when the spec is edited meanwhile', async () => {
    await start();
    await client.open(uri, many(`${folder}/cache`));
    const before = await lenses();
    const made = lenses();
    const start0 = { line: 0, character: 0 };
    await client.change(uri, { range: { start: start0, end: start0 }, text: '# one line more\n' });
    const after = (await made).map(({ range }) => range.start.line);
    assert.deepEqual(
      after,
      before.map(({ range }) => range.start.line + 1),
    );
  });

  it('keep lenses while the text does not parse', async () => {
    await start();
    await client.open(uri, spec(`${folder}/cache`));
    await client.request('hpcCompose/cache/inspect', { uri });
    const before = await titles();
    const at = { line: 4, character: 11 };
    await client.diagnostics(uri, await client.change(uri, { range: { start: at, end: at }, text: '"' }));
    assert.deepEqual(await titles(), before);
  });

  it('give a plain Docker Compose file nothing', async () => {
    await start();
    await client.open(uri, 'services:\n  web:\n    image: nginx\n', 'dockercompose');
    assert.deepEqual(await lenses(), []);
  });

  it('switch lenses off by setting, for compact files and whole folders', async () => {
    await start({ settings: { codeLens: 'off' } });
    await client.open(uri, spec(`${folder}/cache`));
    assert.deepEqual(await lenses(), []);
  });

  it('use command ids of the server for editors without our client', async () => {
    await start({ options: { serverCommands: true } });
    await client.open(uri, spec(`${folder}/cache`));
    assert.ok((await lenses()).every(({ command }) => command?.command.startsWith('hpcCompose.server.')));
  });

  it('answer hover and completion with the words of the schema', async () => {
    await start();
    await client.open(uri, spec(`${folder}/cache`));
    await client.request('hpcCompose/cache/inspect', { uri });
    const at = (line: number, character: number) => ({
      textDocument: { uri },
      position: { line, character },
    });
    const hover = await client.request<Hover>('textDocument/hover', at(1, 4));
    const { value } = hover.contents as { value: string };
    assert.ok(value.startsWith(`Cache directory: \` ${folder}/cache \``), value);
    assert.equal(await client.request('textDocument/hover', at(3, 3)), null);
    const items = await client.request<CompletionItem[]>('textDocument/completion', at(5, 0));
    assert.ok(items.some(({ label }) => label === 'x-env'));
    assert.ok(!items.some(({ label }) => label === 'services'));
  });

  describe('quick fixes', () => {
    const actions = (diagnostic: Diagnostic) =>
      client.request<CodeAction[]>('textDocument/codeAction', {
        textDocument: { uri },
        range: diagnostic.range,
        context: { diagnostics: [diagnostic] },
      });
    const unsafe: Diagnostic = {
      code: 'HPC004',
      source: 'hpc-compose',
      message: '',
      range: { start: { line: 1, character: 13 }, end: { line: 1, character: 22 } },
    };

    it('offer shared directories that can be written, and CACHE_DIR with its definition', async function () {
      // A directory that other nodes might see; nothing is written there.
      const shared = [process.cwd(), os.userInfo().homedir].find(
        (place) => nodeLocalRootOf(place) === undefined && fs.existsSync(place),
      );
      if (shared === undefined) skipBecause(this, 'checkout and home lie where other nodes see nothing');
      await start({ env: { HOME: folder, SCRATCH: shared, WORK: '/nonexistent' } });
      await client.open(uri, spec('/tmp/here'));
      const offered = await actions(unsafe);
      const found = offered.map(({ title }) => title.replaceAll(shared, '~'));
      assert.equal(found[0], 'Use ~/hpc-compose ($SCRATCH)');
      assert.ok(!found.some((title) => title.includes('/nonexistent')));
      const variable = offered.find(({ title }) => title.includes('${CACHE_DIR}'));
      const [create, define, use] = variable?.edit?.documentChanges ?? [];
      assert.deepEqual(create, {
        kind: 'create',
        uri: URI.file(path.join(folder, '.env')).toString(),
        options: { ignoreIfExists: true },
      });
      assert.ok(define && 'edits' in define && use && 'edits' in use);
      assert.equal((define.edits[0] as { newText: string }).newText, `CACHE_DIR=${shared}/hpc-compose\n`);
      assert.equal((use.edits[0] as { newText: string }).newText, '${CACHE_DIR}');
      assert.ok(found.includes('Ignore HPC004 here'));
    });

    it('say where CACHE_DIR is defined already', async () => {
      fs.writeFileSync(path.join(folder, '.env'), 'A=1\nCACHE_DIR=/project/x');
      await start({ env: { HOME: folder } });
      await client.open(uri, spec('/tmp/here'));
      const found = (await actions(unsafe)).map(({ title }) => title);
      assert.ok(found.includes('Use ${CACHE_DIR} (defined in .env beside the spec)'), found.join('\n'));
    });

    it('look at no disk in an untrusted workspace', async () => {
      await start({ options: { trusted: false }, env: { HOME: folder, SCRATCH: folder } });
      await client.open(uri, spec('/tmp/here'));
      assert.deepEqual(
        (await actions(unsafe)).map(({ title }) => title),
        [
          'Use ${CACHE_DIR} (to be set in .env or your environment; ~/.cache/hpc-compose until then)',
          'Ignore HPC004 here',
        ],
      );
    });
  });
});
