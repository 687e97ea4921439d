// Makes a checkout ready: packages, tools, builds. Runs before every command a person types (npm's `pre` scripts), needs
// nothing but Node 20 and npm, and takes under a second when nothing changed.
//
//   node scripts/setup.mjs --for demo|start|check|test|bench [--no-build]

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findChromium, findOnPath } from './tools.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const { values: options } = parseArgs({
  options: { for: { type: 'string', default: 'start' }, 'no-build': { type: 'boolean', default: false } },
  strict: false,
});
const purpose = String(options.for);

/** @param {string} text */
const say = (text) => process.stderr.write(`setup: ${text}\n`);

/** @param {string} message @returns {never} */
const stop = (message) => {
  say(message);
  process.exit(1);
};

installPackages();
installTools();
if (!options['no-build'] && purpose !== 'check') build();

/** Packages from the lock file, when they are missing or differ from it. */
function installPackages() {
  if (packagesMatchLock()) return;
  say(
    existsSync('node_modules')
      ? 'packages differ from the lock file; installing'
      : 'installing packages (about a minute)',
  );
  // npm's own Node, because `npm ci` removes the one in node_modules.
  const node = process.env['npm_node_execpath'] ?? process.execPath;
  const npm = process.env['npm_execpath'];
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const result = npm
    ? spawnSync(node, [npm, ...args], { stdio: ['ignore', 2, 2] })
    : spawnSync('npm', args, { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (result.status !== 0)
    stop('npm ci failed (see above). Without a network, bring node_modules from a machine that has one.');
  if (runtimeNode() === undefined) {
    stop(
      `no Node 24 runtime package for ${process.platform} ${process.arch}; Belvedere runs on Linux, macOS and Windows, x64 or arm64.`,
    );
  }
}

/** Compares with the lock that npm keeps inside node_modules: what is installed, and nothing else, must be there. */
function packagesMatchLock() {
  const installedLock = join('node_modules', '.package-lock.json');
  if (!existsSync(installedLock) || runtimeNode() === undefined) return false;
  const wanted = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedLock, 'utf8')).packages;
  const same = Object.keys(installed).every((path) => wanted[path]?.integrity === installed[path].integrity);
  return (
    same &&
    Object.keys(wanted).every(
      (path) => path === '' || path in installed || wanted[path].optional || wanted[path].peer,
    )
  );
}

/** Programs that are not npm packages. Only tests need all of them; the demo can do without any. */
function installTools() {
  /** @type {{ what: string, present: () => boolean, packages: string[], needed: boolean }[]} */
  const tools = [
    { what: 'Chromium', present: () => findChromium() !== undefined, packages: ['chromium'], needed: false },
    {
      what: 'ffmpeg',
      present: () => findOnPath('ffmpeg') !== undefined,
      packages: ['ffmpeg'],
      needed: false,
    },
  ];
  if (purpose === 'test') {
    tools.push(
      {
        what: 'ssh-keygen',
        present: () => findOnPath('ssh-keygen') !== undefined,
        packages: ['openssh-client'],
        needed: true,
      },
      { what: 'ip', present: () => findOnPath('ip') !== undefined, packages: ['iproute2'], needed: true },
      {
        what: "GStreamer's RTSP server",
        present: hasGstreamerRtspServer,
        packages: [
          'python3-gi',
          'gir1.2-gst-rtsp-server-1.0',
          'gstreamer1.0-plugins-base',
          'gstreamer1.0-plugins-good',
          'gstreamer1.0-plugins-bad',
          'gstreamer1.0-plugins-ugly',
        ],
        needed: true,
      },
    );
  }
  const missing = tools.filter((tool) => !tool.present());
  if (missing.length === 0) return;
  const packages = missing.flatMap((tool) => tool.packages);
  const names = missing.map((tool) => tool.what).join(', ');
  const canInstall = isDebian() && process.getuid?.() === 0;
  if (!canInstall) {
    say(
      isDebian()
        ? `not found: ${names}. To install: sudo apt-get install ${packages.join(' ')}`
        : `not found: ${names}. Install them with your system's package manager; what needs them is skipped or falls back until then.`,
    );
    return;
  }
  say(`installing ${names} with apt`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  /** @type {import('node:child_process').SpawnSyncOptions} */
  const aptOptions = { stdio: ['ignore', 'ignore', 2], env: environment };
  spawnSync('apt-get', ['update', '-qq'], aptOptions);
  const result = spawnSync(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
    aptOptions,
  );
  if (result.status !== 0) {
    const command = `apt-get install ${packages.join(' ')}`;
    if (missing.some((tool) => tool.needed)) stop(`apt failed; these are needed: ${command}`);
    say(`apt failed; going on without ${names}. By hand: ${command}`);
  }
}

/** What the sources have outgrown. */
function build() {
  buildWhenChanged('app', {
    inputs: [
      'src/main',
      'src/preload',
      'src/renderer',
      'src/shared',
      'electron.vite.config.ts',
      'package.json',
      'package-lock.json',
    ],
    outputs: ['out/main', 'out/preload', 'out/renderer'],
    run: () => runNode(['node_modules/electron-vite/bin/electron-vite.js', 'build', '--logLevel', 'warn']),
  });
  // The bundle's own script looks closer (the same inputs give the same version), so this only saves starting it.
  buildWhenChanged('engine bundle', {
    inputs: [
      'src/engine',
      'src/shared/engine-api',
      'src/shared/domain',
      'build',
      'resources/engine',
      'package.json',
      'package-lock.json',
    ],
    outputs: ['out/engine'],
    run: () => runNode(['build/engine-bundle.mjs']),
  });
}

/**
 * @param {string} name
 * @param {{ inputs: string[], outputs: string[], run: () => boolean }} target
 */
function buildWhenChanged(name, { inputs, outputs, run }) {
  const stampFile = join('out', 'stamps', name.replaceAll(' ', '-'));
  const stamp = hashOf(inputs.flatMap((input) => [...fingerprints(input)]));
  const upToDate =
    outputs.every((output) => existsSync(output)) &&
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === stamp;
  if (upToDate) return;
  say(`building the ${name}`);
  if (!run()) stop(`building the ${name} failed (see above)`);
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
}

/** @param {string[]} args */
function runNode(args) {
  const node = runtimeNode() ?? process.execPath;
  const path = [join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter);
  const result = spawnSync(node, args, { stdio: ['ignore', 2, 2], env: { ...process.env, PATH: path } });
  return result.status === 0;
}

/** The Node 24 that the lock file brings. @returns {string | undefined} */
function runtimeNode() {
  const kind = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  return [`node-${kind}`, `node-bin-${kind}`]
    .map((name) =>
      join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node'),
    )
    .find((path) => existsSync(path));
}

function hasGstreamerRtspServer() {
  const python = findOnPath('python3', ['/usr/bin']);
  if (python === undefined) return false;
  const places = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'];
  return (
    existsSync('/usr/lib/python3/dist-packages/gi') &&
    places.some((place) => existsSync(join(place, 'girepository-1.0', 'GstRtspServer-1.0.typelib'))) &&
    ['libgstrtp.so', 'libgstx264.so', 'libgstvideoparsersbad.so', 'libgstvoaacenc.so'].every((plugin) =>
      places.some((place) => existsSync(join(place, 'gstreamer-1.0', plugin))),
    )
  );
}

function isDebian() {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) return false;
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/** Path, size and time of every file under `path`. @param {string} path @returns {Generator<string>} */
function* fingerprints(path) {
  if (!existsSync(path)) return;
  const stats = statSync(path);
  if (!stats.isDirectory()) {
    yield `${path} ${stats.size} ${stats.mtimeMs}\n`;
    return;
  }
  for (const entry of readdirSync(path).sort()) yield* fingerprints(join(path, entry));
}

/** @param {(string | Buffer)[]} parts */
function hashOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}
