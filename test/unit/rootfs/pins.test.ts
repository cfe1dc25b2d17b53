import assert from 'node:assert/strict';
import { pinnedServices } from '../../../server/src/spec/rootfsPins.ts';

describe('the comment that pins an unpacked image', () => {
  it('counts above a service, past blank lines and other comments', () => {
    const text = [
      'services:',
      '  # hpc-rootfs-cache: pinned',
      '',
      '  # the big one',
      '  trainer:',
      '    image: a',
      '  plain:',
      '    image: b',
      '  #hpc-rootfs-cache:pinned',
      '  "quoted name": {image: c}',
    ];
    assert.deepEqual(pinnedServices(text.join('\r\n')), ['trainer', 'quoted name']);
  });

  it('does not count with other words, or above what is no key', () => {
    assert.deepEqual(pinnedServices('  # hpc-rootfs-cache: pinned?\n  a:\n'), []);
    assert.deepEqual(pinnedServices('  # hpc-rootfs-cache: pinned\n  - a: b\n  c:\n'), []);
    assert.deepEqual(pinnedServices('  # hpc-rootfs-cache: pinned\n'), []);
  });
});
