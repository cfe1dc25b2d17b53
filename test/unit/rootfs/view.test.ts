import assert from 'node:assert/strict';
import {
  childrenOf,
  gaugeText,
  planPage,
  rootfsDescription,
  rootfsIcon,
  rootfsLabel,
  rootfsNodes,
  rootfsTooltip,
} from '../../../client/src/features/rootfsModel.ts';
import type { RootfsEntry, RootfsGcPlan, RootfsList } from '../../../server/src/model/rootfs.ts';

const NOW = 1_700_000_000;
const entry = (part: Partial<RootfsEntry> = {}): RootfsEntry => ({
  uid: 1000,
  name: 'pyxis_cache_u1000_0123456789abcdef',
  image: '/shared/images/pytorch.sqsh',
  key: 'k',
  bytes: 700 * 1024 * 1024,
  inodes: 52_211,
  created_at: NOW - 90_000,
  last_used: NOW - 7200,
  state: 'ready',
  pinned: false,
  holders: [],
  path: '/raid/rootfs/1000/pyxis_cache_u1000_0123456789abcdef',
  ...part,
});
const list = (entries: RootfsEntry[], fs: Partial<RootfsList['fs']> = {}): RootfsList => ({
  schema_version: 1,
  base: '/raid/rootfs',
  entries,
  warnings: [],
  fs: {
    ...{ used_percent: 82.4, high: 85, low: 80, total_bytes: 1e12, free_bytes: 1e11 },
    ...{ cache_bytes: 1e10, max_bytes: null, evictable_bytes: 1e9, not_visible: 0, last_gc: null, ...fs },
  },
});
const describeEntry = (part: Partial<RootfsEntry>, next = false) =>
  rootfsDescription(entry(part), next, NOW, 'binary');

describe('rootfs view', () => {
  it('says first what matters: what goes next, who uses it, what is wrong', () => {
    assert.match(describeEntry({}, true), /^next to go \u00b7 700 MiB \u00b7 2 h ago \u00b7 52,211 files$/);
    const holders = [
      { kind: 'lock' as const, pid: 17 },
      { kind: 'mount' as const, pid: 18 },
    ];
    assert.match(describeEntry({ state: 'inUse', holders }), /^in use by 17 and container of 18 /);
    assert.match(
      describeEntry({ state: 'invalid', reason: 'a symbolic link' }),
      /^not usable \u00b7 a symbolic link/,
    );
    assert.match(describeEntry({ state: 'pinned' }), /^pinned /);
  });

  it('says nothing of sizes and times that are not known', () => {
    const unknown = { state: 'foreign' as const, image: null, bytes: null, inodes: null, last_used: null };
    assert.equal(describeEntry(unknown), 'made by another tool');
    assert.equal(rootfsLabel(entry(unknown)), 'pyxis_cache_u1000_0123456789abcdef');
  });

  it('names images shortly and tells all in the tooltip', () => {
    assert.equal(rootfsLabel(entry()), 'pytorch');
    assert.equal(rootfsLabel(entry({ image: 'docker://nvcr.io#nvidia/cuda:12' })), 'cuda:12');
    const tooltip = rootfsTooltip(entry(), false, NOW, 'binary').split('\n');
    assert.deepEqual(tooltip.slice(0, 2), ['/shared/images/pytorch.sqsh', entry().path]);
    assert.match(tooltip[3] ?? '', /^used \d{4}-\d\d-\d\d/);
  });

  it('shows what goes next by its icon too', () => {
    assert.notEqual(rootfsIcon(entry(), true), rootfsIcon(entry(), false));
  });

  it('shows entries at once when they are all ours, else users with ours first', () => {
    const own = entry();
    const other = entry({ uid: 20, name: 'pyxis_cache_u20_0123456789abcdef' });
    const next = new Set([own.name]);
    assert.deepEqual(rootfsNodes(list([own]), 1000, next), [{ type: 'rootfs', entry: own, next: true }]);
    const users = rootfsNodes(list([other, own]), 1000, next);
    assert.deepEqual(
      users.map((node) => node.type === 'user' && [node.uid, node.own]),
      [
        [1000, true],
        [20, false],
      ],
    );
    assert.equal(childrenOf(users[0]!, next).length, 1);
  });

  it('has a gauge with both marks, and no bar where it would be read aloud', () => {
    const text = gaugeText(list([]), 3, 'binary');
    assert.match(text, /^\u25b0{8}\u25b1{2} 82\.4 % used \u00b7 low 80 \/ high 85 .* 3 would be evicted$/);
    assert.match(gaugeText(list([]), 0, 'binary', false), /^82\.4 % used/);
    assert.match(gaugeText(list([], { used_percent: null }), 0, 'binary'), /^\? % used/);
  });

  it('shows a plan with what goes, what stays and why', () => {
    const victim = {
      uid: 1,
      name: 'n1',
      path: '/p',
      image: '/a|b.sqsh',
      ino: '1',
      mtime_ns: '1',
      used_ns: '1',
    };
    const plan = {
      ...{ schema_version: 1, created_at: NOW, base: '/raid/rootfs', reason: 'below-low', exceeded: [] },
      would_evict: [{ ...victim, bytes: null, inodes: null, last_used: NOW - 60 }],
      in_use: [{ ...victim, name: 'n2', bytes: 1, inodes: 1, last_used: NOW }],
      skipped: [{ name: 'n3', why: 'pinned' }],
      ...{ bytes: 0, need_bytes: 0, incoming: { bytes: 0, inodes: 0 }, cache_bytes: 0, bytes_freed: 0 },
      ...{ not_visible: 0, warnings: [] },
    } as RootfsGcPlan;
    const page = planPage(plan, 'binary', NOW);
    assert.match(page, /1 would go/);
    assert.match(page, /\| \/a\\\|b\.sqsh \| \? \|/);
    assert.match(page, /`n2`: in use\n- `n3`: pinned/);
    const futile = { ...plan, reason: 'futile', would_evict: [] } as RootfsGcPlan;
    assert.match(planPage(futile, 'binary', NOW), /2 images are in use, pinned or young/);
    const other = { ...futile, in_use: [], skipped: [] };
    assert.match(planPage(other, 'binary', NOW), /other data fills the disk/);
  });
});
