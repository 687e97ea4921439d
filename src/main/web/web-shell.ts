import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ProgramFolders } from '../desk-protocol.ts';
import { DeskError } from '../failure.ts';
import { spawnDesk } from '../shell/child-process-pipe.ts';
import { DeskClient, linkLine, windowUrl } from '../shell/desk-client.ts';
import {
  parseShellArguments,
  readSettings,
  type ShellArguments,
  shellUsage,
} from '../shell/shell-arguments.ts';
import { version } from '../version.ts';
import { browserArguments, findBrowser, hasDisplay, isExecutable, openBrowser } from './browser.ts';
import { writeLaunchPage } from './launch-page.ts';

export interface WebShellPorts {
  /** The command line after the program's name. */
  readonly words: readonly string[];
  readonly input: Readable;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  readonly deskEntryPath: string;
  readonly folders: ProgramFolders;
  readonly defaultDataDirectory: string;
  readonly workingDirectory: string;
  readonly machine: {
    readonly platform: NodeJS.Platform;
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly isRoot: boolean;
  };
  /** Ctrl-C, or the service manager's word. */
  readonly onStopSignal: (listener: () => void) => void;
}

/** How long a launch page lies there for a browser that is slow to start: as long as the code in it lives. */
const launchPageLifetimeMs = 60_000;

/** Runs until the window is closed, a signal comes or the desk ends. Resolves with the exit code. */
export async function runWebShell(ports: WebShellPorts): Promise<number> {
  try {
    const shellArguments = parseShellArguments(ports.words, {
      dataDirectory: ports.defaultDataDirectory,
      workingDirectory: ports.workingDirectory,
      unknownWords: 'refuse',
    });
    if (shellArguments.wantsHelp) {
      ports.print(shellUsage);
      return 0;
    }
    return await run(ports, shellArguments);
  } catch (error) {
    if (!(error instanceof DeskError)) throw error;
    ports.complain(error.failure.message);
    if (error.failure.remedy !== undefined) ports.complain(error.failure.remedy);
    return 1;
  }
}

async function run(ports: WebShellPorts, shellArguments: ShellArguments): Promise<number> {
  const { dataDirectory, port: wantedPort } = shellArguments;
  const { settings, onLine } = await readSettings(ports.input, shellArguments.firstLine);
  const desk = new DeskClient(spawnDesk(ports.deskEntryPath));
  ports.onStopSignal(() => void desk.stop());
  const { port, code } = await desk.start({
    ...settings,
    dataDirectory,
    port: wantedPort,
    shell: 'web',
    version,
    ...ports.folders,
  });

  await using window = new AsyncDisposableStack();
  const browserPath = shellArguments.opensWindow ? visibleBrowser(ports) : undefined;
  const printLink = (linkCode: string): void => {
    ports.print(linkLine(port, linkCode));
  };
  if (browserPath === undefined) {
    printLink(code);
    ports.print('Press Enter for another link, Ctrl-C to stop.');
  } else {
    const launchPage = window.use(writeLaunchPage(dataDirectory, windowUrl(port, code)));
    setTimeout(() => launchPage[Symbol.dispose](), launchPageLifetimeMs).unref();
    const browser = openBrowser(
      browserPath,
      browserArguments({
        launchUrl: launchPage.url,
        profileDirectory: join(dataDirectory, 'browser'),
        isRoot: ports.machine.isRoot,
      }),
    );
    window.defer(() => void browser.kill());
    ports.print(
      `Belvedere is open in ${browserPath}. Press Enter for a link to open it elsewhere on this machine, Ctrl-C to stop.`,
    );
    stopWithWindow({ browser, desk, ports, printAnotherLink });
  }
  onLine(() => void printAnotherLink());

  async function printAnotherLink(): Promise<void> {
    const another = await desk.issueCode();
    if (another !== undefined) printLink(another);
  }

  const end = await desk.ended;
  if (end.kind === 'stopped') return 0;
  ports.complain(
    `Belvedere's desk process ended unexpectedly (${end.code === null ? 'by a signal' : `exit code ${end.code}`}); ` +
      `${join(dataDirectory, 'logs', 'desk.log')} says more. Start it again: nothing that was saved is lost.`,
  );
  return 1;
}

function visibleBrowser(ports: WebShellPorts): string | undefined {
  return hasDisplay(ports.machine) ? findBrowser({ ...ports.machine, isExecutable }) : undefined;
}

/** Closing the window closes the program; a browser that could not open leaves the link. */
function stopWithWindow(window: {
  readonly browser: ChildProcess;
  readonly desk: DeskClient;
  readonly ports: WebShellPorts;
  readonly printAnotherLink: () => Promise<void>;
}): void {
  const { browser, desk, ports, printAnotherLink } = window;
  browser.once('error', () => {
    ports.complain('The browser did not start.');
    void printAnotherLink();
  });
  browser.once('exit', (exitCode) => {
    if (exitCode === 0) {
      void desk.stop();
    } else {
      ports.complain(`The browser ended with exit code ${exitCode ?? 'none'}.`);
      void printAnotherLink();
    }
  });
}
