import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  lastUsedMs,
  selectVictims,
  type Candidate,
  type SelectionRules,
} from '../../../server/src/core/rootfs/selectVictims.ts';
import {
  measureExcess,
  remainingExcess,
  usedPercent,
  type FileSystemUsage,
  type Limits,
} from '../../../server/src/core/rootfs/watermark.ts';
import { parseMetadata, recordsTree, serialiseMetadata } from '../../../server/src/core/rootfs/metadata.ts';

const SECOND = 1000;
const NOW = 1_700_000_000 * SECOND;

const fs = (part: Partial<FileSystemUsage>): FileSystemUsage => ({
  blocks: 1000n,
  bfree: 200n,
  bavail: 150n,
  bsize: 1n,
  files: 0n,
  ffree: 0n,
  ...part,
});
const limits: Limits = {
  high: 85,
  low: 80,
  maxBytes: 0,
  minFreeBytes: 0,
  inodeHigh: 95,
  inodeLow: 90,
  usageFormula: 'df',
};
const entry = (name: string, ageSeconds: number, bytes = 10, part: Partial<Candidate> = {}): Candidate => ({
  uid: 1,
  name,
  usedMs: NOW - ageSeconds * SECOND,
  ctimeMs: NOW - ageSeconds * SECOND,
  bytes,
  inodes: 1,
  foreign: false,
  pinned: false,
  ...part,
});
const rules: SelectionRules = {
  nowMs: NOW,
  minAge: 120,
  foreignMinAge: 21600,
  maxAge: 0,
  exclude: new Set(),
  fairness: 'lru',
  futile: 'keep',
};
const names = (list: readonly Candidate[]) => list.map(({ name }) => name);
const need = (bytes: number, floor = 1) => [
  { dimension: 'usage' as const, need: BigInt(bytes), floor: BigInt(floor) },
];

describe('rootfs watermarks', () => {
  it('measures as df does, and as the proposal does', () => {
    assert.equal(usedPercent(fs({}), 'df'), 84.2);
    assert.equal(usedPercent(fs({}), 'pr174'), 85);
    assert.deepEqual(measureExcess(fs({}), 0, limits), []);
    assert.equal(measureExcess(fs({}), 0, { ...limits, usageFormula: 'pr174' })[0]?.dimension, 'usage');
  });

  it('starts exactly at the high mark and ends strictly below the low one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 2, max: 99 }),
        (used, avail, high) => {
          const low = Math.max(1, high - 5);
          if (low >= high) return;
          const state = fs({ blocks: BigInt(used + avail), bfree: BigInt(avail), bavail: BigInt(avail) });
          const [excess] = measureExcess(state, 0, { ...limits, high, low });
          assert.equal(excess !== undefined, used * 100 >= high * (used + avail));
          if (!excess) return;
          const after = (freed: bigint) => (BigInt(used) - freed) * 100n < BigInt(low) * BigInt(used + avail);
          assert.ok(after(excess.need));
          assert.ok(excess.need === 1n || !after(excess.need - 1n));
        },
      ),
    );
  });

  it('counts what is about to be written, the budget, free bytes and inodes', () => {
    assert.equal(measureExcess(fs({}), 0, limits, { bytes: 50, inodes: 0 })[0]?.dimension, 'usage');
    const budget = measureExcess(fs({}), 850, { ...limits, maxBytes: 850 });
    assert.deepEqual(budget, [{ dimension: 'budget', need: 51n, floor: 1n }]);
    assert.equal(measureExcess(fs({}), 0, { ...limits, minFreeBytes: 160 })[0]?.need, 10n);
    assert.equal(measureExcess(fs({ files: 100n, ffree: 5n }), 0, limits)[0]?.dimension, 'inodes');
  });

  it('keeps on until below the low mark, not merely the high one', () => {
    const half = fs({ blocks: 100n, bfree: 18n, bavail: 18n });
    assert.deepEqual(measureExcess(half, 0, limits), []);
    assert.equal(remainingExcess(['usage'], half, 0, limits).length, 1);
    assert.deepEqual(remainingExcess(['budget'], half, 0, limits), []);
    assert.equal(remainingExcess(['budget'], half, 800, { ...limits, maxBytes: 850 }).length, 1);
    assert.equal(remainingExcess(['budget'], half, 799, { ...limits, maxBytes: 850 }).length, 0);
  });
});

describe('rootfs selection', () => {
  it('30 goes by last use, then size, then name', () => {
    const list = [
      entry('b', 500, 5),
      entry('a', 500, 5),
      entry('c', 500, 9),
      entry('new', 300),
      entry('old', 900),
    ];
    assert.deepEqual(names(selectVictims(list, need(39), rules).victims), ['old', 'c', 'a', 'b', 'new']);
  });

  it('takes the shortest prefix and leaves the rest', () => {
    const { victims, kept, reason } = selectVictims([entry('a', 900), entry('b', 800)], need(10), rules);
    assert.deepEqual([names(victims), kept], [['a'], []]);
    assert.equal(reason, 'planned');
  });

  it('35 never takes pinned, excluded or young ones, however full', () => {
    const list = [entry('pinned', 9999, 10, { pinned: true }), entry('x', 9999), entry('young', 60)];
    const { victims, kept } = selectVictims(list, need(10), {
      ...rules,
      exclude: new Set(['x']),
      futile: 'evict',
    });
    assert.deepEqual(victims, []);
    assert.deepEqual(
      kept.map(({ why }) => why),
      ['pinned', 'excluded', 'young'],
    );
  });

  it('36 evicts nothing when nothing could help', () => {
    const selection = selectVictims([entry('a', 900)], need(100, 50), rules);
    assert.deepEqual([selection.victims, selection.reason], [[], 'futile']);
    const forced = selectVictims([entry('a', 900)], need(100, 50), { ...rules, futile: 'evict' });
    assert.equal(forced.victims.length, 1);
  });

  it('says partial when the high mark can be left but the low one not reached', () => {
    const selection = selectVictims([entry('a', 900)], need(100, 5), rules);
    assert.deepEqual([names(selection.victims), selection.reason], [['a'], 'partial']);
  });

  it('42 is not pinned by a clock in the future, nor tempted by one in the past', () => {
    const changed = NOW - 900 * SECOND;
    const usedMs = lastUsedMs({ mtimeMs: NOW * 2, ctimeMs: changed }, NOW);
    assert.equal(usedMs, changed);
    assert.equal(lastUsedMs({ mtimeMs: NOW + 1000, ctimeMs: changed }, NOW), NOW + 1000);
    assert.equal(selectVictims([entry('f', 0, 10, { usedMs })], need(5), rules).victims.length, 1);
    const tenYears = 315_360_000 * SECOND;
    const fresh = entry('n', 1);
    assert.deepEqual(selectVictims([fresh], need(5), { ...rules, nowMs: NOW - tenYears }).victims, []);
  });

  it('43 keeps foreign entries until nothing about them is new', () => {
    const foreign = entry('f', 999_999, 10, { foreign: true, ctimeMs: NOW - 3600 * SECOND });
    assert.deepEqual(selectVictims([foreign], need(5), rules).victims, []);
    assert.equal(selectVictims([{ ...foreign, ctimeMs: 0 }], need(5), rules).victims.length, 1);
  });

  it('evicts by age at any fill level', () => {
    const list = [entry('old', 90_000), entry('new', 500)];
    const selection = selectVictims(list, [], { ...rules, maxAge: 86_400 });
    assert.deepEqual([names(selection.victims), selection.reason], [['old'], 'planned']);
  });

  it('takes from users above their share first', () => {
    const list = [
      entry('small', 9000, 10, { uid: 1 }),
      entry('big1', 800, 50, { uid: 2 }),
      entry('big2', 700, 50, { uid: 2 }),
    ];
    assert.deepEqual(names(selectVictims(list, need(50), { ...rules, fairness: 'share' }).victims), ['big1']);
    assert.deepEqual(names(selectVictims(list, need(50), rules).victims), ['small', 'big1']);
  });
});

describe('rootfs metadata', () => {
  const metadata = {
    v: 1,
    key: 'k',
    keyScheme: 'strict',
    image: '/a.sqsh',
    arch: 'x86_64',
    dev: '1',
    ino: '2',
    bytes: 3,
    inodes: 4,
    createdAt: 5,
    createMs: 6,
    bootId: 'b',
    synced: true,
    enroot: '4.1.2',
    builderVersion: '0',
  } as const;

  it('survives a round trip and refuses anything else', () => {
    assert.deepEqual(parseMetadata(serialiseMetadata(metadata)), metadata);
    for (const text of ['', '{}', '[]', 'null', JSON.stringify({ ...metadata, v: 2 }), '{"v":1'])
      assert.equal(parseMetadata(text), undefined);
  });

  it('belongs to one inode and one key', () => {
    assert.equal(recordsTree(metadata, { dev: 1n, ino: 2n }, 'k'), true);
    assert.equal(recordsTree(metadata, { dev: 1n, ino: 3n }, 'k'), false);
    assert.equal(recordsTree(metadata, { dev: 1n, ino: 2n }, 'other'), false);
  });
});
