// Makes a checkout ready: installs packages when the lock file asks for others than are there, and builds.
// Uses nothing but Node, because it runs before anything is installed.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, run, say } from './lib/run.mjs';

const LEAST_NODE = 20;

/** Throws a plain sentence when something is missing or fails. */
export async function setUp() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < LEAST_NODE)
    throw new Error(`Node ${LEAST_NODE} or newer is needed; this is ${process.version}.`);
  if (!packagesAreLinked() && !packagesAreCurrent()) await installPackages();
  await build();
}

// A node_modules that is a link belongs to another checkout, which alone may change it.
function packagesAreLinked() {
  return fs.lstatSync(path.join(ROOT, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

// npm writes down what it installed; optional packages of other platforms are not there and need not be.
function packagesAreCurrent() {
  const read = (file) => JSON.parse(fs.readFileSync(path.join(ROOT, file), 'utf8')).packages;
  try {
    const installed = read('node_modules/.package-lock.json');
    return Object.entries(read('package-lock.json')).every(
      ([name, { optional, integrity }]) =>
        name === '' || optional || installed[name]?.integrity === integrity,
    );
  } catch {
    return false;
  }
}

async function installPackages() {
  say('Installing packages (npm ci)…');
  const { code, output } = await run(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { collect: true },
  );
  if (code !== 0) throw new Error(`npm ci failed:\n${output}`);
}

async function build() {
  const { code, output } = await run(process.execPath, ['esbuild.mjs'], { collect: true });
  if (code !== 0) throw new Error(`The build failed:\n${output}`);
}

/** Runs a script's main function; ends the process with a plain sentence when it fails. */
export async function asScript(main) {
  try {
    await main();
  } catch (error) {
    say(process.env.DEBUG ? error.stack : error.message);
    process.exitCode = 1;
  }
}

if (
  process.argv[1] &&
  fs.realpathSync(process.argv[1]) === fs.realpathSync(path.join(ROOT, 'scripts/setup.mjs'))
)
  await asScript(setUp);
