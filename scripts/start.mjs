// Starts the built app: in Electron where its binary is present, otherwise in the web shell. `--shell web|electron` forces one.
// Everything else is handed on; see `npm start -- --help`.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findElectron } from './electron-binary.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { shell, words } = takeShell(process.argv.slice(2));
const electron = findElectron(root, process.env);
const choice = choose();

if (!existsSync(join(root, 'out', 'main', 'web.js'))) {
  console.error('Belvedere is not built yet. Run: npm run build');
  process.exit(1);
}
// On standard error: standard output is the shell's.
console.error(`Belvedere starts in ${choice.name}, because ${choice.reason}.`);
const child = spawn(choice.command, [...choice.words, ...words], { stdio: 'inherit', cwd: process.cwd() });
// The terminal sends Ctrl-C to the child as well; it decides when to end.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('error', (error) => {
  console.error(`${choice.command} cannot be started: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code) => process.exit(code ?? 1));

function choose() {
  const web = {
    command: process.execPath,
    words: [join(root, 'out', 'main', 'web.js')],
    name: 'the web shell',
  };
  if (shell === 'web') return { ...web, reason: 'it was asked for' };
  if (electron.kind === 'present') {
    const reason = shell === 'electron' ? 'it was asked for' : 'its binary is present';
    // Chromium refuses its sandbox to root.
    const rootWords = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    return { command: electron.path, words: [...rootWords, root], name: 'Electron', reason };
  }
  if (shell === 'electron') {
    console.error(`Electron cannot be used: ${electron.reason}. Install it with: npx install-electron`);
    process.exit(1);
  }
  return { ...web, reason: electron.reason };
}

/** @param {readonly string[]} given */
function takeShell(given) {
  const at = given.indexOf('--shell');
  if (at === -1) return { shell: undefined, words: given };
  const value = given[at + 1];
  if (value !== 'web' && value !== 'electron') {
    console.error('--shell is web or electron.');
    process.exit(1);
  }
  return { shell: value, words: given.toSpliced(at, 2) };
}
