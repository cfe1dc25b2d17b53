// A program that records how it was called and makes the files that apptainer, singularity or enroot would: for exact argv.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RecordedCall {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Recorder {
  readonly tool: string;
  readonly calls: () => RecordedCall[];
}

// Output goes where the verbs of the three tools put it: after -o/--output, or the second to last argument of `build`.
const SOURCE = `#!/usr/bin/env node
const fs = require('node:fs');
const argv = process.argv.slice(2);
fs.appendFileSync(RECORD, JSON.stringify({ argv, cwd: process.cwd(), env: process.env }) + '\\n');
const after = (...names) => argv[argv.findIndex((word) => names.includes(word)) + 1];
if (['import', 'export'].includes(argv[0])) fs.writeFileSync(after('-o', '--output'), IMAGE);
if (argv[0] === 'build' && argv.includes('--sandbox')) fs.mkdirSync(argv.at(-2), { recursive: true });
else if (argv[0] === 'build') fs.writeFileSync(argv.at(-2), 'SIF');
if (argv[0] === 'create') fs.mkdirSync(process.env.ENROOT_DATA_PATH + '/' + after('--name'), { recursive: true });
`;

/** A squashfs superblock of 96 bytes, and nothing behind it. */
export function emptyImage(): Buffer {
  const image = Buffer.alloc(96);
  image.write('hsqs');
  image.writeUInt16LE(4, 28);
  image.writeBigUInt64LE(96n, 40);
  return image;
}

/** Writes the program into a folder. */
export function recordingTool(folder: string): Recorder {
  const record = join(folder, 'calls.jsonl');
  const tool = join(folder, 'recorder.cjs');
  const image = `Buffer.from('${emptyImage().toString('hex')}', 'hex')`;
  writeFileSync(tool, SOURCE.replace('RECORD', JSON.stringify(record)).replace('IMAGE', image));
  chmodSync(tool, 0o755);
  const calls = () =>
    (existsSync(record) ? readFileSync(record, 'utf8').trim().split('\n') : []).map(
      (line) => JSON.parse(line) as RecordedCall,
    );
  return { tool, calls };
}
