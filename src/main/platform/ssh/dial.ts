import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { abortFailure, connectFailure, silentFailure } from './failures.ts';
import type { SshEndpoint } from './ports.ts';

/** Opens a TCP connection within a deadline. Fails with `unreachable`, `timed-out` or `cancelled`. */
export async function dial(endpoint: SshEndpoint, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  if (signal.aborted) throw abortFailure(endpoint, signal);
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host: endpoint.address, port: endpoint.port, noDelay: true });
  const timer = setTimeout(() => {
    reject(silentFailure(endpoint, timeoutMs));
  }, timeoutMs);
  const onAbort = (): void => {
    reject(abortFailure(endpoint, signal));
  };
  const onError = (error: Error): void => {
    reject(connectFailure(endpoint, error));
  };
  signal.addEventListener('abort', onAbort);
  socket.on('error', onError);
  socket.once('connect', () => {
    resolve(socket);
  });
  try {
    return await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    socket.off('error', onError);
    // Between here and the next owner's listener an error must not be fatal.
    socket.on('error', ignore);
  }
}

function ignore(): void {
  // The next owner hears of it by `close`.
}
