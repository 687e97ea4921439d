import { homedir } from 'node:os';
import { extname, join } from 'node:path';
import { defaultDataDirectory } from './shell/default-data-directory.ts';
import { programFolders } from './shell/program-folders.ts';
import { runWebShell } from './web/web-shell.ts';

/** The web shell: the desk and a Chromium window in app mode, without Electron. */
const rootDirectory = join(import.meta.dirname, '..', '..');
const { platform, env: environment } = process;

process.exitCode = await runWebShell({
  words: process.argv.slice(2),
  input: process.stdin,
  print: (line) => void process.stdout.write(`${line}\n`),
  complain: (line) => void process.stderr.write(`${line}\n`),
  deskEntryPath: join(import.meta.dirname, `desk${extname(import.meta.filename)}`),
  folders: programFolders(rootDirectory, { kind: 'checkout' }),
  defaultDataDirectory: defaultDataDirectory({ platform, environment, homeDirectory: homedir() }),
  workingDirectory: process.cwd(),
  machine: { platform, environment, isRoot: process.getuid?.() === 0 },
  onStopSignal: (listener) => {
    process.once('SIGINT', listener);
    process.once('SIGTERM', listener);
  },
});
// Standard input may still be open, and would keep the process alive.
process.exit();
