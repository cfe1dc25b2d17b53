import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probePath, type ProbePorts } from '../../../server/src/core/probePath.ts';
import { runProcess } from '../../../server/src/core/process.ts';
import type { PathEvidence } from '../../../server/src/model/pathEvidence.ts';
import { judgeEvidence, type EvidenceSubject } from '../../../server/src/spec/lint/pathEvidence.ts';

const SPAN = { file: '/p/compose.yaml', start: 0, end: 1 };
const SETTINGS = {
  sharedRoots: ['/export'],
  localRoots: ['/nvme'],
  nodes: 1,
  leastFreeBytes: 1000,
  seconds: 2,
};

function judge(evidence: Partial<PathEvidence>, nodes = 1, kind: EvidenceSubject['kind'] = 'cache') {
  const whole: PathEvidence = { path: '/data/c', answer: 'ok', writable: true, ...evidence };
  const findings = judgeEvidence(
    whole,
    { kind, span: SPAN, field: 'x-slurm.cache_dir' },
    { ...SETTINGS, nodes },
  );
  for (const finding of findings) assert.match(finding.related?.[0]?.message ?? '', /Known from/);
  return findings.map(({ code, severity }) => `${code} ${severity}`);
}

describe('evidence on paths', () => {
  const ext4 = { point: '/data', type: 'ext4' };
  for (const [title, evidence, expected] of [
    ['a shared file system', { mount: { point: '/data', type: 'lustre' } }, []],
    ['a local disk', { mount: ext4 }, ['HX006 information']],
    ['memory', { mount: { point: '/data', type: 'tmpfs' } }, ['HX006 warning']],
    ['a local disk that a person calls shared', { path: '/export/c', mount: ext4 }, []],
    ['a directory that a person calls local', { path: '/nvme/c' }, ['HX014 warning']],
    ['a link into /tmp', { real: '/tmp/c', mount: ext4 }, ['HX005 warning']],
    ['/tmp itself, which HPC004 tells', { path: '/tmp/c', real: '/tmp/c', mount: ext4 }, []],
    ['nothing there yet', { answer: 'missing' }, ['HX007 hint']],
    ['no right to write', { answer: 'missing', writable: false }, ['HX008 warning']],
    ['rights for everybody', { worldWritable: true }, ['HX009 warning']],
    ['little room', { freeBytes: 999 }, ['HX010 warning']],
    ['just enough room', { freeBytes: 1000 }, []],
    ['no answer', { answer: 'silent', writable: false }, ['HX011 information']],
  ] as const)
    it(`${title}: ${expected.join(', ') || 'silent'}`, () => assert.deepEqual(judge(evidence), expected));

  it('a local disk is louder with several nodes', () =>
    assert.deepEqual(judge({ mount: ext4 }, 2), ['HX006 warning']));
  it('a volume behind a link into /tmp', () =>
    assert.deepEqual(judge({ real: '/tmp/x' }, 1, 'volume'), ['HX015 warning']));
  it('a scratch directory on NFS', () =>
    assert.deepEqual(judge({ mount: { point: '/data', type: 'nfs4' } }, 1, 'temp'), ['HX013 hint']));
});

describe('looking at a path', () => {
  let folder: string;
  before(() => (folder = realpathSync(mkdtempSync(join(tmpdir(), 'probe-')))));
  after(() => rmSync(folder, { recursive: true }));
  const ports = (extra: Partial<ProbePorts> = {}): ProbePorts => ({
    run: runProcess,
    env: { PATH: process.env.PATH },
    mountinfo: '1 0 0:1 / / rw - ext4 /dev/x rw\n2 1 0:2 / /with\\040blank rw shared:1 - nfs4 h:/x rw\n',
    timeoutMs: 20_000,
    ...extra,
  });

  it('follows links, finds the mount, space and rights', async () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    const found = await probePath(join(folder, 'link'), ports());
    assert.equal(found.real, join(folder, 'real'));
    assert.deepEqual([found.answer, found.writable, found.worldWritable], ['ok', true, false]);
    assert.deepEqual(found.mount, { point: '/', type: 'ext4' });
    assert.ok((found.freeBytes ?? 0) > 0);
  });

  it('sees rights for everybody, and the sticky bit that limits them', async () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    assert.equal((await probePath(open, ports())).worldWritable, true);
    chmodSync(open, 0o1777);
    assert.equal((await probePath(open, ports())).worldWritable, false);
  });

  it('asks the nearest ancestor of what is missing', async () => {
    const found = await probePath(join(folder, 'a/b/c'), ports());
    assert.deepEqual([found.answer, found.writable], ['missing', true]);
  });

  it('reads blanks in the mount table', async () =>
    assert.deepEqual((await probePath('/with blank/x', ports())).mount, {
      point: '/with blank',
      type: 'nfs4',
    }));

  it('gives up on a file system that never answers, without waiting for its process', async () => {
    const found = await probePath('/x', ports({ timeoutMs: 50, run: () => new Promise(() => undefined) }));
    assert.deepEqual([found.answer, found.mount?.point], ['silent', '/']);
  });

  it('can be cancelled', async () => {
    const stop = new AbortController();
    stop.abort();
    await assert.rejects(probePath('/x', ports(), stop.signal));
  });
});
