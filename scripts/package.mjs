// Makes the installers with electron-builder. `npm run package -- --linux|--mac|--win` chooses the target, `--dir` makes only
// the unpacked folder. Further words go to electron-builder as they are.

import { spawn } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findElectron } from './electron-binary.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const missing = [
  'out/main/index.js',
  'out/preload/index.cjs',
  'out/renderer/index.html',
  'out/engine',
].filter((path) => !existsSync(join(root, path)));
if (missing.length > 0) {
  console.error(`Nothing to package yet, ${missing.join(', ')} missing. Run: npm run build`);
  process.exit(1);
}

const signingKey = ['linux-x64', 'linux-arm64']
  .map((folder) => join(root, 'out', 'engine', folder, 'signing-key.pub'))
  .find((path) => existsSync(path));
if (signingKey === undefined) {
  console.error('The engine bundle in out/engine is not whole. Run: npm run build');
  process.exit(1);
}
// What the application trusts is inside its archive, not beside the bundles.
copyFileSync(signingKey, join(root, 'out', 'main', 'engine-signing-key.pub'));

const words = process.argv.slice(2);
const electron = findElectron(root, process.env);
// The folder that electron-builder copies from when it shall not download; only right for this machine's platform.
const distDirectory =
  process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(root, 'node_modules', 'electron', 'dist');
const isForThisMachine = !words.some((word) =>
  ['--mac', '--win', '--linux', '-m', '-w', '-l'].includes(word),
);
const local = electron.kind === 'present' && isForThisMachine ? [`-c.electronDist=${distDirectory}`] : [];
const built = await build([
  join(root, 'node_modules', 'electron-builder', 'cli.js'),
  '--config',
  'build/electron-builder.json',
  ...local,
  ...words,
]);
if (
  built.status !== 0 &&
  electron.kind === 'absent' &&
  /download|ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|getaddrinfo/i.test(built.said)
) {
  console.error(
    `\nBelvedere was not packaged: ${electron.reason}, and it cannot be downloaded from here.\n` +
      'Run this where the internet is reachable, or unpack Electron for this platform somewhere and set ELECTRON_OVERRIDE_DIST_PATH to that folder.',
  );
}
process.exit(built.status);

/**
 * Runs electron-builder, showing what it says as it says it. Traces of its own insides help nobody and are left out.
 *
 * @param {string[]} args
 * @returns {Promise<{ status: number, said: string }>}
 */
function build(args) {
  return new Promise((resolve) => {
    const builder = spawn(process.execPath, args, { cwd: root, stdio: ['inherit', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [builder.stdout, builder.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        said += `${line}\n`;
        if (!/^\s+at /.test(line)) console.error(line);
      });
    }
    builder.on('close', (code) => resolve({ status: code ?? 1, said }));
  });
}
