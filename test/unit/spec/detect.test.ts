import assert from 'node:assert/strict';
import { isSpecName, looksLikeSpec } from '../../../server/src/spec/detect.ts';

const SPECS = {
  'x-slurm at the root': 'x-slurm:\n  nodes: 1\n',
  'x-slurm in a service': 'services:\n  a:\n    image: x\n    x-slurm:\n      gpus: 1\n',
  'a quoted marker': 'services: {a: {image: x, "x-slurm": {gpus: 1}}}\n',
  'a misspelt marker': 'x-slrum:\n  nodes: 1\n',
  'an underscore for the hyphen': 'x_slurm:\n  nodes: 1\n',
  'x-env': 'services:\n  a:\n    x-env: {}\n',
  'readiness beside services': 'services:\n  a:\n    readiness: {type: sleep, seconds: 5}\n',
  'runtime at the root beside services': 'runtime:\n  backend: pyxis\nservices: {}\n',
  'sweep beside steps': 'steps: {}\nsweep: {}\n',
  'a marker in text that does not parse': 'services:\n  a: "\n    x-slurm:\n',
  'a marker behind a byte order mark': '\ufeffx-slurm:\n',
  'CRLF line ends': 'services:\r\n  a:\r\n    x-slurm:\r\n      nodes: 1\r\n',
};
const OTHERS = {
  'a plain compose file': 'services:\n  web:\n    image: nginx\n    ports: ["80:80"]\n    runtime: nvidia\n',
  'a compose file with extensions': 'x-common: &c\n  restart: always\nservices:\n  web: {image: nginx}\n',
  'a comment about x-slurm': '# x-slurm: see the docs\nservices: {a: {image: x}}\n',
  'a kubernetes probe': 'spec:\n  readiness:\n    path: /x\n',
  'a workflow with steps': 'jobs:\n  a:\n    steps:\n      - run: x\n',
  'an empty text': '',
};

describe('detection', () => {
  for (const [what, text] of Object.entries(SPECS)) {
    it(`takes ${what} for a spec`, () => assert.equal(looksLikeSpec(text), true));
  }
  for (const [what, text] of Object.entries(OTHERS)) {
    it(`leaves ${what} alone`, () => assert.equal(looksLikeSpec(text), false));
  }
  it('knows the file names of specs', () => {
    assert.equal(isSpecName('/a/hpc-compose.yaml'), true);
    assert.equal(isSpecName('/a/train.hpc-compose.yml'), true);
    assert.equal(isSpecName('/a/compose.yaml'), false);
  });
  it('reads a five megabyte line in linear time', () => {
    assert.equal(looksLikeSpec(`a: ${'x-a,'.repeat(1_250_000)}`), false);
  });
});
