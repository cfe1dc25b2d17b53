#!/usr/bin/env node
// A stand-in for enroot 4.1.2, for tests and the demo: same command line, messages, exit codes and files; no registry is asked.
// What it does on demand (FAKE_*) and where it differs from the real one: README.md beside this file.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createLog, hang, listenToSignals, readFaults, record, sleep, writePartially } from './faults.mjs';
import { defaultFileName, parseDaemonReference, parseReference } from './reference.mjs';

const VERSION = '4.1.2';
const [verb, ...given] = process.argv.slice(2);

class EnrootError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const say = (line) => fs.writeSync(2, `${line}\n`);
const info = (message) => say(`[INFO] ${message}`);
const refuse = (message) => {
  throw new EnrootError(`[ERROR] ${message}`);
};

// Options of each verb: long name -> takes a value. `operands` is the least and the most number of what follows.
const VERBS = {
  version: { run: version, options: {}, operands: [0, Infinity], usage: '' },
  info: { run: showInfo, options: {}, operands: [0, 0], usage: '' },
  digest: { run: digest, options: { 'a arch': true }, operands: [1, 1], usage: '[options] [--] URI' },
  import: {
    run: importImage,
    options: { 'a arch': true, 'o output': true },
    operands: [1, 1],
    usage: '[options] [--] URI',
  },
  create: {
    run: create,
    options: { 'n name': true, 'f force': false },
    operands: [1, 1],
    usage: '[options] [--] IMAGE',
  },
  start: {
    run: start,
    options: {
      ...{ 'c conf': true, 'e env': true, ' rc': true, 'r root': false, 'w rw': false, 'm mount': true },
      ...{ ' pid': false, ' net': false, ' ipc': false, ' uts': false },
    },
    operands: [1, Infinity],
    usage: '[options] [--] NAME|IMAGE [COMMAND] [ARG...]',
  },
  export: {
    run: exportImage,
    options: { 'o output': true, 'f force': false },
    operands: [1, 1],
    usage: '[options] [--] NAME',
  },
  list: { run: list, options: { 'f fancy': false }, operands: [0, Infinity], usage: '[options]' },
  remove: {
    run: remove,
    options: { 'f force': false },
    operands: [1, Infinity],
    usage: '[options] [--] NAME...',
  },
};
const ABSENT = new Set(['batch', 'bundle', 'exec', 'load']);

const env = process.env;
const folders = {
  cache:
    env.ENROOT_CACHE_PATH || path.join(env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'enroot'),
  data:
    env.ENROOT_DATA_PATH || path.join(env.XDG_DATA_HOME || path.join(os.homedir(), '.local/share'), 'enroot'),
  // Sites set this in enroot.conf; the default of the real one (/run/enroot) is writable by root alone.
  runtime:
    env.ENROOT_RUNTIME_PATH ||
    path.join(env.XDG_RUNTIME_DIR || path.join(os.tmpdir(), `enroot-stand-in-${outerUser()}`), 'enroot'),
  temp: env.ENROOT_TEMP_PATH || env.TMPDIR || '/tmp',
};
// In a user namespace anyone is user 0: the user outside keeps folders of different people apart.
function outerUser() {
  try {
    const [inner, outer] = fs.readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/);
    return os.userInfo().uid - Number(inner) + Number(outer);
  } catch {
    return os.userInfo().uid;
  }
}

const isOn = (name) => Boolean(env[name]) && !/^(no?|N[oO]?|[fF](alse)?|FALSE)$/.test(env[name]);

let scratch;
let child;
const dropScratch = () => scratch && fs.rmSync(scratch, { recursive: true, force: true });

async function main() {
  makeFolders();
  record(env, process.argv.slice(2));
  const definition = VERBS[verb];
  if (!definition) return unknownVerb();
  const call = parse(definition);
  const faults = readFaults(env, verb, given);
  const log = createLog(env, verb);
  // First: tests send signals as soon as the log says that the call began.
  listenToSignals(env, () => {
    child?.kill('SIGTERM');
    dropScratch();
  });
  log('begin', given);
  if (faults.grandchild) return runAsGrandchild(log);
  if (faults.hang) await hang();
  try {
    await definition.run(call, { ...faults, misbehave: () => misbehave(faults, log) });
    log('end');
  } finally {
    dropScratch();
  }
}

function makeFolders() {
  const before = process.umask(0o077);
  for (const folder of [folders.cache, folders.data, folders.runtime]) {
    try {
      fs.mkdirSync(folder, { recursive: true });
    } catch (error) {
      throw new EnrootError(`mkdir: cannot create directory '${folder}': ${reason(error)}`);
    }
  }
  process.umask(before);
}

function unknownVerb() {
  if (ABSENT.has(verb)) refuse(`${verb}: not in this stand-in`);
  console.log(`Usage: enroot COMMAND [ARG...]\n\n Commands:`);
  for (const [name, { usage }] of Object.entries(VERBS)) console.log(`   ${`${name} ${usage}`.trim()}`);
  process.exitCode = verb === 'help' ? 0 : 1;
}

function parse({ options, operands, usage }) {
  const values = {};
  const rest = [...given];
  const stop = (exitCode) => {
    console.log(`Usage: enroot ${verb} ${usage}`);
    process.exit(exitCode);
  };
  while (rest[0]?.startsWith('-') && rest[0] !== '-') {
    const word = rest.shift();
    if (word === '--') break;
    if (word === '-h' || word === '--help') stop(0);
    const [, name, inline] = /^--?([^=]+)(?:=([\s\S]*))?$/.exec(word) ?? [];
    const key = Object.keys(options).find((entry) =>
      entry.split(' ').some((form) => form && sameForm(word, form, name)),
    );
    if (key === undefined || (inline !== undefined && !options[key])) stop(1);
    const value = options[key] ? (inline ?? rest.shift()) : true;
    if (!value) stop(1);
    (values[key.split(' ')[1]] ??= []).push(value);
  }
  if (rest.length < operands[0] || rest.length > operands[1]) stop(1);
  return {
    operands: rest,
    all: values,
    last: (name) => values[name]?.at(-1),
    force: Boolean(values.force) || isOn('ENROOT_FORCE_OVERRIDE'),
  };
}

const sameForm = (word, form, name) =>
  form.length === 1 ? word === `-${form}` : word.startsWith('--') && name === form;

// The sleep comes where the real one spends its time; then the failure, when one is asked for.
async function misbehave(faults, log) {
  await sleep(faults.napMs);
  if (!faults.fail) return;
  log('fail');
  throw new EnrootError(faults.stderr, faults.exitCode);
}

// As mksquashfs and unsquashfs below the real one: killing only the parent leaves the worker running.
async function runAsGrandchild(log) {
  const { spawn } = await import('node:child_process');
  const left = (env.FAKE_GRANDCHILD ?? '').split(',').filter((name) => name !== verb);
  const worker = spawn(process.execPath, process.argv.slice(1), {
    stdio: 'inherit',
    env: { ...env, FAKE_GRANDCHILD: left.join(',') },
  });
  const [code, signal] = await new Promise((resolve) => worker.on('exit', (...ended) => resolve(ended)));
  log('end');
  process.exitCode = code ?? 128 + os.constants.signals[signal];
}

async function version(_call, faults) {
  await faults.misbehave();
  console.log(VERSION);
}

function showInfo() {
  console.log(`Enroot version: ${VERSION}\nConfig file: (stand-in)\n\nEnvironment variables:`);
  const shown = {
    ...env,
    ENROOT_CACHE_PATH: folders.cache,
    ENROOT_DATA_PATH: folders.data,
    ENROOT_RUNTIME_PATH: folders.runtime,
    ENROOT_TEMP_PATH: folders.temp,
    ENROOT_VERSION: VERSION,
  };
  for (const name of Object.keys(shown)
    .filter((key) => key.startsWith('ENROOT_'))
    .sort())
    console.log(`  ${name}=${shown[name]}`);
}

async function digest({ operands: [uri] }, faults) {
  if (!uri.startsWith('docker://')) refuse(`Invalid argument: ${uri}`);
  const reference = parseReference(uri) ?? refuse(`Invalid image reference: ${uri}`);
  await askRegistry(reference, faults);
  await faults.misbehave();
  console.log(digestOf(reference));
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

function digestOf({ registry, image, tag }) {
  if (env.FAKE_DIGEST) return env.FAKE_DIGEST;
  return tag.startsWith('sha256:') ? tag : `sha256:${sha256(`${registry}/${image}:${tag}`)}`;
}

async function askRegistry({ user, registry, image, tag }, { httpStatus }) {
  if (registry.split(':')[0].endsWith('.invalid'))
    throw new EnrootError(`curl: (6) Could not resolve host: ${registry.split(':')[0]}`, 6);
  info('Querying registry for permission grant');
  info(`Authenticating with user: ${user || '<anonymous>'}`);
  info('Authentication succeeded');
  info('Fetching image manifest list');
  info('Fetching image manifest');
  if (!httpStatus) return;
  const { STATUS_CODES } = await import('node:http');
  refuse(
    `URL https://${registry}/v2/${image}/manifests/${tag} returned error code: ${httpStatus} ${STATUS_CODES[httpStatus] ?? ''}`.trim(),
  );
}

async function importImage({ operands: [uri], last }, faults) {
  const isDaemon = /^(dockerd|podman):\/\//.test(uri);
  if (!isDaemon && !uri.startsWith('docker://')) refuse(`Invalid argument: ${uri}`);
  const daemonImage = isDaemon
    ? (parseDaemonReference(uri) ?? refuse(`Invalid image reference: ${uri}`))
    : undefined;
  const reference = isDaemon
    ? { user: '', registry: 'localhost', image: daemonImage, tag: 'latest' }
    : (parseReference(uri) ?? refuse(`Invalid image reference: ${uri}`));
  const output = resolve(
    last('output') ?? (isDaemon ? `${daemonImage.replace(/[:/]/g, '+')}.sqsh` : defaultFileName(reference)),
  );
  if (exists(output)) refuse(`File already exists: ${output}`);
  const before = process.umask(0o077);
  scratch = fs.mkdtempSync(path.join(folders.temp, 'enroot.'));
  process.umask(before);
  if (isDaemon) info('Fetching image');
  else await askRegistry(reference, faults);
  const layer = path.join(folders.cache, digestOf(reference).replace('sha256:', ''));
  info(exists(layer) ? 'Found all layers in cache' : 'Downloading 1 missing layers...');
  await faults.misbehave();
  if (!isDaemon && !exists(layer)) writeLayer(layer, reference);
  info('Extracting image layers...');
  info('Converting whiteouts...');
  const { layOut } = await import('./rootfs.mjs');
  const tree = path.join(scratch, 'rootfs');
  layOut(tree, { reference, uri, template: env.FAKE_ROOTFS });
  say('[WARN] stand-in for enroot: no registry was asked, the image holds a few small files');
  await squash(tree, output, faults);
}

function writeLayer(layer, reference) {
  const temporary = `${layer}.${process.pid}`;
  fs.writeFileSync(temporary, `stand-in layer of ${reference.image}\n`);
  fs.renameSync(temporary, layer);
}

async function squash(tree, output, faults, excluded) {
  info('Creating squashfs filesystem...');
  if (faults.partial) await writePartially(output, faults.bytes ?? 4096);
  fs.rmSync(output, { force: true });
  const image = await import('./image.mjs');
  const squashfs = await import('./squashfs.mjs');
  const isPlain = faults.bytes === undefined && faults.bytesPerSecond === undefined && !faults.noSpace;
  if (isPlain && squashfs.find('mksquashfs')) return squashfs.make(tree, output, excluded, env);
  try {
    await image.writeSubstitute(image.readTree(tree, excluded), output, faults);
  } catch (error) {
    throw new EnrootError(
      `Write failed because ${reason(error)}\nFATAL ERROR: Failed to write to output filesystem`,
    );
  }
}

async function create({ operands: [operand], last, force }, faults) {
  await faults.misbehave();
  const image = resolve(operand || refuse('Invalid argument'));
  if (!fs.statSync(image, { throwIfNoEntry: false })?.isFile()) refuse(`No such file or directory: ${image}`);
  const { readSuperblock, readSubstitute, writeTree } = await import('./image.mjs');
  const head = readSuperblock(image);
  if (!head) refuse(`Invalid image format: ${image}`);
  const rootfs = rootfsOf(last('name') ?? path.basename(image).replace(/\.sqsh$/, ''));
  if (exists(rootfs)) {
    if (!force) refuse(`File already exists: ${rootfs}`);
    removeAll(rootfs);
  }
  info('Extracting squashfs filesystem...');
  fs.mkdirSync(rootfs);
  if (faults.partial) await writePartially(undefined, 0);
  if (faults.noSpace)
    throw new EnrootError(
      'Write on output file failed because No space left on device\nFATAL ERROR: writer: failed to write file',
    );
  if (!head.complete) throw new EnrootError(`FATAL ERROR: File system corruption detected`);
  const tree = readSubstitute(image);
  if (tree) return tryToWrite(() => writeTree(tree, rootfs));
  const squashfs = await import('./squashfs.mjs');
  if (!squashfs.find('unsquashfs')) refuse('Command not found: unsquashfs');
  squashfs.unpack(image, rootfs);
}

function tryToWrite(write) {
  try {
    write();
  } catch (error) {
    throw new EnrootError(
      `Write on output file failed because ${reason(error)}\nFATAL ERROR: writer: failed to write file`,
    );
  }
}

async function start({ operands: [name, ...argv], all, last }, faults) {
  const rootfs = rootfsOf(name);
  if (!fs.statSync(rootfs, { throwIfNoEntry: false })?.isDirectory())
    refuse(`No such file or directory: ${rootfs}`);
  for (const mount of all.mount ?? []) if (!/^\S+(:\S+)*$/.test(mount)) refuse(`Invalid argument: ${mount}`);
  for (const entry of all.env ?? [])
    if (!/^[A-Za-z_][A-Za-z0-9_]*(=|$)/.test(entry)) refuse(`Invalid argument: ${entry}`);
  fs.writeFileSync(path.join(rootfs, '.lock'), '');
  const { planMounts } = await import('./rootfs.mjs');
  const mounts = planMounts(all.mount ?? [], rootfs, (message) => {
    throw new EnrootError(`enroot-mount: ${message}`);
  });
  await faults.misbehave();
  const { runInside } = await import('./container.mjs');
  process.exitCode = await runInside({
    ...{ rootfs, argv, mounts, asRoot: Boolean(last('root')) || isOn('ENROOT_REMAP_ROOT') },
    writable: Boolean(last('rw')) || isOn('ENROOT_ROOTFS_WRITABLE'),
    environment: Object.fromEntries((all.env ?? []).map(variable)),
    onChild: (started) => (child = started),
  });
}

function variable(entry) {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, env[entry] ?? ''] : [entry.slice(0, at), entry.slice(at + 1)];
}

async function exportImage({ operands: [name], last, force }, faults) {
  const rootfs = rootfsOf(name);
  if (!fs.statSync(rootfs, { throwIfNoEntry: false })?.isDirectory())
    refuse(`No such file or directory: ${rootfs}`);
  const output = resolve(last('output') ?? `${path.basename(rootfs)}.sqsh`);
  if (exists(output)) {
    if (!force) refuse(`File already exists: ${output}`);
    fs.rmSync(output, { force: true });
  }
  await faults.misbehave();
  // Mount points (mode 000), device files, the lock: none of them belongs in an image.
  const excluded = (inside, stat) => /^dev\/.|^\.lock$|^\.enroot$/.test(inside) || (stat.mode & 0o7777) === 0;
  await squash(rootfs, output, faults, excluded);
}

async function list({ all }, faults) {
  await faults.misbehave();
  const names = fs
    .readdirSync(folders.data)
    .filter((name) => !name.startsWith('.'))
    .sort();
  if (all.fancy) console.log('NAME  PID  COMM  STATE  STARTED  TIME  MNTNS  USERNS  COMMAND');
  for (const name of names) console.log(name);
}

async function remove({ operands, force }, faults) {
  for (const name of operands) {
    const rootfs = rootfsOf(name);
    if (!fs.statSync(rootfs, { throwIfNoEntry: false })?.isDirectory())
      refuse(`No such file or directory: ${rootfs}`);
    await faults.misbehave();
    if (force || confirmed()) removeAll(rootfs);
  }
}

// Reads one answer from standard input; an end without one fails, as bash's read does.
function confirmed() {
  const answer = fs.readFileSync(0, 'utf8');
  if (!answer.includes('\n')) throw new EnrootError('');
  return /^[yY]\n/.test(answer);
}

function removeAll(folder) {
  try {
    fs.rmSync(folder, { recursive: true });
  } catch {
    makeRemovable(folder);
    fs.rmSync(folder, { recursive: true });
  }
}

function makeRemovable(folder) {
  fs.chmodSync(folder, 0o700);
  for (const entry of fs.readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) makeRemovable(path.join(folder, entry.name));
}

function rootfsOf(name) {
  if (!name) refuse('Invalid argument');
  if (name.includes('/')) refuse(`Invalid argument: ${name}`);
  return resolve(path.join(folders.data, name));
}

// As readlink -f: all but the last component must exist, links are followed to their end.
function resolve(file) {
  const full = path.resolve(file);
  try {
    return fs.realpathSync(full);
  } catch {
    try {
      const folder = fs.realpathSync(path.dirname(full));
      const link = fs.lstatSync(full, { throwIfNoEntry: false });
      if (link?.isSymbolicLink()) return resolve(path.resolve(folder, fs.readlinkSync(full)));
      return path.join(folder, path.basename(full));
    } catch {
      return refuse(`No such file or directory: ${file}`);
    }
  }
}

const exists = (file) => fs.statSync(file, { throwIfNoEntry: false }) !== undefined;

const REASONS = {
  ENOSPC: 'No space left on device',
  EACCES: 'Permission denied',
  EROFS: 'Read-only file system',
  EDQUOT: 'Disk quota exceeded',
  EFBIG: 'File too large',
  EIO: 'Input/output error',
  ENOENT: 'No such file or directory',
};
const reason = (error) => REASONS[error.code] ?? error.message;

try {
  await main();
} catch (error) {
  if (error.message) say(error instanceof EnrootError ? error.message : `[ERROR] ${reason(error)}`);
  process.exitCode = error.exitCode ?? 1;
}
