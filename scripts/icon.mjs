// Draws media/icon.png (128 px): three stacked image layers, the newest one lit. Run by hand after changing it: node scripts/icon.mjs
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { ROOT } from './lib/run.mjs';

const SIZE = 128;
const SAMPLES = 4;
const BACKGROUND = [18, 42, 66];
const CORNER = 26;
// Diamonds from the bottom up: centre height, colour of the top face, colour of its side.
const LAYERS = [
  { y: 84, top: [52, 96, 140], side: [36, 70, 106] },
  { y: 64, top: [84, 142, 190], side: [58, 104, 146] },
  { y: 44, top: [126, 224, 190], side: [78, 166, 142] },
];
const HALF_WIDTH = 44;
const HALF_HEIGHT = 20;
const THICKNESS = 9;

const inDiamond = (x, y, centre) =>
  Math.abs(x - SIZE / 2) / HALF_WIDTH + Math.abs(y - centre) / HALF_HEIGHT <= 1;

function inBackground(x, y) {
  const beyond = (value) => Math.max(CORNER - value, value - (SIZE - CORNER), 0);
  return Math.hypot(beyond(x), beyond(y)) <= CORNER;
}

function colourAt(x, y) {
  if (!inBackground(x, y)) return [0, 0, 0, 0];
  let colour = BACKGROUND;
  for (const { y: centre, top, side } of LAYERS) {
    const below = Array.from({ length: THICKNESS + 1 }, (_, depth) => depth);
    if (below.some((depth) => inDiamond(x, y, centre + depth))) colour = side;
    if (inDiamond(x, y, centre)) colour = top;
  }
  return [...colour, 255];
}

function pixel(column, row) {
  const sum = [0, 0, 0, 0];
  for (let i = 0; i < SAMPLES * SAMPLES; i++) {
    const [red, green, blue, alpha] = colourAt(
      column + ((i % SAMPLES) + 0.5) / SAMPLES,
      row + (Math.floor(i / SAMPLES) + 0.5) / SAMPLES,
    );
    for (const [index, value] of [red * alpha, green * alpha, blue * alpha, alpha].entries())
      sum[index] += value;
  }
  const [red, green, blue, alpha] = sum;
  return [
    ...[red, green, blue].map((value) => (alpha ? Math.round(value / alpha) : 0)),
    Math.round(alpha / SAMPLES ** 2),
  ];
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(checksum(body), body.length + 4);
  return framed;
}

// The CRC of PNG; zlib.crc32 came only with Node 22.
function checksum(bytes) {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}

const header = Buffer.alloc(13);
header.writeUInt32BE(SIZE, 0);
header.writeUInt32BE(SIZE, 4);
header.set([8, 6, 0, 0, 0], 8);
const rows = Array.from({ length: SIZE }, (_, row) => [
  0,
  ...Array.from({ length: SIZE }, (_, column) => pixel(column, row)).flat(),
]);
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const image = zlib.deflateSync(Buffer.from(rows.flat()), { level: 9 });
const file = path.join(ROOT, 'media/icon.png');
fs.mkdirSync(path.dirname(file), { recursive: true });
fs.writeFileSync(
  file,
  Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', image), chunk('IEND', Buffer.alloc(0))]),
);
