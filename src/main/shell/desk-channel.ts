import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** One end of the pipe between a shell and the desk: JSON values, in order. What comes in is not yet parsed. */
export interface MessageChannelEnd {
  send(message: object): void;
  onMessage(listener: (message: unknown) => void): void;
  /** The other end is gone. */
  onClose(listener: () => void): void;
}

/** A line that is longer is no message of ours. */
const maximumLineCharacters = 64 * 1024;

/** JSON lines over a pair of pipes. Lines that are no JSON (a library's stray print) are passed over. */
export function pipeChannel(input: Readable, output: Writable): MessageChannelEnd {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  // The other end may be gone already; that is told by `onClose`, not by a crash.
  output.on('error', () => lines.close());
  return {
    send: (message) => void output.write(`${JSON.stringify(message)}\n`),
    onMessage: (listener) =>
      lines.on('line', (line) => {
        const message = line.length <= maximumLineCharacters ? parseJson(line) : undefined;
        if (message !== undefined) listener(message);
      }),
    onClose: (listener) => lines.once('close', listener),
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
