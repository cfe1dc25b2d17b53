// The client's pure parts: words of cache entries, the tree's nodes, pages, and what choosing entries makes of a plan.
import assert from 'node:assert/strict';
import {
  confirmDetail,
  keptBy,
  narrowPlan,
  needsTyping,
  planSummary,
  presets,
  removals,
  withKept,
} from '../../client/src/prunePresets.ts';
import { treeNodes, type CacheNode, type TreeOptions } from '../../client/src/views/cacheModel.ts';
import { entryDescription, entryLabel, entrySpoken, entryTooltip } from '../../client/src/views/entryText.ts';
import { entryPage, inspectPage, planPage, reportPage } from '../../client/src/views/pages.ts';
import type { CacheEntry, CacheState, PrunePlan, PrunePlanEntry } from '../../server/src/model/cache.ts';
import { formatAgo, formatBytes, parseSize, speakAgo } from '../../server/src/model/units.ts';

const now = 2_000_000_000;
const GIB = 1024 ** 3;

function entry(extra: Partial<CacheEntry> = {}): CacheEntry {
  return {
    kind: 'prepared',
    artifact_path: '/c/prepared/app.sqsh',
    service_names: ['app', 'worker'],
    cache_key: 'k1',
    source_image: 'docker://nvcr.io/nvidia/pytorch:24.05-py3',
    registry: 'nvcr.io',
    prepare_commands: [],
    prepare_env: [],
    prepare_root: true,
    prepare_mounts: [],
    force_rebuild_due_to_mounts: false,
    created_at: now - 5 * 86_400,
    last_used_at: now - 3 * 86_400,
    tool_version: '0.2.3',
    bytes: 6.1 * GIB,
    state: 'ok',
    pinned: false,
    used_by: [],
    ...extra,
  };
}

function stateOf(entries: CacheEntry[], cache_dir = '/c'): CacheState {
  const bytes = entries.reduce((sum, one) => sum + one.bytes, 0);
  return {
    schema_version: 1,
    cache_dir,
    exists: true,
    entries,
    problems: [],
    totals: { entries: entries.length, bytes },
    free_bytes: null,
  };
}

const options: TreeOptions = {
  groupBy: 'kind',
  sortBy: 'lastUsed',
  filter: '',
  units: 'binary',
  now,
  shown: new Map(),
};
const childrenOf = (node: CacheNode | undefined) => (node && 'children' in node ? node.children : []);

describe('sizes and times', () => {
  it('are short and never show 1024 of a unit', () => {
    assert.deepEqual(
      [0, 1023, 1024, 1024 ** 2 - 1, 6.1 * GIB, 12.6 * GIB].map((bytes) => formatBytes(bytes)),
      ['0 B', '1023 B', '1.0 KiB', '1.0 MiB', '6.1 GiB', '13 GiB'],
    );
    assert.equal(formatBytes(6.1e9, 'decimal'), '6.1 GB');
  });

  it('are read as written in settings', () => {
    assert.deepEqual(['50 GB', '1.5TiB', '1000', '2G', 'x', ''].map(parseSize), [
      50e9,
      1.5 * 1024 ** 4,
      1000,
      2 * GIB,
      undefined,
      undefined,
    ]);
  });

  it('count whole days, hours, minutes', () => {
    assert.deepEqual(
      [5, 60, 7200, 86_400 * 2].map((ago) => formatAgo(now - ago, now)),
      ['just now', '1 min ago', '2 h ago', '2 d ago'],
    );
    assert.equal(speakAgo(now - 3600, now), '1 hour ago');
    assert.equal(formatAgo(now + 50, now), 'just now');
  });
});

describe('words of a cache entry', () => {
  it('name the image without its registry', () => {
    assert.equal(entryLabel(entry()), 'pytorch 24.05-py3');
    assert.equal(entryLabel(entry({ source_image: 'docker://redis' })), 'redis');
    assert.equal(
      entryLabel(entry({ source_image: `docker://redis@sha256:${'ab'.repeat(32)}` })),
      'redis @abababababab',
    );
    assert.equal(entryLabel(entry({ source_image: '' })), 'app.sqsh');
  });

  it('say size, age and services, and a problem first', () => {
    assert.equal(entryDescription(entry(), now, 'binary'), '6.1 GiB · used 3 d ago · app, worker');
    const broken = entry({ state: 'missing-artifact', bytes: 0, pinned: true });
    assert.equal(
      entryDescription(broken, now, 'binary'),
      'image file is missing · 0 B · used 3 d ago · app, worker · pinned',
    );
  });

  it('are a sentence for screen readers', () => {
    assert.equal(
      entrySpoken(entry({ used_by: ['/p/a.yaml', '/p/b.yaml'] }), now, 'binary'),
      'pytorch 24.05-py3, prepared image, 6.1 GiB, used 3 days ago, services app, worker, recorded for 2 specs',
    );
  });

  it('cannot smuggle links or icons into Markdown', () => {
    const hostile = entry({ source_image: 'x:[click](command:evil) $(bug)|\n# big' });
    for (const text of [
      entryTooltip(hostile, now, 'binary'),
      entryPage(hostile, '/c', { units: 'binary', now }),
    ]) {
      assert.doesNotMatch(text.replace(/`[^`]*`/g, ''), /(?<!\\)\[click\]|(?<!\\)\$\(bug\)|^# big/m);
    }
  });
});

describe('the cache tree', () => {
  const base = entry({
    kind: 'base',
    artifact_path: '/c/base/a.sqsh',
    cache_key: 'b',
    bytes: GIB,
    last_used_at: now - 10,
  });

  it('groups by kind with count and bytes, prepared images first', () => {
    const nodes = treeNodes([stateOf([base, entry()])], options);
    assert.deepEqual(
      nodes.map((node) => node.type === 'group' && [node.title, node.description]),
      [
        ['Prepared images', '1 · 6.1 GiB'],
        ['Base images', '1 · 1.0 GiB'],
      ],
    );
  });

  it('has one node for each of several caches', () => {
    const nodes = treeNodes([stateOf([entry()]), stateOf([base], '/d')], options);
    assert.deepEqual(
      nodes.map((node) => node.type === 'cache' && node.title),
      ['/c', '/d'],
    );
  });

  it('keeps ids when ages and sizes change, so that the selection stays', () => {
    const ids = (at: number) =>
      treeNodes([stateOf([entry({ last_used_at: at, bytes: at })])], options).flatMap((node) => [
        node.id,
        ...childrenOf(node).map(({ id }) => id),
      ]);
    assert.deepEqual(ids(1), ids(2));
  });

  it('gives every node an id of its own in every grouping', () => {
    for (const groupBy of ['kind', 'service', 'repository', 'age', 'status'] as const) {
      const nodes = treeNodes([stateOf([base, entry()])], { ...options, groupBy });
      const ids = nodes.flatMap((node) => [node.id, ...childrenOf(node).map(({ id }) => id)]);
      assert.equal(new Set(ids).size, ids.length, groupBy);
    }
  });

  it('sorts by what is asked for', () => {
    const big = entry({
      artifact_path: '/c/prepared/b.sqsh',
      bytes: 9 * GIB,
      last_used_at: 1,
      created_at: 1,
    });
    const order = (sortBy: TreeOptions['sortBy']) =>
      childrenOf(treeNodes([stateOf([big, entry()])], { ...options, sortBy })[0]).map(
        (node) => node.type === 'entry' && node.entry.bytes === big.bytes,
      );
    assert.deepEqual(order('lastUsed'), [false, true]);
    assert.deepEqual(order('size'), [true, false]);
    assert.deepEqual(order('created'), [false, true]);
  });

  it('filters by image, service, path or key', () => {
    const count = (filter: string) => treeNodes([stateOf([base, entry()])], { ...options, filter }).length;
    assert.deepEqual(['PYTORCH', 'worker', '/c/base', 'k1', 'nothing'].map(count), [2, 2, 1, 1, 0]);
  });

  it('shows 2,000 entries of a group and offers more', () => {
    const many = Array.from({ length: 2005 }, (_, index) =>
      entry({ artifact_path: `/c/prepared/${index}.sqsh` }),
    );
    const group = treeNodes([stateOf(many)], options)[0];
    const children = childrenOf(group);
    assert.equal(children.length, 2001);
    const last = children.at(-1);
    assert.ok(last?.type === 'more');
    assert.equal(last.hidden, 5);
    const all = treeNodes([stateOf(many)], { ...options, shown: new Map([[last.group, 4000]]) })[0];
    assert.equal(childrenOf(all).length, 2005);
  });

  it('lists files that belong to no entry as problems, once', () => {
    const state = {
      ...stateOf([entry({ state: 'damaged-manifest' })]),
      problems: [
        { path: '/c/prepared/app.sqsh', problem: 'known already' },
        { path: '/c/base/x.json', problem: 'not JSON' },
      ],
    };
    const problems = treeNodes([state], options).at(-1);
    assert.deepEqual(
      childrenOf(problems).map((node) => node.type === 'problem' && node.problem),
      ['not JSON'],
    );
  });
});

describe('a prune', () => {
  const plan: PrunePlan = {
    schema_version: 1,
    created_at: now,
    cache_dir: '/c',
    mode: 'age',
    entries: [
      {
        path: '/c/a',
        kind: 'base',
        cache_key: 'a',
        ino: '1',
        mtime_ns: '1',
        bytes: 10,
        reason: 'unused for 47 d',
        action: 'remove',
      },
      {
        path: '/c/b',
        kind: 'prepared',
        cache_key: 'b',
        ino: '2',
        mtime_ns: '1',
        bytes: 5,
        reason: 'unused for 20 d',
        action: 'remove',
      },
      {
        path: '/c/d',
        kind: 'prepared',
        cache_key: 'd',
        ino: '3',
        mtime_ns: '1',
        bytes: 7,
        reason: 'pinned',
        action: 'keep',
      },
    ],
    bytes: 15,
  };

  it('removes exactly what stays checked, never an entry that the plan keeps', () => {
    const narrowed = narrowPlan(plan, new Set(['/c/b', '/c/d', '/etc/passwd']));
    assert.deepEqual(
      removals(narrowed).map(({ path }) => path),
      ['/c/b'],
    );
    assert.equal(narrowed.bytes, 5);
  });

  it('sends back what is chosen alone, and counts all else as kept', () => {
    const narrowed = narrowPlan(plan, new Set(['/c/b']));
    assert.deepEqual(
      narrowed.entries.map(({ path }) => path),
      ['/c/b'],
    );
    assert.deepEqual(narrowed.kept, { entries: 2, bytes: 17 });
    const short = { ...plan, entries: removals(plan), kept: { entries: 1, bytes: 7 } };
    assert.deepEqual(narrowPlan(short, new Set(['/c/b'])), narrowed);
    assert.deepEqual(keptBy(short), keptBy(plan));
  });

  it('shows what is kept and why from a plan made later, and adds nothing to what goes', () => {
    const [a, b, d] = plan.entries as [PrunePlanEntry, PrunePlanEntry, PrunePlanEntry];
    const short = { ...plan, entries: [a], bytes: 10, kept: { entries: 2, bytes: 12 } };
    const later = { ...plan, created_at: now + 60, entries: [{ ...a, bytes: 11 }, b, d], bytes: 16 };
    const shown = withKept(short, later);
    assert.deepEqual(removals(shown), [a]);
    assert.deepEqual(
      [shown.created_at, shown.bytes, keptBy(shown)],
      [short.created_at, 10, { entries: 2, bytes: 12 }],
    );
    const text = planPage(shown, { units: 'binary', now });
    for (const part of ['## To remove: 1', '## Kept: 2', 'pinned', 'made before this could go'])
      assert.ok(text.includes(part), part);
    const gone = withKept(short, { ...later, entries: [d] });
    assert.deepEqual(gone.entries, [a, d]);
  });

  it('shows the largest of very many, and where all of them are', () => {
    const [a] = plan.entries as [PrunePlanEntry];
    const many = Array.from({ length: 1500 }, (_, index) => ({ ...a, path: `/c/n${index}`, bytes: index }));
    const style = { units: 'binary', now } as const;
    const text = planPage({ ...plan, entries: many }, style);
    assert.ok(text.includes('## To remove: 1500\n\nThe 1000 largest; *Open as JSON* shows all.'));
    assert.deepEqual([text.includes('| `n500` |'), text.includes('| `n499` |')], [true, false]);
    const paths = many.map(({ path }) => path);
    const result = { schema_version: 1, cache_dir: '/c', mode: 'age', bytes_freed: 0 } as const;
    const report = reportPage(
      {
        ...result,
        removed_count: 1500,
        removed_paths: paths,
        skipped: paths.map((path) => ({ path, why: 'pinned' })),
        failed: [],
      },
      { ...plan, entries: many },
      style,
    );
    assert.ok(report.includes('The 1000 largest') && report.includes('500 more; *Open as JSON* shows all.'));
    assert.equal(report.split('\n').filter((line) => line.startsWith('| `n')).length, 1000);
  });

  it('tells count and bytes of every policy', () => {
    assert.equal(planSummary(plan, 'binary'), '2 entries · 15 B');
    assert.equal(planSummary(narrowPlan(plan, new Set()), 'binary'), 'nothing to remove');
    assert.deepEqual(
      [needsTyping({ ...plan, bytes: 500e9 }), needsTyping({ ...plan, bytes: 501e9 })],
      [false, true],
    );
  });

  it('offers a budget only when there is one', () => {
    const modes = (budgetBytes: number | undefined) =>
      presets({ ageDays: 14, graceSeconds: 600, budgetBytes }, 'binary').map(({ params }) => params.mode);
    assert.ok(!modes(undefined).includes('budget'));
    assert.ok(modes(GIB).includes('budget'));
  });

  it('asks with the place, the largest entries, the cost and that it cannot be undone', () => {
    assert.equal(
      confirmDetail(plan, new Map(), 'binary'),
      '/c\n\n• a, base image (10 B)\n• b, prepared image (5 B)\n\nGetting them back needs 1 download (≈ 10 B).\nThis cannot be undone.',
    );
  });

  it('reports what was removed, kept and failed', () => {
    const text = reportPage(
      {
        schema_version: 1,
        cache_dir: '/c',
        mode: 'age',
        removed_count: 1,
        removed_paths: ['/c/a'],
        skipped: [{ path: '/c/b', why: 'in use by job 48213' }],
        failed: [{ path: '/c/d', code: 'permission' }],
        bytes_freed: 10,
      },
      plan,
      { units: 'binary', now },
    );
    for (const part of ['Freed 10 B in 1 entry.', '| `a` |', 'in use by job 48213', 'permission'])
      assert.ok(text.includes(part), part);
  });
});

describe('the inspect page', () => {
  it('says per service what the next prepare does and why', () => {
    const artifact = {
      path: '/c/a.sqsh',
      artifact_present: false,
      manifest_path: '/c/a.sqsh.json',
      manifest: null,
    };
    const text = inspectPage(
      {
        schema_version: 1,
        cache_dir: '/c',
        services: [
          {
            service_name: 'my_app',
            source_image: 'docker://a:2',
            base_registry: 'registry-1.docker.io',
            base_artifact: artifact,
            runtime_artifact: artifact,
            current_reuse_expectation: 'cache miss',
            note: null,
            why: [{ input: 'image', before: 'a:1', after: 'a:2' }, { reason: 'never prepared' }],
          },
        ],
      },
      'compose.yaml',
      { units: 'binary', now },
    );
    for (const part of [
      '# compose.yaml',
      '## my\\_app',
      'Not prepared',
      '| image | `a:1` | `a:2` |',
      '- never prepared',
    ])
      assert.ok(text.includes(part), part);
  });
});
