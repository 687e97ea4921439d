import { type DeskAnswer, DeskRequest } from '../desk-protocol.ts';
import { DeskError } from '../failure.ts';
import { type RunningDesk, openDesk } from '../open-desk.ts';
import type { MessageChannelEnd } from './desk-channel.ts';

/** Exit codes of the desk's process, after BSD's sysexits. */
export const deskExitCodes = { stopped: 0, bug: 70, couldNotStart: 78 } as const;

/**
 * Runs one desk for the shell at the other end, until it says stop or is gone. Resolves with the exit code, never
 * rejects.
 */
export function serveShell(channel: MessageChannelEnd, stopSignal: AbortSignal): Promise<number> {
  const ended = Promise.withResolvers<number>();
  let desk: Promise<RunningDesk> | undefined;
  const answer = (message: DeskAnswer): void => channel.send(message);

  const stop = async (): Promise<void> => {
    // A start that is under way ends by itself, and tells its own failure.
    const running = await desk?.catch(() => undefined);
    await running?.stop();
    ended.resolve(deskExitCodes.stopped);
  };
  const start = async (opening: Promise<RunningDesk>): Promise<void> => {
    try {
      const running = await opening;
      answer({ kind: 'listening', port: running.port, code: running.issueCode() });
    } catch (error) {
      answer({ kind: 'failed', failure: failureOf(error) });
      ended.resolve(deskExitCodes.couldNotStart);
    }
  };

  channel.onMessage((message) => {
    const request = DeskRequest.safeParse(message);
    if (!request.success) return;
    switch (request.data.kind) {
      case 'start':
        if (desk !== undefined) return;
        desk = openDesk(request.data.options);
        void start(desk);
        return;
      case 'issue-code':
        void desk?.then(
          (running) => answer({ kind: 'code', code: running.issueCode() }),
          () => undefined,
        );
        return;
      case 'stop':
        void stop();
    }
  });
  channel.onClose(() => void stop());
  stopSignal.addEventListener('abort', () => void stop());
  return ended.promise;
}

function failureOf(error: unknown): (DeskAnswer & { kind: 'failed' })['failure'] {
  if (error instanceof DeskError) return error.failure;
  return {
    code: 'internal',
    message: 'Belvedere could not start.',
    remedy: 'The log in the data folder says what happened.',
  };
}
