import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  listRendezvous,
  liveRecords,
  pruneRendezvous,
  registerRendezvous,
  resolveRendezvous,
} from '../../server/src/core/rendezvous.ts';
import { removeRecordIf } from '../../server/src/core/rendezvousFile.ts';
import { runProgram } from '../helpers/cli.ts';
import { useFolder } from '../helpers/folder.ts';

const RENDEZVOUS = join(import.meta.dirname, '../../server/src/core/rendezvous.ts');
const REQUEST = { name: 'llm', jobId: '42_1', host: 'n1', port: 8000, protocol: 'http', ttlSeconds: 60 };
const NOW = 1_000_000;

describe('rendezvous', () => {
  const folder = useFolder();
  const register = (change: Partial<typeof REQUEST & { service: string; path: string }> = {}, now = NOW) =>
    registerRendezvous(folder(), { ...REQUEST, ...change }, now);
  const live = (now = NOW) => liveRecords(listRendezvous(folder(), now)).map(({ name }) => name);

  it('reads records as hpc-compose does: metadata by name, numbers only where they are whole as written', () => {
    const { file } = register();
    const latest = join(folder(), 'rendezvous/llm/latest.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(latest, text.replace('"metadata": {}', '"metadata": {"b": "\\"port\\": 1.0", "a": "2"}'));
    assert.deepEqual(Object.keys(resolveRendezvous(folder(), 'llm', NOW).metadata), ['a', 'b']);
    for (const number of ['8000.0', '8e3', '-0']) {
      writeFileSync(latest, text.replace('"port": 8000', `"port": ${number}`));
      assert.throws(() => resolveRendezvous(folder(), 'llm', NOW), /is damaged: 'port' is malformed/, number);
    }
  });

  it('writes record and latest.json with one key a line, metadata last, no final newline', () => {
    const { file } = register({ service: 'a b', path: '' });
    assert.equal(file, join(folder(), 'rendezvous/llm/42_1-a_b.json'));
    const text = [
      '{',
      '  "schema_version": 1,',
      '  "name": "llm",',
      '  "job_id": "42_1",',
      '  "service": "a b",',
      '  "host": "n1",',
      '  "port": 8000,',
      '  "protocol": "http",',
      '  "path": null,',
      '  "url": "http://n1:8000",',
      '  "registered_at": 1000000,',
      '  "ttl_seconds": 60,',
      `  "cache_dir": ${JSON.stringify(folder())},`,
      '  "metadata": {}',
      '}',
    ].join('\n');
    assert.equal(readFileSync(file, 'utf8'), text);
    assert.equal(readFileSync(join(folder(), 'rendezvous/llm/latest.json'), 'utf8'), text);
    assert.deepEqual(readdirSync(join(folder(), 'rendezvous/llm')), ['42_1-a_b.json', 'latest.json']);
    writeFileSync(join(folder(), 'plain'), '');
    assert.equal(statSync(file).mode, statSync(join(folder(), 'plain')).mode);
  });

  it('names a record without service manual', () => {
    assert.match(register().file, /42_1-manual\.json$/);
  });

  const refused: readonly (readonly [string, Parameters<typeof register>[0], RegExp])[] = [
    ['a blank name', { name: ' ' }, /name/],
    ['..', { name: '..' }, /'\.\.'/],
    ['a slash', { name: 'a/b' }, /ASCII/],
    ['no job', { jobId: ' ' }, /job id/],
    ['port 0', { port: 0 }, /port/],
    ['a relative path', { path: 'v1' }, /path/],
    ['no time to live', { ttlSeconds: 0 }, /time to live/],
  ];
  for (const [title, change, words] of refused) {
    it(`refuses ${title}`, () => {
      assert.throws(() => register(change), { code: 'rendezvous-invalid', message: words });
      assert.ok(!existsSync(join(folder(), 'rendezvous')));
    });
  }

  it('resolves the latest record until its time to live is over; older live ones do not stand in', () => {
    register({ ttlSeconds: 1000 });
    register({ jobId: '43' });
    assert.equal(resolveRendezvous(folder(), 'llm', NOW + 59).job_id, '43');
    assert.throws(() => resolveRendezvous(folder(), 'llm', NOW + 60), {
      code: 'rendezvous-missing',
      message: /expired/,
    });
    assert.equal(resolveRendezvous(folder(), 'llm', NOW - 500).job_id, '43', 'a future stamp has age 0');
    assert.throws(() => resolveRendezvous(folder(), 'nope', NOW), { code: 'rendezvous-missing' });
  });

  it('hides records of another spelling of the directory and says so; slashes do not matter', () => {
    register();
    symlinkSync(folder(), `${folder()}/link`);
    assert.equal(resolveRendezvous(`${folder()}//./`, 'llm', NOW).job_id, '42_1');
    assert.throws(() => resolveRendezvous(`${folder()}/link`, 'llm', NOW), { message: /written for/ });
    assert.deepEqual(
      listRendezvous(`${folder()}/link`, NOW).entries.map(({ state }) => state),
      ['elsewhere', 'elsewhere'],
    );
  });

  it('reads what a batch script writes: absent keys, unknown keys, metadata on one line', () => {
    const directory = join(folder(), 'rendezvous/s');
    mkdirSync(directory, { recursive: true });
    const record = { ...register({ name: 's' }).record, path: '', metadata: { a: 'b' }, extra: 1 };
    const { service: _service, ...rest } = record;
    writeFileSync(join(directory, 'latest.json'), `${JSON.stringify(rest)}\n`);
    const read = resolveRendezvous(folder(), 's', NOW);
    assert.deepEqual([read.service, read.path, read.metadata], [null, '', { a: 'b' }]);
    assert.ok(!('extra' in read));
  });

  it('shows damaged files beside the others instead of failing, and removes them on request', () => {
    register({ name: 'z' });
    register({ name: 'a' });
    const damaged = join(folder(), 'rendezvous/a/latest.json');
    writeFileSync(damaged, '{"schema_version": 1');
    assert.deepEqual(live(), ['z']);
    const shown = listRendezvous(folder(), NOW).entries.find(({ state }) => state === 'damaged');
    assert.deepEqual([shown?.file, shown?.problem], [damaged, 'it is no valid JSON']);
    assert.throws(() => resolveRendezvous(folder(), 'a', NOW), {
      code: 'rendezvous-invalid',
      message: /damaged/,
    });
    assert.deepEqual(pruneRendezvous(folder(), NOW).removed, []);
    assert.deepEqual(pruneRendezvous(folder(), NOW, { damaged: true }).removed, [damaged]);
  });

  it('prunes expired records of this directory only, or all of one job', () => {
    register({ name: 'old' });
    register({ name: 'new', jobId: '7' }, NOW + 50);
    const elsewhere = { ...register({ name: 'far' }).record, cache_dir: '/elsewhere' };
    for (const file of ['latest.json', '42_1-manual.json'])
      writeFileSync(join(folder(), 'rendezvous/far', file), JSON.stringify(elsewhere));
    const removed = pruneRendezvous(folder(), NOW + 60).removed.map((file) => file.slice(folder().length));
    assert.deepEqual(removed, ['/rendezvous/old/42_1-manual.json', '/rendezvous/old/latest.json']);
    assert.equal(pruneRendezvous(folder(), NOW + 60, { jobId: '7' }).removed.length, 2);
    assert.equal(pruneRendezvous(folder(), NOW + 60, { jobId: '7' }).failed.length, 0);
  });

  it('never waits for a pipe nor reads a file of any size in place of a record, and prunes both on request', () => {
    register();
    for (const name of ['pipe', 'big', 'folder']) mkdirSync(join(folder(), 'rendezvous', name));
    spawnSync('mkfifo', [join(folder(), 'rendezvous/pipe/latest.json')]);
    writeFileSync(join(folder(), 'rendezvous/big/latest.json'), '');
    truncateSync(join(folder(), 'rendezvous/big/latest.json'), 3 * 1024 ** 3);
    mkdirSync(join(folder(), 'rendezvous/folder/latest.json'));
    assert.deepEqual(live(), ['llm']);
    assert.throws(() => resolveRendezvous(folder(), 'pipe', NOW), /no plain file/);
    const { removed, failed } = pruneRendezvous(folder(), NOW, { damaged: true });
    assert.equal(removed.length, 2);
    assert.deepEqual(
      failed.map(({ path }) => path),
      [join(folder(), 'rendezvous/folder/latest.json')],
    );
    assert.deepEqual(live(), ['llm']);
  });

  it('prunes nothing behind a link', () => {
    register({}, NOW - 1000);
    renameSync(join(folder(), 'rendezvous'), join(folder(), 'elsewhere'));
    symlinkSync('elsewhere', join(folder(), 'rendezvous'));
    assert.deepEqual(pruneRendezvous(folder(), NOW).removed, []);
    assert.equal(readdirSync(join(folder(), 'elsewhere/llm')).length, 2);
  });

  it('keeps the record of whoever registered last while others register and prune at once', async () => {
    const script = `
      import { pruneRendezvous, registerRendezvous } from ${JSON.stringify(RENDEZVOUS)};
      const [folder, job] = process.argv.slice(1);
      const request = { name: 'llm', host: 'n1', port: 8000, protocol: 'http', ttlSeconds: 60 };
      for (let round = 0; round < 150; round++) {
        // One that has expired already, as a prune finds it, then the one that counts.
        registerRendezvous(folder, { ...request, jobId: 'old' + job }, ${NOW} - 1000);
        pruneRendezvous(folder, ${NOW});
        registerRendezvous(folder, { ...request, jobId: job }, ${NOW});
      }`;
    const work = ['1', '2', '3'].map((job) => {
      const args = ['--import=tsx', '--input-type=module', '-e', script, folder(), job];
      return runProgram([process.execPath, ...args], { cwd: process.cwd() });
    });
    for (const { code, stderr } of await Promise.all(work)) assert.equal(code, 0, stderr);
    assert.match(resolveRendezvous(folder(), 'llm', NOW).job_id, /^[123]$/);
    const names = readdirSync(join(folder(), 'rendezvous/llm'));
    assert.deepEqual(
      names.filter((name) => name.endsWith('.tmp')),
      [],
    );
    for (const job of ['1', '2', '3']) assert.ok(names.includes(`${job}-manual.json`));
  });

  it('never removes a newer record that came between judging and removing', () => {
    const file = join(folder(), 'latest.json');
    writeFileSync(file, 'old');
    let looks = 0;
    const removed = removeRecordIf(file, (text) => {
      if (looks++ === 0) writeFileSync(file, 'new');
      return text === 'old';
    });
    assert.equal(removed, false);
    assert.equal(readFileSync(file, 'utf8'), 'new');
    assert.deepEqual(readdirSync(folder()), ['latest.json']);
  });

  it('keeps the newest of two records when another writer replaces the one set aside', () => {
    const file = join(folder(), 'latest.json');
    writeFileSync(file, 'old');
    let looks = 0;
    removeRecordIf(file, (text) => {
      looks++;
      if (looks === 1) return true;
      writeFileSync(file, 'newest');
      return text === 'other';
    });
    assert.equal(readFileSync(file, 'utf8'), 'newest');
    assert.deepEqual(readdirSync(folder()), ['latest.json']);
  });
});
