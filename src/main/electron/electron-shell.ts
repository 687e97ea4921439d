import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ProgramFolders, ShellSettings } from '../desk-protocol.ts';
import { DeskError } from '../failure.ts';
import { DeskClient, linkLine } from '../shell/desk-client.ts';
import { parseShellArguments, readSettings, type ShellArguments } from '../shell/shell-arguments.ts';
import { version } from '../version.ts';
import { forkDesk } from './desk-pipe.ts';
import type { ElectronModule } from './electron-module.ts';
import { lockDown } from './lockdown.ts';
import { menuTemplate } from './menu.ts';
import { Windows } from './windows.ts';

export interface ElectronShellPorts {
  readonly electron: ElectronModule;
  /** The command line after the program's (and in development the application's) name. */
  readonly words: readonly string[];
  readonly input: Readable;
  readonly print: (line: string) => void;
  readonly platform: NodeJS.Platform;
  readonly defaultDataDirectory: string;
  readonly workingDirectory: string;
  readonly deskEntryPath: string;
  readonly preloadPath: string;
  readonly folders: ProgramFolders;
  readonly monotonicMs: () => number;
}

/** Starts the desk and opens the first window; from then on Electron's events keep it going. */
export async function runElectronShell(ports: ElectronShellPorts): Promise<void> {
  const { app, dialog } = ports.electron;
  app.enableSandbox();
  try {
    const shellArguments = parseShellArguments(ports.words, {
      dataDirectory: ports.defaultDataDirectory,
      workingDirectory: ports.workingDirectory,
      unknownWords: 'ignore',
    });
    // Electron's lock goes with this folder, so that there is one program a site and not one a person.
    app.setPath('userData', join(shellArguments.dataDirectory, 'electron'));
    if (!app.requestSingleInstanceLock()) {
      // The instance that has the lock hears `second-instance` and comes to the front.
      app.quit();
      return;
    }
    const { settings, onLine } = await readSettings(ports.input, shellArguments.firstLine);
    await app.whenReady();
    const printLink = await run(ports, shellArguments, settings);
    onLine(printLink);
  } catch (error) {
    if (!(error instanceof DeskError)) throw error;
    const { message, remedy } = error.failure;
    dialog.showErrorBox('Belvedere cannot start', remedy === undefined ? message : `${message}\n\n${remedy}`);
    app.exit(1);
  }
}

/** Resolves, with the first window open, to what prints a link for another program on this machine. */
async function run(
  ports: ElectronShellPorts,
  { dataDirectory, port: wantedPort }: ShellArguments,
  settings: ShellSettings,
): Promise<() => void> {
  const { electron, folders, preloadPath, monotonicMs } = ports;
  const { app, Menu } = electron;
  const desk = new DeskClient(forkDesk(electron, ports.deskEntryPath));
  const { port, code } = await desk.start({
    ...settings,
    dataDirectory,
    port: wantedPort,
    shell: 'electron',
    version,
    ...folders,
  });

  lockDown(electron, `http://127.0.0.1:${port}`);
  const windows = new Windows({ electron, preloadPath, port, monotonicMs });
  const openAnother = async (): Promise<void> => {
    const another = await desk.issueCode();
    if (another !== undefined) await windows.open(another);
  };
  const show = (): void => {
    if (!windows.focus()) void openAnother();
  };
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(ports.platform, () => void openAnother())));
  app.on('second-instance', show);
  app.on('activate', show);
  app.on('window-all-closed', () => {
    if (ports.platform !== 'darwin') app.quit();
  });
  app.on('before-quit', (event) => {
    // Quits for real once the desk has put everything away.
    event.preventDefault();
    void desk.stop();
  });
  void exitWithDesk(desk, ports, dataDirectory);
  await windows.open(code);
  const printLink = async (): Promise<void> => {
    const another = await desk.issueCode();
    if (another !== undefined) ports.print(linkLine(port, another));
  };
  return () => void printLink();
}

async function exitWithDesk(
  desk: DeskClient,
  { electron: { app, dialog } }: ElectronShellPorts,
  dataDirectory: string,
): Promise<void> {
  const end = await desk.ended;
  if (end.kind === 'stopped') return app.exit(0);
  dialog.showErrorBox(
    'Belvedere stopped',
    `The desk process ended unexpectedly (exit code ${end.code ?? 'none'}); ${join(dataDirectory, 'logs', 'desk.log')} ` +
      'says more.\n\nStart Belvedere again: nothing that was saved is lost.',
  );
  app.exit(1);
}
