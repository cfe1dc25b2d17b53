import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { runProcess } from '../../server/src/core/process.ts';
import { runCli } from '../helpers/cli.ts';
import { LspClient } from '../helpers/lspClient.ts';
import { RootfsRig } from '../helpers/rootfs/rig.ts';

const URI = 'file:///w/hpc-compose.yaml';
const spec = (...lines: string[]) =>
  [
    'name: x',
    'services:',
    '  app:',
    '    image: docker://ubuntu:22.04',
    '    command: hostname',
    ...lines,
    '',
  ].join('\n');
const ON = ['    environment:', '      PYXIS_CONTAINER_CACHE: "1"'];
const FLAG = ['    x-slurm:', '      extra_srun_args: ["--container-cache"]'];
const WRITABLE = ['    x-slurm:', '      extra_srun_args: ["--container-writable"]'];

describe('rootfs rules with settings', () => {
  let rig: RootfsRig;
  let client: LspClient | undefined;
  beforeEach(() => {
    rig = new RootfsRig();
  });
  afterEach(async () => {
    await client?.stop();
    client = undefined;
    rig.remove();
  });

  const start = async (rootfsCache: Record<string, unknown>, options: { trusted?: boolean } = {}) => {
    const settings = { rootfsCache };
    client = await LspClient.start({ settings, options, env: rig.env, run: runProcess });
    return client;
  };
  const codesOf = (list: readonly { code?: unknown }[]) =>
    list.map(({ code }) => String(code)).filter((code) => code.startsWith('RC'));
  /** Waits for a publication with exactly these RC codes. */
  const expectCodes = async (text: string, ...expected: string[]) => {
    await client!.open(URI, text);
    const found = await client!.until(() =>
      client!
        .publishedFor(URI)
        .map(({ diagnostics }) => diagnostics.filter(({ code }) => String(code).startsWith('RC')))
        .find((list) => codesOf(list).join() === expected.join()),
    );
    return found;
  };
  const plantSrun = (help: string) =>
    fs.writeFileSync(path.join(rig.bin, 'srun'), `#!/bin/sh\necho '${help}'\n`, { mode: 0o755 });

  it('05 RC010: bad marks in the settings, at the service that wants the cache', async () => {
    await start({ base: rig.base, gcHigh: 80, gcLow: 85 });
    const [found] = await expectCodes(spec(...ON), 'RC010');
    assert.match(found?.message as string, /low mark \(85\) must be below the high mark \(80\)/);
    assert.equal(found?.range.start.line, 6);
  });

  it('05 RC009: a directory that is no directory of its own', async () => {
    await start({ enabled: true, base: '/tmp' });
    await expectCodes(spec(), 'RC009');
  });

  it('05 RC002 for a service that only the settings switch on', async () => {
    await start({ enabled: true, base: rig.base });
    await expectCodes(spec(...WRITABLE), 'RC002');
  });

  it('05 RC011: a tag under the proposal\u2019s names', async () => {
    await start({ enabled: true, base: rig.base, keyScheme: 'pr174' });
    await expectCodes(spec(), 'RC011');
  });

  it('05 RC013: the image cache inside the rootfs cache', async () => {
    await start({ enabled: true, base: rig.base });
    await expectCodes(`${spec()}x-slurm:\n  cache_dir: ${rig.base}/images\n`, 'RC013');
  });

  it('05 RC006 only until srun is known to have the flag', async () => {
    plantSrun('      --container-cache      keep the root filesystem');
    await start({});
    await expectCodes(spec(...FLAG));
  });

  it('05 RC006 where srun has no such flag', async () => {
    plantSrun('      --container-image=IMAGE');
    await start({});
    await expectCodes(spec(...FLAG), 'RC006');
  });

  it('starts no srun and looks at no directory in an untrusted workspace', async () => {
    const asked = path.join(rig.folder, 'asked');
    fs.writeFileSync(path.join(rig.bin, 'srun'), `#!/bin/sh\n: > ${asked}\n`, { mode: 0o755 });
    await start({ enabled: true, base: '/tmp' }, { trusted: false });
    await expectCodes(spec(...FLAG), 'RC006');
    assert.equal(fs.existsSync(asked), false);
  });

  it('05 lint in the shell asks the same srun, and only about specs with the flag', async () => {
    const asked = path.join(rig.folder, 'asked');
    const file = path.join(rig.folder, 'hpc-compose.yaml');
    const lint = async (text: string) => {
      fs.writeFileSync(file, text);
      const env = { ...rig.env, PATH: `${rig.bin}:/usr/bin:/bin` };
      const { stdout } = await runCli(['lint', '-f', file, '--format', 'json'], { cwd: rig.folder, env });
      return codesOf((JSON.parse(stdout) as { findings: { code: string }[] }).findings);
    };
    assert.deepEqual(await lint(spec(...FLAG)), ['RC006']);
    const script = `#!/bin/sh\n: > ${asked}\necho '  --container-cache  keep it'\n`;
    fs.writeFileSync(path.join(rig.bin, 'srun'), script, { mode: 0o755 });
    assert.deepEqual(await lint(spec(...ON)), []);
    assert.equal(fs.existsSync(asked), false);
    assert.deepEqual(await lint(spec(...FLAG)), []);
    assert.equal(fs.existsSync(asked), true);
  }).timeout(20_000);
});
