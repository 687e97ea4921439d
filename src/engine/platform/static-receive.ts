import { Socket } from 'node:net';

/** Takes what a connection receives: `bytes[0, length)`, valid during the call only. */
export type TakeBytes = (bytes: Buffer, length: number) => void;

/**
 * What the system writes received bytes into, one for all connections: it reads a socket and hands the bytes out at once, before
 * it reads the next (libuv, `uv__read`), and a buffer that is always in use stays in the processor's cache.
 */
const RECEIVE_BUFFER = Buffer.allocUnsafeSlow(128 * 1024);

/**
 * Reads an accepted connection into the same buffer again and again. Node offers that (`onread`) for connections that we open
 * only; for accepted ones it makes a buffer of 64 KiB for each read, which costs more than all that is done with the bytes.
 * So the connection's handle moves on to a socket of our making, which stands in for the accepted one. Where Node has no
 * such handle any more, the accepted socket is read in the usual way. To be called before anything is read.
 */
export function receiveInPlace(accepted: Socket, take: TakeBytes): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle');
  const options = {
    handle,
    onread: {
      buffer: RECEIVE_BUFFER,
      callback: (length: number) => {
        take(RECEIVE_BUFFER, length);
        return true;
      },
    },
  };
  const socket: unknown =
    typeof handle === 'object' && handle !== null && Reflect.construct(Socket, [options]);
  if (!(socket instanceof Socket)) {
    accepted.on('data', (chunk) => take(chunk, chunk.length));
    return accepted;
  }
  // The listening server counts its connections until they close.
  Reflect.set(socket, '_server', Reflect.get(accepted, '_server'));
  Reflect.set(accepted, '_handle', null);
  return socket;
}
