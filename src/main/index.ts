import { homedir } from 'node:os';
import { join } from 'node:path';
import * as electron from 'electron';
import { runElectronShell } from './electron/electron-shell.ts';
import { defaultDataDirectory } from './shell/default-data-directory.ts';
import { programFolders } from './shell/program-folders.ts';

/** The Electron shell. Everything that is not Electron's own is in the desk, which the web shell runs just the same. */
const rootDirectory = join(import.meta.dirname, '..', '..');
const { platform, env: environment } = process;

// Not awaited: Electron becomes ready only once this module has been evaluated.
runElectronShell({
  electron,
  // In development the second word is the folder of the application.
  words: process.argv.slice(electron.app.isPackaged ? 1 : 2),
  input: process.stdin,
  print: (line) => void process.stdout.write(`${line}\n`),
  platform,
  defaultDataDirectory: defaultDataDirectory({ platform, environment, homeDirectory: homedir() }),
  workingDirectory: process.cwd(),
  deskEntryPath: join(import.meta.dirname, 'desk.js'),
  preloadPath: join(rootDirectory, 'out', 'preload', 'index.cjs'),
  folders: programFolders(
    rootDirectory,
    electron.app.isPackaged
      ? { kind: 'installed', resourcesDirectory: process.resourcesPath }
      : { kind: 'checkout' },
  ),
  monotonicMs: () => performance.now(),
}).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  electron.app.exit(70);
});
