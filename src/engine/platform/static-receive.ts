import { Socket } from 'node:net';

/** Takes what a connection receives: `bytes[0, length)`, valid during the call only. */
export type TakeBytes = (bytes: Buffer, length: number) => void;

const RECEIVE_BUFFER_BYTES = 64 * 1024;

/**
 * Reads an accepted connection into one buffer, again and again. Node offers that (`onread`) for connections that we open
 * only; for accepted ones it makes a buffer of 64 KiB for each read, which costs more than all that is done with the bytes.
 * So the connection's handle moves on to a socket of our making, which stands in for the accepted one. Where Node has no
 * such handle any more, the accepted socket is read in the usual way. To be called before anything is read.
 */
export function receiveInPlace(accepted: Socket, take: TakeBytes): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle');
  const buffer = Buffer.allocUnsafeSlow(RECEIVE_BUFFER_BYTES);
  const options = {
    handle,
    onread: {
      buffer,
      callback: (length: number) => {
        take(buffer, length);
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
