import { Readable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { abortFailure, commandTimeoutFailure, outputLimitFailure } from './failures.ts';
import type { ExecResult, SshEndpoint } from './ports.ts';

export interface ChannelLimits {
  readonly endpoint: SshEndpoint;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  readonly stdin: string | Readable | undefined;
  readonly signal: AbortSignal | undefined;
}

/** How long a command that was killed may take to be gone before we stop waiting for it. */
const killGraceMs = 3_000;

/**
 * Follows one command to its end. On cancellation, deadline, too much output or a broken input the command is killed and its
 * channel closed before the promise rejects, so that whoever cleans up afterwards does not race with it.
 */
export async function followChannel(channel: ClientChannel, limits: ChannelLimits): Promise<ExecResult> {
  const { endpoint, timeoutMs, maxOutputBytes, stdin, signal } = limits;
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const { promise: interruption, reject: interrupt } = Promise.withResolvers<never>();
  let exitCode: number | undefined;
  let exitSignal: string | undefined;

  channel.on('exit', (status: number | null, signalName?: string) => {
    exitCode = status ?? undefined;
    exitSignal = signalName?.replace(/^SIG/, '');
  });
  channel.once('close', close);
  // What goes wrong with a channel ends in `close`; the missing status tells.
  channel.on('error', ignore);
  const onTooMuch = (): void => {
    interrupt(outputLimitFailure(endpoint, maxOutputBytes));
  };
  const stdout = collect(channel, maxOutputBytes, onTooMuch);
  const stderr = collect(channel.stderr, maxOutputBytes, onTooMuch);

  const timer = setTimeout(() => {
    interrupt(commandTimeoutFailure(endpoint, timeoutMs));
  }, timeoutMs);
  const onAbort = (): void => {
    if (signal !== undefined) interrupt(abortFailure(endpoint, signal));
  };
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted === true) onAbort();
  feed(channel, stdin, interrupt);

  try {
    await Promise.race([closed, interruption]);
    return { exitCode, signal: exitSignal, stdout: stdout(), stderr: stderr() };
  } catch (error) {
    await kill(channel, closed);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    if (stdin instanceof Readable) stdin.destroy();
  }
}

function feed(
  channel: ClientChannel,
  stdin: string | Readable | undefined,
  onError: (error: Error) => void,
): void {
  if (stdin instanceof Readable) {
    stdin.on('error', onError);
    stdin.pipe(channel);
  } else if (stdin !== undefined) {
    channel.end(stdin);
  }
  // Otherwise the input stays open, because ssh2 sends no signal any more after its end, and KILL is how a command is stopped.
}

/** Gathers a stream up to a bound; the returned function gives the text, decoded as a whole. */
function collect(stream: Readable, maxBytes: number, onTooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let byteLength = 0;
  stream.on('data', (chunk: Buffer) => {
    byteLength += chunk.length;
    if (byteLength > maxBytes) onTooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

async function kill(channel: ClientChannel, closed: Promise<void>): Promise<void> {
  const { promise: graceOver, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, killGraceMs);
  try {
    channel.signal('KILL');
    channel.close();
  } catch {
    // The connection is gone, and the channel with it.
    resolve();
  }
  await Promise.race([closed, graceOver]);
  clearTimeout(timer);
}

function ignore(): void {
  // See above.
}
