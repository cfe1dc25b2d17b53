// Which directories are offered as shared, from what a machine tells.
import assert from 'node:assert/strict';
import { cacheCandidates } from '../../server/src/language/cacheCandidates.ts';

describe('cache candidates', () => {
  const mountinfo = [
    '21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
    '40 21 0:40 / /lustre rw,relatime shared:2 - lustre 10.0.0.1@tcp:/lustre rw',
    '41 21 0:41 / /my\\040share rw shared:3 master:1 - nfs4 server:/x rw',
    '42 21 0:42 / /usr/local rw - nfs4 server:/usr rw',
    '43 21 0:43 / /tmp/nfs rw - nfs4 server:/t rw',
  ].join('\n');
  const paths = (env: Record<string, string>, configured: string[] = []) =>
    cacheCandidates({ env, configured, mountinfo }).map(({ path }) => path);

  it('put settings first, then site variables, then shared mounts, then HOME', () => {
    assert.deepEqual(paths({ SCRATCH: '/scratch/ann/', HOME: '/home/ann', USER: 'ann' }, ['/proj/cache']), [
      '/proj/cache',
      '/scratch/ann/hpc-compose',
      '/lustre/ann/hpc-compose',
      '/lustre/hpc-compose',
      '/my share/ann/hpc-compose',
      '/my share/hpc-compose',
      '/home/ann/.cache/hpc-compose',
    ]);
  });

  it('are never local to one node, relative, or named twice', () => {
    const found = paths({ SCRATCH: '/tmp/ann', WORK: 'relative', HOME: '/home/a' }, [
      '/dev/shm/x',
      '/home/a/.cache/hpc-compose',
    ]);
    assert.deepEqual(found, ['/home/a/.cache/hpc-compose', '/lustre/hpc-compose', '/my share/hpc-compose']);
  });

  it('lie below the roots that settings call shared', () => {
    const found = cacheCandidates({ env: {}, configured: [], sharedRoots: ['/export/', '/'], mountinfo: '' });
    assert.deepEqual(
      found.map(({ path, root }) => [path, root]),
      [
        ['/export/hpc-compose', '/export'],
        ['/hpc-compose', '/'],
      ],
    );
  });
});
