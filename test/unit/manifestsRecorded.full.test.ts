// Every manifest that the real hpc-compose was seen to write comes back byte for byte, with the mode of its umask.
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFiles } from '../../server/src/core/files.ts';
import { readManifestFile, writeManifest } from '../../server/src/core/manifest.ts';
import { useFolder } from '../helpers/folder.ts';
import { needShared, sharedRecords } from '../helpers/shared.ts';

interface Recorded {
  readonly manifest_file: string;
  readonly manifest_bytes_utf8: string;
  readonly manifest_mode: string;
  readonly umask: string;
}

const FILE = 'conformance/manifests.jsonl';

describe('recorded manifests', () => {
  const folder = useFolder();

  before(function () {
    needShared(this, FILE);
  });

  it('are there', () => assert.ok(sharedRecords(FILE).length > 0));

  for (const record of sharedRecords<Recorded>(FILE)) {
    it(`${record.manifest_file} (umask ${record.umask}) is read and written again byte for byte`, async () => {
      const path = join(folder(), record.manifest_file);
      writeFileSync(path, record.manifest_bytes_utf8);
      const manifest = readManifestFile(path, nodeFiles)!;
      const before = process.umask(Number.parseInt(record.umask, 8));
      try {
        await writeManifest(path, manifest, nodeFiles);
      } finally {
        process.umask(before);
      }
      assert.equal(readFileSync(path, 'utf8'), record.manifest_bytes_utf8);
      assert.equal((statSync(path).mode & 0o7777).toString(8).padStart(4, '0'), record.manifest_mode);
    });
  }
});
