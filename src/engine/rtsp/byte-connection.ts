import { createHash } from 'node:crypto';
import { lookup } from 'node:dns';
import { connect } from 'node:net';
import type { Socket, TcpNetConnectOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { sharedLookup } from './shared-lookup.ts';

/** Who is at the other end. */
export interface Peer {
  /** The numeric addresses of both ends. */
  readonly address: string;
  readonly localAddress: string;
  /** Over TLS: base64 SHA-256 of the SubjectPublicKeyInfo that the peer has proven to own (RFC 7469 §2.4). */
  readonly publicKeyPin: string | undefined;
}

export interface ByteConnectionEvents {
  onOpen(peer?: Peer): void;
  /** Bytes are `buffer[0, length)`, valid during the call only. */
  onBytes(buffer: Buffer, length: number): void;
  /** Once, and nothing after it. The code is the system's, such as `ECONNREFUSED`; absent when the peer closed in order. */
  onClosed(errorCode?: string): void;
}

export interface ByteConnection {
  write(bytes: string | Uint8Array): void;
  /** Ends it at once; `onClosed` follows. */
  close(): void;
}

export interface DialAddress {
  readonly host: string;
  readonly port: number;
  /** Over TLS. */
  readonly isSecure?: boolean;
}

/** Opens a connection; how it goes is told through the events, never before this returns. */
export type Dial = (address: DialAddress, events: ByteConnectionEvents) => ByteConnection;

/**
 * What the system writes received bytes into, one for all connections: it reads a socket and hands the bytes out at once, before
 * it reads the next (libuv, `uv__read`), and a buffer that is always in use stays in the processor's cache.
 */
const RECEIVE_BUFFER = Buffer.allocUnsafeSlow(128 * 1024);
/** We send a few hundred bytes a minute: whoever does not take them is gone. */
const MAX_UNSENT_BYTES = 64 * 1024;
const lookUpOnce = sharedLookup(lookup);

/**
 * TCP, with TLS where the address says so. Cameras sign their certificates themselves: whether the key is the right one is for the caller to say when the
 * connection opens, before it writes anything.
 */
export const dialTcp: Dial = ({ host, port, isSecure = false }, events) => {
  let errorCode: string | undefined;
  const options: TcpNetConnectOpts = {
    host,
    port,
    noDelay: true,
    lookup: lookUpOnce,
    onread: {
      buffer: RECEIVE_BUFFER,
      callback: (length, buffer) => {
        events.onBytes(asBuffer(buffer), length);
        return true;
      },
    },
  };
  const socket = isSecure ? openTls(options, events) : openPlain(options, events);
  socket.on('error', (error: NodeJS.ErrnoException) => {
    errorCode = error.code ?? 'EIO';
  });
  socket.once('close', () => {
    events.onClosed(errorCode);
  });
  return {
    write(bytes) {
      socket.write(bytes);
      if (socket.writableLength > MAX_UNSENT_BYTES) socket.destroy();
    },
    close() {
      socket.destroy();
    },
  };
};

function openPlain(options: TcpNetConnectOpts, events: ByteConnectionEvents): Socket {
  const socket = connect(options);
  socket.once('connect', () => {
    events.onOpen(peerOf(socket));
  });
  return socket;
}

function openTls(options: TcpNetConnectOpts, events: ByteConnectionEvents): Socket {
  const socket = connectTls({ ...options, rejectUnauthorized: false, minVersion: 'TLSv1.2' });
  socket.once('secureConnect', () => {
    events.onOpen(peerOf(socket, pinOf(socket)));
  });
  return socket;
}

function peerOf(socket: Socket, publicKeyPin?: string): Peer {
  return {
    address: socket.remoteAddress ?? '',
    localAddress: socket.localAddress ?? '',
    publicKeyPin,
  };
}

function pinOf(socket: TLSSocket): string | undefined {
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
  return key === undefined ? undefined : createHash('sha256').update(key).digest('base64');
}

/** It is the very buffer given to the socket; the typings promise an array of bytes only. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
