import { spawn } from 'node:child_process';
import { pipeChannel } from './desk-channel.ts';
import type { DeskPipe } from './desk-client.ts';

/** The desk as a process of plain Node. It ends by itself when this process is gone, because its input closes. */
export function spawnDesk(entryPath: string): DeskPipe {
  const child = spawn(process.execPath, [entryPath], { stdio: ['pipe', 'pipe', 'inherit'] });
  const channel = pipeChannel(child.stdout, child.stdin);
  return {
    send: (request) => channel.send(request),
    onMessage: (listener) => channel.onMessage(listener),
    onExit: (listener) => {
      let isTold = false;
      const tell = (code: number | null): void => {
        if (isTold) return;
        isTold = true;
        listener(code);
      };
      child.once('close', tell);
      // It never ran: Node's binary is gone, or there are no processes left.
      child.once('error', () => tell(null));
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
