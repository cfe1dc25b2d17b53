import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { userLayout, type UserLayout } from '../../../server/src/core/rootfs/layout.ts';
import { hasTrueIndex, recordsOf, renewRecordIndex } from '../../../server/src/core/rootfs/recordIndex.ts';
import { recordedEntries } from '../../../server/src/core/rootfs/scanUser.ts';
import { makeEntry, makeUser, metadataOf, writeRecord } from '../../helpers/rootfs/manyEntries.ts';
import { RootfsRig, UID } from '../../helpers/rootfs/rig.ts';

describe('rootfs cache: all records in one file', () => {
  let rig: RootfsRig;
  let layout: UserLayout;
  let names: string[];
  beforeEach(() => {
    rig = new RootfsRig();
    const root = makeUser(rig.base, UID);
    names = Array.from({ length: 20 }, (_, number) => makeEntry(root, UID, number, 1000 + number));
    layout = userLayout(rig.base, UID);
  });
  afterEach(() => rig.remove());

  const change = (name: string, bytes: number) =>
    writeRecord(rig.user, name, { ...metadataOf(path.join(rig.user, name), 1, '0'.repeat(16)), bytes });
  const bytesOf = (name: string) =>
    recordedEntries(layout).find((entry) => entry.name === name)?.record.bytes;

  it('says exactly what the records say', async () => {
    const before = recordedEntries(layout);
    assert.ok(!hasTrueIndex(layout));
    await renewRecordIndex(layout);
    assert.ok(hasTrueIndex(layout));
    assert.deepEqual(recordedEntries(layout), before);
    assert.equal(before.length, names.length);
  });

  it('says the same of many, in whatever order they are asked for, and with a piece that is damaged', async () => {
    for (let number = names.length; number < 600; number++) names.push(makeEntry(rig.user, UID, number, 1));
    const asked = () => {
      const recordOf = recordsOf(layout);
      const order = [...names.toReversed(), ...names, 'none', ...names.filter((_, index) => index % 7 === 3)];
      return order.map((name) => recordOf(name));
    };
    const before = asked();
    assert.equal(before.filter((record) => record !== undefined).length, before.length - 1);
    await renewRecordIndex(layout);
    assert.ok(hasTrueIndex(layout));
    assert.deepEqual(asked(), before);
    const lines = fs.readFileSync(layout.records, 'utf8').split('\n');
    assert.equal(lines.length, 1 + 3 + 1);
    const spoiled = lines.with(2, '[[]]'.padEnd(lines[2]?.length ?? 0)).join('\n');
    const early = recordsOf(layout);
    for (const wrong of [spoiled, spoiled.slice(0, -1)]) {
      fs.rmSync(layout.records);
      fs.writeFileSync(layout.records, wrong);
      assert.ok(!hasTrueIndex(layout));
      assert.deepEqual(asked(), before);
    }
    // Another file by now than the one whose head was read.
    assert.deepEqual(names.map(early), asked().slice(names.length, 2 * names.length));
  });

  it('is not believed after any change of a record, however soon after it was written', async () => {
    for (let round = 0; round < 5; round++) {
      await renewRecordIndex(layout);
      assert.ok(hasTrueIndex(layout));
      change(names[round] ?? '', round);
      assert.ok(!hasTrueIndex(layout));
      assert.equal(bytesOf(names[round] ?? ''), round);
    }
    await renewRecordIndex(layout);
    fs.rmSync(path.join(layout.meta, `${names[7] ?? ''}.json`));
    assert.equal(bytesOf(names[7] ?? ''), undefined);
  });

  it('is not believed for another tree under the name', async () => {
    await renewRecordIndex(layout);
    const tree = path.join(rig.user, names[3] ?? '');
    fs.renameSync(tree, `${tree}-old`);
    fs.mkdirSync(tree);
    assert.ok(hasTrueIndex(layout));
    assert.equal(bytesOf(names[3] ?? ''), undefined);
  });

  it('is nothing when it is damaged, a link, a pipe or a copy from elsewhere', async () => {
    const before = recordedEntries(layout);
    await renewRecordIndex(layout);
    const text = fs.readFileSync(layout.records, 'utf8');
    const [head = '', piece = ''] = text.split('\n');
    const spoiled = [
      '',
      text.slice(0, -9),
      `${text.slice(0, -9)}\n`,
      'null\n',
      `${head.replace(/"directory":"\d+/, '"directory":"1')}\n${piece}\n`,
      `${head}\n[["${names[0] ?? ''}",1,2,3]]\n`,
      `${head}\n${piece}\nnull\n`,
    ];
    for (const wrong of spoiled) {
      fs.writeFileSync(layout.records, wrong);
      assert.ok(!hasTrueIndex(layout), wrong.slice(0, 60));
      assert.deepEqual(recordedEntries(layout), before, wrong.slice(0, 60));
    }
    fs.rmSync(layout.records);
    fs.writeFileSync(path.join(rig.folder, 'elsewhere'), text);
    fs.symlinkSync(path.join(rig.folder, 'elsewhere'), layout.records);
    assert.ok(!hasTrueIndex(layout));
    fs.rmSync(layout.records);
    execFileSync('mkfifo', [layout.records]);
    assert.ok(!hasTrueIndex(layout));
    assert.equal(recordedEntries(layout).length, names.length);
  });

  it('is made by a collection, also by one that has nothing to do, and goes with what it evicts', async () => {
    await rig.gc();
    assert.ok(hasTrueIndex(layout));
    const report = await rig.gc({ maxBytes: 700_000_000 * 18 });
    assert.ok(report.evicted.length > 0);
    assert.ok(hasTrueIndex(layout));
    assert.equal(recordedEntries(layout).length, names.length - report.evicted.length);
    assert.deepEqual(
      fs.readdirSync(layout.hidden).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  it('is never the reason why an entry goes: a record that vanished makes it foreign again', async () => {
    await renewRecordIndex(layout);
    const index = fs.readFileSync(layout.records, 'utf8');
    const oldest = names.at(-1) ?? '';
    fs.rmSync(path.join(layout.meta, `${oldest}.json`));
    // As if the times of the directory had not told: the copy is made to look true.
    const { dev, ino, mtimeNs, ctimeNs } = fs.lstatSync(layout.meta, { bigint: true });
    fs.writeFileSync(
      layout.records,
      index.replace(/"directory":"[^"]*"/, `"directory":"${dev}:${ino}:${mtimeNs}:${ctimeNs}"`),
    );
    assert.ok(hasTrueIndex(layout));
    const plan = await rig.plan({ maxBytes: 1 });
    assert.equal(plan.would_evict.length, names.length - 1);
    assert.ok(!plan.would_evict.some(({ name }) => name === oldest));
  });

  it('is left to the sweep when its writer was killed', async () => {
    const left = `${layout.records}.${'0'.repeat(12)}.tmp`;
    fs.writeFileSync(left, '');
    await rig.gc();
    assert.ok(fs.existsSync(left));
    fs.utimesSync(left, 1, 1);
    await rig.gc();
    assert.ok(!fs.existsSync(left));
  });
});
