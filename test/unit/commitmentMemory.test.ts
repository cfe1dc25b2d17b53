// Hits are believed again while nothing about them changed, and everything else is judged anew.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { createCommitmentMemory, type Judge } from '../../server/src/core/commitmentMemory.ts';
import { createBytesReader } from '../../server/src/core/manifestFile.ts';
import type { Manifest } from '../../server/src/model/cache.ts';
import type { ImageArtifact } from '../../server/src/model/plan.ts';
import { addPrepared, makeCache } from '../helpers/cacheBuilder.ts';
import { useFolder } from '../helpers/folder.ts';

describe('the memory of hits', () => {
  const folder = useFolder();
  let artifact: ImageArtifact;
  let reads: number;
  let judge: Judge;
  const look = () => {
    const bytes = createBytesReader();
    return judge(artifact, (file) => {
      reads++;
      return bytes(file);
    });
  };
  const rewrite = (change: Partial<Manifest>) => {
    const manifest = JSON.parse(fs.readFileSync(artifact.manifestPath, 'utf8')) as Manifest;
    const temporary = `${artifact.manifestPath}.new`;
    fs.writeFileSync(temporary, JSON.stringify({ ...manifest, ...change }, null, 2));
    fs.renameSync(temporary, artifact.manifestPath);
  };
  beforeEach(() => {
    const file = addPrepared(makeCache(path.join(folder(), 'cache')), 'app');
    const { cache_key: key } = JSON.parse(fs.readFileSync(`${file}.json`, 'utf8')) as Manifest;
    artifact = { kind: 'prepared', path: file, manifestPath: `${file}.json`, key };
    reads = 0;
    judge = createCommitmentMemory(() => Date.now() + 60_000);
    assert.equal(look().committed, true);
  });

  it('reads the manifest of an unchanged hit once', () => {
    assert.equal(look().committed, true);
    assert.equal(reads, 1);
  });

  it('reads it again when it was replaced', () => {
    rewrite({ last_used_at: 7 });
    assert.equal(look().manifest?.last_used_at, 7);
  });

  it('sees an image that was removed, emptied or replaced by something else', () => {
    fs.truncateSync(artifact.path, 0);
    assert.equal(look().committed, false);
    fs.rmSync(artifact.path);
    assert.equal(look().committed, false);
    fs.mkdirSync(artifact.path);
    assert.equal(look().committed, false);
  });

  it('does not believe what changed just before it was read', () => {
    judge = createCommitmentMemory();
    look();
    look();
    assert.equal(reads, 3);
  });

  it('judges the same files anew for another key', () => {
    artifact = { ...artifact, key: '0'.repeat(64) };
    assert.equal(look().committed, false);
    assert.equal(reads, 2);
  });
});
