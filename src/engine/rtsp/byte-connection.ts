import { connect } from 'node:net';

export interface ByteConnectionEvents {
  onOpen(): void;
  /** Bytes are `buffer[0, length)`, valid during the call only. */
  onBytes(buffer: Buffer, length: number): void;
  /** Once, and nothing after it. The code is the system's, such as `ECONNREFUSED`; absent when the peer closed in order. */
  onClosed(errorCode?: string): void;
}

export interface ByteConnection {
  write(text: string): void;
  /** Ends it at once; `onClosed` follows. */
  close(): void;
}

/** Opens a connection; how it goes is told through the events, never before this returns. */
export type Dial = (
  address: { readonly host: string; readonly port: number },
  events: ByteConnectionEvents,
) => ByteConnection;

const RECEIVE_BUFFER_BYTES = 64 * 1024;
/** We send a few hundred bytes a minute: whoever does not take them is gone. */
const MAX_UNSENT_BYTES = 64 * 1024;

/** TCP with one receive buffer a connection, which the system writes into again and again. */
export const dialTcp: Dial = ({ host, port }, events) => {
  let errorCode: string | undefined;
  const socket = connect({
    host,
    port,
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafeSlow(RECEIVE_BUFFER_BYTES),
      callback: (length, buffer) => {
        events.onBytes(asBuffer(buffer), length);
        return true;
      },
    },
  });
  socket.once('connect', () => {
    events.onOpen();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    errorCode = error.code ?? 'EIO';
  });
  socket.once('close', () => {
    events.onClosed(errorCode);
  });
  return {
    write(text) {
      socket.write(text);
      if (socket.writableLength > MAX_UNSENT_BYTES) socket.destroy();
    },
    close() {
      socket.destroy();
    },
  };
};

/** It is the very buffer given to the socket; the typings promise an array of bytes only. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
