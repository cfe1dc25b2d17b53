// A remembered plan is given again only while all that it was made from is the same.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { createPlanMemory, type PlanMemory } from '../../server/src/load/planMemory.ts';
import type { LoadOptions } from '../../server/src/load/loadPlan.ts';
import { useFolder } from '../helpers/folder.ts';

describe('the memory of plans', () => {
  const folder = useFolder();
  let memory: PlanMemory;
  let options: LoadOptions & { readonly specPath: string };
  const write = (name: string, text: string) => {
    const file = path.join(folder(), name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  };
  const spec = (image: string) => `x-slurm: {cache_dir: /c}\nservices:\n  a:\n    image: ${image}\n`;
  const plan = async (changes: Partial<LoadOptions> = {}) =>
    (await memory.load({ ...options, ...changes })).plan;
  const image = async (changes: Partial<LoadOptions> = {}) => (await plan(changes)).services[0]?.sourceImage;
  beforeEach(() => {
    memory = createPlanMemory();
    const specPath = path.join(folder(), 'work/compose.yaml');
    options = { specPath, cwd: path.dirname(specPath), env: { HOME: folder() } };
    write('work/compose.yaml', spec('redis:${TAG:-7}'));
  });

  it('gives the very same plan again, also for another text that says the same', async () => {
    const first = await plan();
    assert.equal(await plan(), first);
    const text = fs.readFileSync(options.specPath, 'utf8');
    const edited = await plan({ text });
    assert.equal(await plan({ text: fs.readFileSync(options.specPath, 'utf8') }), edited);
  });

  it('makes a new one after it was let go', async () => {
    const first = await plan();
    memory.forget(options.specPath);
    assert.notEqual(await plan(), first);
  });

  it('makes a new one when the spec, its text or a variable changed', async () => {
    assert.match((await image()) ?? '', /redis:7$/);
    assert.match((await image({ env: { ...options.env, TAG: '8' } })) ?? '', /redis:8$/);
    assert.match((await image({ text: spec('alpine:3') })) ?? '', /alpine:3$/);
    write('work/compose.yaml', spec('busybox:1'));
    assert.match((await image()) ?? '', /busybox:1$/);
  });

  it('makes a new one when a file beside the spec appears, changes or goes', async () => {
    await plan();
    write('work/.env', 'TAG=8\n');
    assert.match((await image()) ?? '', /redis:8$/);
    write('work/.env', 'TAG=9\n');
    assert.match((await image()) ?? '', /redis:9$/);
    fs.rmSync(path.join(folder(), 'work/.env'));
    assert.match((await image()) ?? '', /redis:7$/);
  });

  it('makes a new one when settings appear above the spec', async () => {
    await plan();
    write('.hpc-compose/settings.toml', 'version = 1\n[defaults.env]\nTAG = "8"\n');
    assert.match((await image()) ?? '', /redis:8$/);
  });

  it('makes a new one when a link leads to another spec', async () => {
    write('other/compose.yaml', spec('redis:${TAG:-7}'));
    write('other/.env', 'TAG=8\n');
    const link = path.join(folder(), 'link.yaml');
    const linked = { specPath: link };
    fs.symlinkSync(options.specPath, link);
    const before = await plan(linked);
    fs.rmSync(link);
    fs.symlinkSync(path.join(folder(), 'other/compose.yaml'), link);
    assert.notEqual(await plan(linked), before);
  });

  it('looks at local images each time', async () => {
    write('work/image.sqsh', 'one');
    write('work/compose.yaml', `${spec('./image.sqsh')}    x-runtime: {prepare: {commands: [x]}}\n`);
    const before = await plan();
    write('work/image.sqsh', 'other');
    assert.notEqual((await plan()).services[0]?.runtimePath, before.services[0]?.runtimePath);
  });

  it('does not remember what cannot be planned', async () => {
    await plan();
    write('work/compose.yaml', 'services: 1\n');
    await assert.rejects(plan(), { code: 'spec-invalid' });
    write('work/compose.yaml', spec('alpine:3'));
    assert.match((await image()) ?? '', /alpine:3$/);
  });
});
