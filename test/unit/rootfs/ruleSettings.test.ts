import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { listsCacheFlag } from '../../../server/src/core/rootfs/srunFlag.ts';
import { readRootfsRules } from '../../../server/src/load/rootfsRules.ts';
import { RootfsRig } from '../../helpers/rootfs/rig.ts';

describe('rootfs settings for rules', () => {
  it('are off without any, and take the site\u2019s directory and marks', () => {
    assert.deepEqual(readRootfsRules({}), {
      enabled: false,
      base: undefined,
      keyScheme: 'strict',
      problems: [],
    });
    const plugstack = { file: '/p', dataPath: '/raid/rootfs', gcHigh: '90', gcLow: '95' };
    const { enabled, problems } = readRootfsRules({ plugstack });
    assert.deepEqual([enabled, problems.map(({ code }) => code)], [false, ['RC010']]);
  });

  it('05 switch services on only with a directory, and tell them of bad values all the same', () => {
    assert.equal(readRootfsRules({ raw: { enabled: true } }).enabled, false);
    const good = readRootfsRules({ raw: { enabled: true, base: '/raid/rootfs', keyScheme: 'pr174' } });
    assert.deepEqual([good.enabled, good.base, good.keyScheme], [true, '/raid/rootfs', 'pr174']);
    const bad = readRootfsRules({ raw: { enabled: true, base: 'raid', gcHigh: 200 } });
    assert.deepEqual([bad.enabled, bad.base], [true, undefined]);
    assert.deepEqual(bad.problems.map(({ code }) => code).sort(), ['RC009', 'RC010']);
  });

  it('05 look at the directory where it is at hand', () => {
    const rig = new RootfsRig();
    try {
      const problems = (base: string) => readRootfsRules({ raw: { base }, ports: rig.ports() }).problems;
      assert.deepEqual(problems(rig.base), []);
      assert.deepEqual(problems(path.join(rig.folder, 'not-here')), []);
      const link = path.join(rig.folder, 'link');
      symlinkSync(rig.base, link);
      assert.deepEqual(problems(link), [{ code: 'RC009', message: `${link}: it is a symbolic link` }]);
      const open = path.join(rig.folder, 'open');
      mkdirSync(open);
      chmodSync(open, 0o777);
      assert.match(problems(open)[0]?.message ?? '', /others may write/);
      assert.match(problems('/tmp')[0]?.message ?? '', /directory of its own/);
    } finally {
      rig.remove();
    }
  });

  it('know the flag from the help of srun', () => {
    assert.equal(listsCacheFlag('Options provided by plugins:\n      --container-cache   keep it\n'), true);
    assert.equal(listsCacheFlag('      --container-cache-dir=X\n      --container-image=X\n'), false);
  });
});
