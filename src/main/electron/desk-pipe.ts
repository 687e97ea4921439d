import type { DeskPipe } from '../shell/desk-client.ts';
import type { ElectronModule } from './electron-module.ts';

/** The desk as one of Electron's utility processes. */
export function forkDesk(electron: Pick<ElectronModule, 'utilityProcess'>, entryPath: string): DeskPipe {
  const child = electron.utilityProcess.fork(entryPath, [], {
    serviceName: 'Belvedere desk',
    stdio: 'inherit',
  });
  return {
    send: (request) => child.postMessage(request),
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => void child.once('exit', listener),
    kill: () => void child.kill(),
  };
}
