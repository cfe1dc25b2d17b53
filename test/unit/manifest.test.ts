import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFiles } from '../../server/src/core/files.ts';
import {
  ManifestDamage,
  MANIFEST_SIZE_LIMIT,
  parseManifestBytes,
  readManifestFile,
  touched,
  upsertBase,
  upsertPrepared,
  writeManifest,
} from '../../server/src/core/manifest.ts';
import { formatManifest, parseManifest } from '../../server/src/core/manifestText.ts';
import type { Manifest } from '../../server/src/model/cache.ts';
import { faultyFiles } from '../helpers/faultyFiles.ts';
import { useFolder } from '../helpers/folder.ts';

const BASE: Manifest = {
  kind: 'base',
  artifact_path: '/c/base/0123456789abcdef-redis-7.sqsh',
  service_names: ['api', 'db'],
  cache_key: '0'.repeat(64),
  source_image: 'docker://redis:7',
  registry: 'registry-1.docker.io',
  prepare_commands: [],
  prepare_env: [],
  prepare_root: null,
  prepare_mounts: [],
  force_rebuild_due_to_mounts: false,
  created_at: 1_700_000_000,
  last_used_at: 1_700_000_100,
  tool_version: '0.2.3',
};

const GOLDEN = `{
  "kind": "prepared",
  "artifact_path": "/c/prepared/0123456789abcdef-api.sqsh",
  "service_names": [
    "api"
  ],
  "cache_key": "${'1'.repeat(64)}",
  "source_image": "docker://redis:7",
  "registry": null,
  "prepare_commands": [
    "echo \\"q\\" \\\\ \\u0001\\t\\n\u007f\u2028 \u{1f600}"
  ],
  "prepare_env": [
    "A=b"
  ],
  "prepare_root": true,
  "prepare_mounts": [],
  "force_rebuild_due_to_mounts": false,
  "created_at": 18446744073709551615,
  "last_used_at": 0,
  "tool_version": "0.2.3",
  "uri": "u"
}`;

const parsed = (text: string): Manifest => {
  const manifest = parseManifest(text);
  assert.ok(typeof manifest !== 'string', manifest as string);
  return manifest;
};

describe('manifest text', () => {
  it('comes back byte for byte: key order, escapes, big integers, no final newline', () => {
    assert.equal(formatManifest(parsed(GOLDEN)), GOLDEN);
    assert.equal(formatManifest(BASE), JSON.stringify(BASE, null, 2));
  });

  it('drops unknown keys, even when they stand twice, and turns an unknown kind into "unknown"', () => {
    const text = GOLDEN.replace('"kind": "prepared"', '"x": {"kind": [1, "}"]}, "x": 1, "kind": "other"');
    assert.deepEqual({ ...parsed(text), kind: 'prepared' }, parsed(GOLDEN));
    assert.equal(parsed(text).kind, 'unknown');
  });

  it('takes registry, prepare_root and staged keys as optional, and null as absent', () => {
    const { registry: _registry, prepare_root: _root, ...rest } = BASE;
    assert.deepEqual(parsed(JSON.stringify({ ...rest, uri: null })), { ...BASE, registry: null });
  });

  const required = Object.keys(BASE).filter((key) => !['registry', 'prepare_root'].includes(key));
  for (const key of required) {
    it(`calls a manifest without ${key} damaged`, () => {
      const text = JSON.stringify({ ...BASE, [key]: undefined });
      assert.equal(parseManifest(text), `the key ${key} is missing`);
    });
  }

  for (const [title, from, to] of [
    ['a float', '1700000000', '1700000000.0'],
    ['an exponent', '1700000000', '17e8'],
    ['a negative number', '1700000000', '-1'],
    ['a number over 64 bits', '1700000000', '18446744073709551616'],
    ['a number as text', '1700000000', '"1700000000"'],
    ['a known key twice', '"kind"', '"kind":"base","kind"'],
    ['a known key twice, once escaped', '"kind"', '"\\u006bind":"base","kind"'],
    ['a list of numbers', '["api","db"]', '[1]'],
    ['a lone surrogate', '"api"', '"\\ud800"'],
    ['truncated text', '"tool_version":"0.2.3"}', '"tool'],
    ['a list', /^.*$/s, '[]'],
    ['nothing', /^.*$/s, ''],
  ] as const) {
    it(`calls ${title} damage`, () => {
      const text = JSON.stringify(BASE).replace(from, to);
      assert.notEqual(text, JSON.stringify(BASE));
      assert.equal(typeof parseManifest(text), 'string');
    });
  }

  it('refuses bytes that are not UTF-8 and a byte order mark', () => {
    assert.throws(() => parseManifestBytes(Buffer.from([0xff])), ManifestDamage);
    assert.throws(() => parseManifestBytes(Buffer.from(`\ufeff${JSON.stringify(BASE)}`)), ManifestDamage);
  });
});

describe('manifest merge rules', () => {
  const artifact = {
    kind: 'base',
    path: BASE.artifact_path,
    manifestPath: `${BASE.artifact_path}.json`,
    key: BASE.cache_key,
  } as const;
  const source = { sourceImage: BASE.source_image, registry: BASE.registry };
  const common = { artifact, source, toolVersion: '0.2.3', now: 9 };

  it('adds a service and sorts by bytes, keeps created_at, refreshes last_used_at', () => {
    const next = upsertBase({ ...common, services: ['\u{10000}', '\uffee'], found: BASE });
    assert.deepEqual(next, { ...BASE, service_names: ['api', 'db', '\uffee', '\u{10000}'], last_used_at: 9 });
  });

  it('does not sort again when the service is there already', () => {
    const found = { ...BASE, service_names: ['z', 'a'] };
    assert.deepEqual(upsertBase({ ...common, services: ['a'], found }).service_names, ['z', 'a']);
  });

  it('starts fresh without a compatible manifest', () => {
    const next = upsertBase({ ...common, services: ['b'], found: undefined });
    assert.deepEqual(next, { ...BASE, service_names: ['b'], created_at: 9, last_used_at: 9 });
  });

  it('replaces what was prepared and keeps staged keys', () => {
    const prepare = { commands: ['c'], mounts: ['/a:/b'], env: ['A=1'], root: false, forceRebuild: true };
    const found: Manifest = { ...BASE, kind: 'prepared', uri: 'u', prepare_commands: ['old'] };
    const next = upsertPrepared({ ...common, services: ['api'], found, prepare });
    assert.deepEqual(next, {
      ...found,
      prepare_commands: ['c'],
      prepare_env: ['A=1'],
      prepare_root: false,
      prepare_mounts: ['/a:/b'],
      force_rebuild_due_to_mounts: true,
      last_used_at: 9,
    });
  });

  it('touches nothing but last_used_at', () => {
    assert.deepEqual(touched(BASE, 5), { ...BASE, last_used_at: 5 });
  });
});

describe('manifest files', () => {
  const folder = useFolder();
  const path = () => join(folder(), 'a.sqsh.json');

  it('are written with the modes of the umask, synced before the rename, and leave no temporary', async () => {
    for (const [umask, mode] of [
      [0o022, 0o644],
      [0o077, 0o600],
      [0o002, 0o664],
    ] as const) {
      const before = process.umask(umask);
      try {
        await writeManifest(path(), BASE, nodeFiles);
      } finally {
        process.umask(before);
      }
      assert.equal(statSync(path()).mode & 0o777, mode);
      execFileSync('rm', [path()]);
    }
    const files = faultyFiles();
    await writeManifest(path(), BASE, files);
    const order = files.calls
      .map((call) => call.split(' ')[0])
      .filter((call) => /fsync|rename/.test(call ?? ''));
    assert.deepEqual(order, ['fsync', 'rename', 'fsync']);
    assert.deepEqual(readdirSync(folder()), ['a.sqsh.json']);
    assert.deepEqual(readManifestFile(path(), nodeFiles), BASE);
  });

  it('replace a link and leave its target alone', async () => {
    writeFileSync(join(folder(), 'target'), 'mine');
    symlinkSync(join(folder(), 'target'), path());
    await writeManifest(path(), BASE, nodeFiles);
    assert.equal(readFileSync(join(folder(), 'target'), 'utf8'), 'mine');
    assert.deepEqual(readManifestFile(path(), nodeFiles), BASE);
  });

  for (const call of ['write', 'fsync', 'rename'] as const) {
    it(`keep the old contents when ${call} fails, and leave no temporary`, async () => {
      await writeManifest(path(), BASE, nodeFiles);
      const files = faultyFiles({ call, errno: 'ENOSPC', when: 1 });
      await assert.rejects(writeManifest(path(), touched(BASE, 1), files), { code: 'ENOSPC' });
      assert.deepEqual(readdirSync(folder()), ['a.sqsh.json']);
      assert.deepEqual(readManifestFile(path(), nodeFiles), BASE);
    });
  }

  it('are undefined when absent, and damage when they are a FIFO, a directory, a link or too big', () => {
    assert.equal(readManifestFile(path(), nodeFiles), undefined);
    execFileSync('mkfifo', [join(folder(), 'fifo')]);
    mkdirSync(join(folder(), 'directory'));
    symlinkSync('nowhere', join(folder(), 'link'));
    writeFileSync(join(folder(), 'big'), Buffer.alloc(MANIFEST_SIZE_LIMIT + 1, ' '));
    for (const name of ['fifo', 'directory', 'link', 'big'])
      assert.throws(() => readManifestFile(join(folder(), name), nodeFiles), ManifestDamage, name);
  });
});
