// Prepare and prune over LSP against the stand-in for enroot: real processes, real files.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProgressType, type CodeLens } from 'vscode-languageserver/node';
import { CancellationTokenSource } from 'vscode-languageserver/node';
import { URI } from 'vscode-uri';
import { narrowPlan } from '../../client/src/prunePresets.ts';
import { reportPage } from '../../client/src/views/pages.ts';
import { runProcess } from '../../server/src/core/process.ts';
import type {
  CacheState,
  PrepareProgress,
  PrepareResult,
  PrunePlan,
  PruneReport,
  PruneResult,
} from '../../server/src/model/cache.ts';
import { CACHE_DID_CHANGE, type PruneProgress } from '../../server/src/model/protocol.ts';
import { useFolder } from '../helpers/folder.ts';
import { LspClient } from '../helpers/lspClient.ts';

const ENROOT = fileURLToPath(new URL('../helpers/enroot/enroot.mjs', import.meta.url));

describe('prepare and prune over LSP', function () {
  this.timeout(30_000);
  const currentFolder = useFolder();
  let client: LspClient;
  let folder: string;
  let uri: string;
  let states: CacheState[];

  const start = async (env: Record<string, string> = {}, settings: Record<string, unknown> = {}) => {
    client = await LspClient.start({
      run: runProcess,
      env: { HOME: folder, PATH: process.env.PATH, TMPDIR: folder, ...env },
      settings: { enroot: { path: ENROOT }, ...settings },
    });
    states = [];
    client.connection.onNotification(CACHE_DID_CHANGE, (state: CacheState) => void states.push(state));
    await client.open(uri, text());
  };
  const text = () =>
    [
      'x-slurm:',
      `  cache_dir: ${folder}/cache`,
      'services:',
      '  app:',
      '    image: docker.io/library/redis:7',
      '    x-enroot:',
      '      prepare:',
      '        commands: [echo hello]',
      '  plain:',
      '    image: docker.io/library/redis:7',
      '',
    ].join('\n');
  const prepare = (params: object = {}) =>
    client.request<PrepareResult>('hpcCompose/prepare', { uri, ...params });
  const planOf = (params: object) => client.request<PrunePlan>('hpcCompose/prune/plan', { uri, ...params });
  const list = () => client.request<CacheState>('hpcCompose/cache/list', { uri });
  const serviceTitles = async () =>
    (await client.request<CodeLens[]>('textDocument/codeLens', { textDocument: { uri } }))
      .slice(4)
      .map(({ command }) => command?.title ?? '');

  beforeEach(() => {
    folder = currentFolder();
    uri = URI.file(path.join(folder, 'compose.yaml')).toString();
    fs.writeFileSync(path.join(folder, 'compose.yaml'), text());
  });
  afterEach(() => client.stop());

  it('builds, reports every step, and tells the new state of the cache', async () => {
    await start();
    const steps: PrepareProgress[] = [];
    client.connection.onProgress(
      new ProgressType<PrepareProgress>(),
      'steps',
      (step) => void steps.push(step),
    );
    const result = await prepare({ partialResultToken: 'steps' });
    assert.deepEqual(result.services.map(({ service_name }) => service_name).sort(), ['app', 'plain']);
    assert.ok(result.services.some(({ runtime_image }) => runtime_image.action === 'built'));
    assert.ok(steps.some(({ phase }) => phase === 'import'));
    assert.ok(steps.some(({ phase }) => phase === 'done'));
    assert.deepEqual(
      states
        .at(-1)
        ?.entries.map(({ kind }) => kind)
        .sort(),
      ['base', 'prepared'],
    );
    assert.match((await serviceTitles())[0] ?? '', /^\$\(check\)\u00a0cached · .* · used just now$/);
  });

  it('lists in pages when asked to, and then tells changes by first pages', async () => {
    await start();
    await prepare();
    assert.equal(states.at(-1)?.next, undefined);
    const page = (offset: number) =>
      client.request<CacheState>('hpcCompose/cache/list', { uri, limit: 1, offset });
    const [first, second] = [await page(0), await page(1)];
    assert.deepEqual([first.next, second.next], [1, undefined]);
    assert.deepEqual([first.totals.entries, second.totals.entries], [2, 2]);
    assert.deepEqual([...first.entries, ...second.entries], (await list()).entries);
    await prepare();
    assert.deepEqual([states.at(-1)?.entries.length, states.at(-1)?.next], [1, 1]);
  });

  it('prepares one service alone', async () => {
    await start();
    const { services } = await prepare({ service: 'plain' });
    assert.deepEqual(
      services.map(({ service_name }) => service_name),
      ['plain'],
    );
    assert.deepEqual(
      (await list()).entries.map(({ kind }) => kind),
      ['base'],
    );
  });

  it('stops with the request, down to the last process, and leaves no entry', async () => {
    const log = path.join(folder, 'log');
    await start({ FAKE_HANG: 'import', FAKE_LOG: log });
    const source = new CancellationTokenSource();
    const running = client.connection.sendRequest('hpcCompose/prepare', { uri }, source.token);
    const began = () => fs.existsSync(log) && fs.readFileSync(log, 'utf8').includes('begin import');
    while (!began()) await new Promise((resolve) => setTimeout(resolve, 20));
    const pid = Number(/^\d+ (\d+) begin import/m.exec(fs.readFileSync(log, 'utf8'))?.[1]);
    assert.ok(pid > 0);
    assert.equal((await serviceTitles())[1], 'Cancel');
    source.cancel();
    await assert.rejects(running, /cancel/i);
    assert.throws(() => process.kill(pid, 0), /ESRCH/);
    assert.deepEqual((await list()).entries, []);
    assert.equal((await serviceTitles())[1], 'Prepare');
  });

  it('says what failed, in the result and in the lens', async () => {
    await start({ FAKE_FAIL: 'import', FAKE_STDERR: 'boom' });
    const { services } = await prepare();
    assert.ok(services.every(({ runtime_image }) => ['failed', 'skipped'].includes(runtime_image.action)));
    assert.equal((await serviceTitles())[0], '$(error)\u00a0failed just now');
  });

  it('names a missing enroot and writes nothing', async () => {
    await start({ PATH: folder }, { enroot: { path: '' } });
    const { services } = await prepare();
    assert.equal(services[0]?.runtime_image.error?.code, 'tool-missing');
    assert.equal(fs.existsSync(`${folder}/cache`), false);
  });

  it('plans a prune, keeps what is not chosen, and removes exactly the plan', async () => {
    await start();
    await prepare();
    const plan = await planOf({ mode: 'age', age: 0 });
    assert.deepEqual(
      plan.entries.map(({ action }) => action),
      ['remove', 'remove'],
    );
    const chosen = plan.entries.find(({ kind }) => kind === 'prepared')!;
    const narrowed: PrunePlan = {
      ...plan,
      entries: plan.entries.map((entry) => (entry === chosen ? entry : { ...entry, action: 'keep' })),
    };
    const result = await client.request<PruneResult>('hpcCompose/prune/apply', { plan: narrowed });
    assert.deepEqual(result.removed_paths, [chosen.path]);
    assert.equal(fs.existsSync(chosen.path), false);
    assert.deepEqual(
      (await list()).entries.map(({ kind }) => kind),
      ['base'],
    );
    assert.deepEqual(
      states.at(-1)?.entries.map(({ kind }) => kind),
      ['base'],
    );
  });

  it('plans with what goes alone when asked to, applies what is chosen of it, and reports that', async () => {
    await start();
    await prepare();
    const whole = await planOf({ mode: 'age', age: 0 });
    const prepared = whole.entries.find(({ kind }) => kind === 'prepared')!;
    const selection = { mode: 'selection', paths: [prepared.path] };
    const plan = await planOf({ ...selection, removalsOnly: true });
    assert.deepEqual(
      plan.entries.map(({ path: file, action }) => [file, action]),
      [[prepared.path, 'remove']],
    );
    const kept = (await planOf(selection)).entries.filter(({ action }) => action === 'keep');
    assert.deepEqual(plan.kept, { entries: 1, bytes: kept[0]?.bytes });
    assert.equal(narrowPlan(plan, new Set()).entries.length, 0);
    const narrowed = narrowPlan(plan, new Set([prepared.path]));
    const result = await client.request<PruneResult>('hpcCompose/prune/apply', { plan: narrowed });
    assert.deepEqual(result.removed_paths, [prepared.path]);
    const [report] = await client.request<PruneReport[]>('hpcCompose/prune/reports', { uri });
    assert.deepEqual([report?.plan, report?.result], [narrowed, result]);
    const page = reportPage(result, narrowed, { units: 'binary', now: 0 });
    assert.match(page, /## Removed\n\n.*\n.*\n\| `prepared\/.*` \| [1-9]/);
  });

  it('applies a plan of many entries as any other, with progress, report and the new state', async () => {
    await start();
    await prepare();
    const plan = await planOf({ mode: 'age', age: 0 });
    const reason = 'long '.repeat(60_000);
    const big = { ...plan, entries: plan.entries.map((entry) => ({ ...entry, reason })) };
    const told: PruneProgress[] = [];
    client.connection.onProgress(new ProgressType<PruneProgress>(), 'big', (step) => void told.push(step));
    const params = { plan: big, partialResultToken: 'big' };
    const result = await client.request<PruneResult>('hpcCompose/prune/apply', params);
    assert.deepEqual(result.removed_paths, plan.entries.map((entry) => entry.path).sort());
    assert.deepEqual(told.at(-1), { done: 2, total: 2, bytes: result.bytes_freed });
    assert.deepEqual(states.at(-1)?.entries, []);
    const reports = await client.request<PruneReport[]>('hpcCompose/prune/reports', { uri });
    assert.deepEqual([reports[0]?.plan, reports[0]?.result], [big, result]);
  });

  it('keeps what open specs refer to when pruning unused entries', async () => {
    await start();
    await prepare();
    const { entries } = await planOf({ mode: 'all_unused' });
    assert.ok(entries.length > 0 && entries.every(({ action }) => action === 'keep'));
  });

  it('keeps entries within the grace period when asked to', async () => {
    await start();
    await prepare();
    const { entries } = await planOf({ mode: 'age', age: 0, grace: 600 });
    assert.ok(entries.every(({ action }) => action === 'keep'));
  });

  it('prepares by a command of the server for editors without our client', async () => {
    client = await LspClient.start({
      run: runProcess,
      env: { HOME: folder, PATH: process.env.PATH, TMPDIR: folder },
      settings: { enroot: { path: ENROOT } },
      options: { serverCommands: true },
    });
    const said = new Promise<string>((resolve) => {
      client.connection.onNotification('window/showMessage', ({ message }: { message: string }) => {
        resolve(message);
      });
    });
    await client.open(uri, text());
    const command = 'hpcCompose.server.prepareService';
    assert.ok(client.capabilities.executeCommandProvider?.commands.includes(command));
    await client.request('workspace/executeCommand', { command, arguments: [{ uri, service: 'plain' }] });
    assert.equal(await said, 'plain: built');
  });

  it('refuses to prepare, plan or apply in an untrusted workspace, and starts nothing', async () => {
    client = await LspClient.start({ env: { HOME: folder }, options: { trusted: false } });
    await client.open(uri, text());
    await assert.rejects(prepare(), /not trusted/);
    await assert.rejects(planOf({ mode: 'age', age: 0 }), /not trusted/);
    const plan: PrunePlan = {
      schema_version: 1,
      created_at: 0,
      cache_dir: folder,
      mode: 'age',
      entries: [],
      bytes: 0,
    };
    await assert.rejects(client.request('hpcCompose/prune/apply', { plan }), /not trusted/);
  });
});
