// Keeps the tests complete against two lists: the catalogue of faults F01 to F70, with the doors at which each must be tested,
// and the 31 weaknesses that are known of hpc-compose (cache contract, section 12), with what shows that we do not have them.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const TESTS = join(import.meta.dirname, '..');

/** Fault -> test files that must each carry its number in a title. */
const FAULTS: Readonly<Record<string, readonly string[]>> = {
  F01: ['prepareDeath'],
  F02: ['prepareDeath'],
  F03: ['prepareDeath'],
  F04: ['prepareDeath'],
  F05: ['prepareDeath'],
  F06: ['prepareDeath', 'prepareEveryStep.full'],
  F07: ['prepareDeath'],
  F08: ['cachePrune'],
  F09: ['cachePrune'],
  F10: ['prepareDeath'],
  F11: ['cacheListing', 'cachePrune'],
  F12: ['prepareStorage'],
  F13: ['prepareStorage'],
  F14: ['prepareStorage'],
  F15: ['prepareStorage'],
  F16: ['prepareStorage'],
  F17: ['prepareStorage', 'readOnly'],
  F18: ['prepareStorage'],
  F19: ['cacheListing'],
  F20: ['prepareStorage'],
  F21: ['cacheListing'],
  F22: ['cachePrune'],
  F23: ['prepareStorage'],
  F24: ['prepareStorage'],
  F25: ['cacheListing'],
  F26: ['prepareStorage'],
  F27: ['prepareStorage', 'secondDoors'],
  F28: ['cacheListing', 'prepareFiles'],
  F29: ['cacheListing'],
  F30: ['cacheListing'],
  F31: ['cacheListing'],
  F32: ['cacheListing', 'prepareFiles'],
  F33: ['cacheListing', 'pruneHostile'],
  F34: ['cacheListing', 'prepareFiles'],
  F35: ['cachePrune', 'prepareFiles'],
  F36: ['cachePrune', 'prepareFiles', 'secondDoors'],
  F37: ['cachePrune', 'pruneHostile', 'secondDoors', 'readOnly'],
  F38: ['cachePrune', 'prepareFiles', 'pruneHostile', 'secondDoors'],
  F39: ['cachePrune', 'prepareFiles'],
  F40: ['cacheListing', 'pruneHostile'],
  F41: ['cachePrune', 'pruneHostile', 'secondDoors'],
  F42: ['cachePrune', 'prepareFiles', 'pruneHostile', 'secondDoors'],
  F43: ['cacheListing'],
  F44: ['cacheListing', 'pruneHostile'],
  F45: ['prepareFiles', 'secondDoors'],
  F46: ['cachePrune', 'pruneHostile', 'secondDoors'],
  F47: ['cacheListing', 'prepareFiles'],
  F48: ['cacheListing'],
  F49: ['prepareFiles'],
  F50: ['prepareConcurrency'],
  F51: ['prepareConcurrency'],
  F52: ['prepareConcurrency'],
  F53: ['prepareConcurrency'],
  F54: ['cachePrune', 'prepareConcurrency'],
  F55: ['prepareConcurrency'],
  F56: ['prepareDeath'],
  F57: ['../contract/interop.full'],
  F58: ['prepareConcurrency'],
  F59: ['cachePrune', 'secondDoors'],
  F60: ['cachePrune', 'pruneHostile', 'secondDoors'],
  F61: ['cachePrune', 'prepareFiles', 'secondDoors'],
  F62: ['prepareFiles'],
  F63: ['prepareFiles'],
  F64: ['prepareFiles'],
  F65: ['prepareFiles', 'readOnly'],
  F66: ['prepareFiles', 'readOnly'],
  F67: ['readOnly'],
  F68: ['cachePrune', 'pruneHostile'],
  F69: ['cachePrune', 'prepareFiles'],
  F70: ['prepareFiles'],
};

type Evidence = readonly [file: string, title: string] | string;

/** Weakness -> tests that show that we do not have it, or a sentence where the shared format leaves no choice or we stop short. */
const WEAKNESSES: Readonly<Record<number, readonly Evidence[]>> = {
  1: [
    ['fault/cachePrune', 'F59 removes nothing that a spec refers to'],
    ['fault/secondDoors', 'F59 staged models that a spec refers to stay'],
  ],
  2: [
    ['fault/cachePrune', 'F60 keeps other projects’ images and names them'],
    ['fault/pruneHostile', 'F60 another project’s images are judged by that project’s settings'],
    ['unit/cachePrune', 'changes nothing while planning'],
    'There is no undo: a plan is shown first, and what is removed can be prepared again.',
  ],
  3: [
    ['unit/prepare/commandLines', 'of enroot are those of the contract, mount modes spelt so that they work'],
  ],
  4: [['unit/prepare/reuse', 'warns when the key that is found was made by other commands']],
  5: ['Tags are not compared with the registry again; a digest in the reference pins them.'],
  6: ['The key is the shared one, so the architecture is not in it.'],
  7: [
    'Equal references in several spellings have several keys in the shared format; they are not pointed out.',
  ],
  8: [
    ['unit/cacheInspect', 'does not call an image without a manifest a hit'],
    ['unit/cacheInspect', 'says why a manifest does not commit its image'],
  ],
  9: [
    [
      'fault/cachePrune',
      'F61 takes an entry for a hit through a link to the cache, and adopts what was moved',
    ],
  ],
  10: [
    ['fault/prepareFiles', 'F34 an image that is empty, cut off or missing is built again'],
    ['unit/cacheList', 'tells pins and the specs that use an entry'],
  ],
  11: [
    'The base is made sure of first, as the contract has it (section 6.1), so that both tools give the same result.',
  ],
  12: [['fault/prepareDeath', 'F10 power loss: image and manifest are synced before each rename']],
  13: [
    ['fault/prepareDeath', 'children end, own files are removed, exit'],
    ['unit/sweep', 'removes what dead processes left, and nothing else'],
  ],
  14: [
    ['unit/prepare/prepare', 'goes on after a failure: each service says what became of it'],
    ['unit/prepare/prepare', 'gives the same results and manifests however many run at a time'],
  ],
  15: [
    ['fault/prepareFiles', 'verb, exit status and last words are named, nothing is left'],
    ['unit/prepare/prepare', 'keeps the root file system of a failed build when asked, and says where'],
  ],
  16: [
    ['fault/cacheListing', 'F28 reports damaged manifests with their cause and lists the rest'],
    ['fault/cacheListing', 'F30 does not look into root file systems of builds'],
  ],
  17: [
    ['fault/prepareFiles', 'F66 bytes that are no UTF-8 in the environment are no obstacle'],
    ['fault/cacheListing', 'F11 ends quietly when the reader of a listing goes away'],
  ],
  18: [
    ['unit/cacheList', 'counts bytes from disk blocks'],
    ['unit/cachePrune', 'removes the least recently used until the rest fits the budget'],
  ],
  19: [
    ['unit/cachePrune', 'removes layers and ended jobs, keeps what is in use or not known'],
    ['unit/cachePrune', 'removes orphans and broken entries'],
  ],
  20: [
    ['unit/cachePrune', 'keeps what was used within the grace period'],
    'Jobs leave no mark on an image: pins and unused-by-spec protect what is used daily, --age cannot know.',
  ],
  21: [
    ['lsp/cacheFeature', 'explain where the cache directory comes from'],
    ['unit/setup', 'writes beside the nearest .git and says when commands read another file'],
  ],
  22: [
    ['fault/cachePrune', 'F54 does not wait behind a build: what is locked is skipped and named'],
    ['fault/cachePrune', 'F22 goes on after a failing unlink and names what failed'],
  ],
  23: [
    ['fault/prepareFiles', 'F39 a lock that is a link to somebody’s file is refused'],
    'Locks keep their mode 0600, because hpc-compose demands it: another user of a group cache gets hits, not builds (F18).',
  ],
  24: [
    ['fault/prepareFiles', 'F47 secrets appear in no message and no result'],
    ['fault/cacheListing', 'F47 masks secret values in everything that is printed'],
  ],
  25: [
    [
      'unit/preflight',
      'blocks a cache directory below a node-local root and warns of a link that leads there',
    ],
    ['fault/pruneHostile', 'F68 refuses what holds home, and root or home under another name'],
  ],
  26: [['unit/preflight', 'looks credentials up by the bare host']],
  27: [['unit/prepare/reuse', 'hashes a local image once for as long as it does not change']],
  28: [['unit/prepare/reuse', 'of a base that is the image of its service writes its manifest once']],
  29: [['fault/secondDoors', 'F45 inspect and list get along with names of any length']],
  30: [
    [
      'unit/rendezvous',
      'shows damaged files beside the others instead of failing, and removes them on request',
    ],
    [
      'unit/rendezvous',
      'keeps the record of whoever registered last while others register and prune at once',
    ],
    ['unit/rendezvous', 'hides records of another spelling of the directory and says so'],
  ],
  31: [
    ['unit/cacheScan', 'recognises a download of a job by its mark and a published directory by its record'],
  ],
};

describe('the catalogue of faults', () => {
  const sources = new Map(
    readdirSync(TESTS, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => [name.slice(0, -'.test.ts'.length), readFileSync(join(TESTS, name), 'utf8')] as const),
  );
  const sourceOf = (file: string): string => {
    const source = sources.get(file);
    assert.ok(source !== undefined, `test/${file}.test.ts is not there`);
    return source;
  };
  /** The first words of each test: what stands behind `it(`, and in tables of titles. */
  const titlesIn = (file: string) => sourceOf(file).match(/(?:\bit\(\s*|\[)['"`][^\n]*/g) ?? [];

  it('names every number from F01 to F70', () => {
    const numbers = Array.from({ length: 70 }, (_, index) => `F${String(index + 1).padStart(2, '0')}`);
    assert.deepEqual(Object.keys(FAULTS), numbers);
  });

  it('has a test for each fault at each of its doors', () => {
    const missing = Object.entries(FAULTS).flatMap(([fault, files]) =>
      files
        .map((file) => join('fault', file))
        .filter((file) => !titlesIn(file).some((title) => title.includes(fault)))
        .map((file) => `${fault} in ${file}`),
    );
    assert.deepEqual(missing, []);
  });

  it('counts no fault that the catalogue does not have', () => {
    const unknown = [...sources.keys()]
      .filter((file) => file.startsWith('fault/') && !file.startsWith('fault/rootfs'))
      .flatMap((file) => titlesIn(file).flatMap((title) => title.match(/\bF\d\d\b/g) ?? []))
      .filter((fault) => !(fault in FAULTS));
    assert.deepEqual(unknown, []);
  });

  it('answers each known weakness of hpc-compose by tests that are there, or says why not', () => {
    assert.deepEqual(
      Object.keys(WEAKNESSES).map(Number),
      Array.from({ length: 31 }, (_, index) => index + 1),
    );
    const missing = Object.entries(WEAKNESSES).flatMap(([number, evidence]) =>
      evidence.flatMap((item) =>
        typeof item === 'string' || sourceOf(item[0]).includes(item[1])
          ? []
          : [`${number}: ${item.join(': ')}`],
      ),
    );
    assert.deepEqual(missing, []);
  });
});
