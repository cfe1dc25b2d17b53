import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from 'vscode-languageserver';
import { runProcess, type ProcessRun } from '../../server/src/core/process.ts';
import { LspClient, type ClientSetup } from '../helpers/lspClient.ts';
import { skipBecause } from '../helpers/skip.ts';

/** A way to name any path so that its text tells nothing: a link of the kernel to the root. */
const DISGUISE = '/proc/self/root';
const ENV = { PATH: process.env.PATH, HOME: '/home/nobody' };

/** Messages of our server are plain texts. */
const textOf = ({ message }: Diagnostic) => (typeof message === 'string' ? message : message.value);

function specOf(slurm: readonly string[], volumes: readonly string[] = []): string {
  const mounts =
    volumes.length === 0 ? [] : ['    volumes:', ...volumes.map((volume) => `      - ${volume}`)];
  const lines = ['x-slurm:', '  nodes: 2', ...slurm.map((line) => `  ${line}`)];
  return [...lines, 'services:', '  app:', '    image: "alpine:3.20"', ...mounts, ''].join('\n');
}

describe('evidence on paths in the language server', () => {
  let client: LspClient;
  let folder: string;
  let uri: string;
  let asked: string[];
  before(function () {
    if (process.platform !== 'linux') skipBecause(this, 'paths are looked at on Linux only');
  });
  beforeEach(() => {
    // Below one of the roots that HPC004 knows, wherever this machine keeps its temporary files.
    folder = mkdtempSync('/tmp/hpc-compose-evidence-');
    uri = `file://${folder}/compose.yaml`;
    asked = [];
  });
  afterEach(async () => {
    await client.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run: ProcessRun = (request) => {
    asked.push(request.args.at(-1) ?? '');
    // A mount whose server is gone: the process never ends, whatever is sent to it.
    return request.args.at(-1)?.startsWith('/hung') ? new Promise(() => undefined) : runProcess(request);
  };
  const start = async (setup: ClientSetup = {}) =>
    (client = await LspClient.start({ run, env: ENV, settings: {}, folder, ...setup }));
  const shown = (code: string) =>
    client.until(() => {
      const last = client.publishedFor(uri).at(-1)?.diagnostics ?? [];
      return last.some((each) => each.code === code) ? last : undefined;
    });
  const marked = (text: string, { range }: Diagnostic) =>
    text.split('\n')[range.start.line]?.slice(range.start.character, range.end.character);

  it('tells, after the findings of the text, where links lead, how that is known, and who can write there', async () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    await start();
    const text = specOf([`cache_dir: ${DISGUISE}${open}`], [`${DISGUISE}${folder}:/data`]);
    const first = await client.open(uri, text);
    assert.deepEqual(first, [], 'nothing waits for the look');
    const later = await shown('HX005');
    const [link, rights, volume] = ['HX005', 'HX009', 'HX015'].map((code) =>
      later.find((each) => each.code === code),
    );
    assert.ok(link && rights && volume);
    assert.equal(marked(text, link), `${DISGUISE}${open}`);
    assert.match(textOf(link), new RegExp(`is really ${open}, below /tmp`));
    assert.match(
      link.relatedInformation?.[0]?.message ?? '',
      /^Known from the mount table: .* mounted on \//,
    );
    assert.match(textOf(rights), /Run: chmod o-w/);
    assert.equal(marked(text, volume), `${DISGUISE}${folder}:/data`);
  });

  it('names a file system in memory by its mount, unless a person calls it shared', async function () {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    const points = mounts
      .filter((line) => line.includes(' - tmpfs '))
      .map((line) => line.split(' ')[4] ?? '');
    const tmpfs = points.find((point) => !/^\/(tmp|var\/tmp|dev|run|var\/run)(\/|$)/.test(point));
    if (tmpfs === undefined) skipBecause(this, 'no tmpfs outside of the usual places');
    const text = specOf([`cache_dir: ${tmpfs}`]);
    await start({ settings: { cache: { localRoots: [] } } });
    await client.open(uri, text);
    const found = (await shown('HX006')).find(({ code }) => code === 'HX006');
    assert.match(found ? textOf(found) : '', /\(tmpfs\)/);
    assert.equal(found?.severity, 2);
    await client.stop();
    await start({ settings: { cache: { sharedRoots: [tmpfs], localRoots: [] }, diagnostics: {} } });
    await client.open(uri, `${text}# hpc-compose: ignore[HX010] to see that the look is over\n`);
    assert.deepEqual(
      (await shown('HX038')).filter(({ code }) => code === 'HX006'),
      [],
    );
  });

  it('says so of a directory that a person calls local', async () => {
    await start({ settings: { cache: { localRoots: ['/opt/nvme'] } } });
    await client.open(uri, specOf(['cache_dir: /opt/nvme/images']));
    await shown('HX014');
  });

  it('gives a mount that hangs one note, while typing goes on', async () => {
    await start();
    const text = specOf(['cache_dir: /hung/cache'], ['/hung/data:/data']);
    await client.open(uri, text);
    const isAsked = () => (asked.includes('/hung/cache') ? true : undefined);
    for (let tries = 0; tries < 500 && !isAsked(); tries++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const at = { line: 1, character: 9 };
    const version = await client.change(uri, {
      range: { start: at, end: { line: 1, character: 10 } },
      text: 'x',
    });
    assert.equal((await client.diagnostics(uri, version))[0]?.code, 'R040', 'typing is answered meanwhile');
    await client.change(uri, { range: { start: at, end: { line: 1, character: 10 } }, text: '2' });
    const notes = (await shown('HX011')).filter(({ code }) => String(code).startsWith('HX'));
    assert.deepEqual(
      notes.map(({ code, severity }) => [code, severity]),
      [['HX011', 3]],
    );
  });

  it('keeps findings at their places while lines are typed above, and drops them with their text', async () => {
    await start();
    const path = `${DISGUISE}${folder}`;
    await client.open(uri, specOf([`cache_dir: ${path}`]));
    await shown('HX005');
    const top = { line: 0, character: 0 };
    let version = await client.change(uri, { range: { start: top, end: top }, text: '# note\n' });
    const moved = (await client.diagnostics(uri, version)).find(({ code }) => code === 'HX005');
    assert.equal(moved?.range.start.line, 3);
    const end = { line: 3, character: 13 + path.length };
    version = await client.change(uri, { range: { start: end, end }, text: 'x' });
    assert.deepEqual(
      (await client.diagnostics(uri, version)).filter(({ code }) => code === 'HX005'),
      [],
    );
    await shown('HX005');
  });

  it('honours comments that ignore it, and knows when they are useless', async () => {
    await start();
    const path = `${DISGUISE}${folder}`;
    await client.open(uri, specOf([`cache_dir: ${path} # hpc-compose: ignore[HX005, HX008] known`]));
    const found = await shown('HX038');
    assert.deepEqual(
      found.map((each) => `${each.code} ${textOf(each)}`),
      ['HX038 There is no finding HX008 here to ignore.'],
    );
  });

  it('looks at nothing and starts nothing in a workspace that is not trusted, or when switched off', async () => {
    const text = `${specOf([`cache_dir: ${DISGUISE}${folder}`])}# hpc-compose: ignore[HX005] x\n`;
    for (const setup of [
      { options: { trusted: false } },
      { settings: { diagnostics: { probeFilesystem: false } } },
    ]) {
      await start(setup);
      await client.open(uri, text);
      // One look would have begun by then: the pause is 300 ms.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      assert.deepEqual(asked, []);
      if ('options' in setup) await client.stop();
    }
  });

  it('judges relative paths from the folder that a linked spec really lies in', async () => {
    mkdirSync(join(folder, 'real'));
    mkdirSync(join(folder, 'link'));
    writeFileSync(join(folder, 'real/compose.yaml'), '');
    symlinkSync('../real/compose.yaml', join(folder, 'link/compose.yaml'));
    await start();
    uri = `file://${folder}/link/compose.yaml`;
    await client.open(uri, specOf(['cache_dir: ./images']));
    const found = await client.until(() =>
      client
        .publishedFor(uri)
        .at(-1)
        ?.diagnostics.find((each) => each.code === 'HPC004' && textOf(each).includes('/real/images')),
    );
    assert.ok(found);
  });

  it('shows what is wrong with settings and cluster profile, with the way to the file', async () => {
    mkdirSync(join(folder, '.hpc-compose'));
    writeFileSync(join(folder, '.hpc-compose/settings.toml'), 'version = 7\n');
    writeFileSync(join(folder, '.hpc-compose/cluster.toml'), 'schema_version = 9\n');
    await start();
    await client.open(uri, specOf([]));
    await shown('R003');
    const found = await shown('R171');
    for (const [code, file] of [
      ['R003', 'settings.toml'],
      ['R171', 'cluster.toml'],
    ] as const) {
      const finding = found.find((each) => each.code === code);
      assert.equal(finding?.relatedInformation?.[0]?.location.uri, `file://${folder}/.hpc-compose/${file}`);
      assert.equal(finding.range.start.line, 0);
    }
    writeFileSync(join(folder, '.hpc-compose/cluster.toml'), 'schema_version = 1\n');
    await client.connection.sendNotification('textDocument/didSave', { textDocument: { uri } });
    const left = await client.until(() => {
      const last = client.publishedFor(uri).at(-1)?.diagnostics ?? [];
      return last.some(({ code }) => code === 'R171') ? undefined : last;
    });
    assert.ok(left.some(({ code }) => code === 'R003'));
  });
});
