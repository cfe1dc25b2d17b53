import assert from 'node:assert/strict';
import {
  entryOfScratchName,
  parseRootfsName,
  parseUidDirectory,
  proposalHash,
  rootfsName,
  strictFileKey,
  strictRegistryKey,
} from '../../../server/src/core/rootfs/names.ts';

const at = (seconds: number, size: number) => ({
  mtimeNs: BigInt(seconds) * 1_000_000_000n + 999n,
  size: BigInt(size),
});

describe('rootfs names', () => {
  const vectors: [number, string, ReturnType<typeof at> | undefined, string][] = [
    [1000, 'ubuntu', undefined, 'pyxis_cache_u1000_87b1598e686fdaf0'],
    [1000, 'docker://registry.example#team/app:1.0', undefined, 'pyxis_cache_u1000_42f83ed9616a3ba5'],
    [0, '/raid/img/a.sqsh', at(1700000000, 123456789), 'pyxis_cache_u0_07c18175e24e0668'],
    [1000, './a.sqsh', at(1700000000, 123456789), 'pyxis_cache_u1000_f46c7f72da845b6b'],
    [1000, '/raid/img/a.sqsh', undefined, 'pyxis_cache_u1000_7b1bb720d66a8fa1'],
    [1000, '/raid/é.sqsh', at(1700000001, 1), 'pyxis_cache_u1000_89c62498f305314a'],
    [1000, '/raid/img/a.sqsh', at(-1, 0), 'pyxis_cache_u1000_e4100702767f47b9'],
  ];
  for (const [uid, image, file, name] of vectors) {
    it(`01 names ${image} of ${uid} as the proposal does: ${name}`, () => {
      assert.equal(rootfsName(uid, proposalHash(image, file)), name);
    });
  }

  it('01 takes the file into account only for path-like images', () => {
    assert.equal(proposalHash('ubuntu', at(1, 1)), proposalHash('ubuntu'));
  });

  it('02 knows its own names and nothing else', () => {
    assert.deepEqual(parseRootfsName('pyxis_cache_u1000_0123456789abcdef'), {
      uid: 1000,
      hash: '0123456789abcdef',
    });
    for (const name of [
      'pyxis_cache_u1000_0123456789abcde',
      'pyxis_cache_u1000_0123456789abcdef0',
      'pyxis_cache_u1000_0123456789ABCDEF',
      'pyxis_cache_u01_0123456789abcdef',
      'pyxis_cache_u_0123456789abcdef',
      'pyxis_tmp_pyxis_cache_u1000_0123456789abcdef_7',
      'pyxis_cache_u1000_0123456789abcdef\n',
    ])
      assert.equal(parseRootfsName(name), undefined, name);
  });

  it('02 knows directories of users and scratch names', () => {
    assert.deepEqual(['0', '1000', '01', '-1', 'x', ''].map(parseUidDirectory), [
      0,
      1000,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assert.equal(
      entryOfScratchName('pyxis_cache_u1_0123456789abcdef~0123456789ab.sqsh'),
      'pyxis_cache_u1_0123456789abcdef',
    );
    assert.equal(entryOfScratchName('pyxis_cache_u1_0123456789abcdef'), undefined);
  });

  it('03 changes the strict key with path, device, inode, size, time and architecture', () => {
    const file = { path: '/a.sqsh', dev: 1n, ino: 2n, size: 3n, mtimeNs: 4n };
    const keys = new Set([
      strictFileKey('x86_64', file),
      strictFileKey('aarch64', file),
      strictFileKey('x86_64', { ...file, path: '/b.sqsh' }),
      strictFileKey('x86_64', { ...file, dev: 9n }),
      strictFileKey('x86_64', { ...file, ino: 9n }),
      strictFileKey('x86_64', { ...file, size: 9n }),
      strictFileKey('x86_64', { ...file, mtimeNs: 9n }),
      strictRegistryKey('x86_64', { repo: 'r/a', digest: 'sha256:1' }),
      strictRegistryKey('x86_64', { repo: 'r/a', digest: 'sha256:2' }),
      strictRegistryKey('aarch64', { repo: 'r/a', digest: 'sha256:1' }),
    ]);
    assert.equal(keys.size, 10);
    assert.match([...keys][0]!, /^[0-9a-f]{64}$/);
  });
});
