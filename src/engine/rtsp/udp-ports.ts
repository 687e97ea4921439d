import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

export interface UdpPortsEvents {
  /** Each datagram lies in a buffer of its own, which may be kept. */
  onRtp(bytes: Buffer): void;
  onRtcp(bytes: Buffer): void;
  /** The first datagram from elsewhere; it and its like are thrown away. */
  onForeign(address: string): void;
}

/** Two neighbouring ports, the first one even: RTP and RTCP (RFC 3550 §11). */
export interface UdpPorts {
  readonly rtpPort: number;
  /** Datagrams that came from elsewhere and were thrown away. */
  readonly foreignDatagrams: number;
  sendRtp(bytes: Uint8Array, port: number): void;
  sendRtcp(bytes: Uint8Array, port: number): void;
  /** Resolves when both are free again. */
  close(): Promise<void>;
}

export interface UdpEndpoints {
  readonly localAddress: string;
  /** Datagrams from anywhere else are thrown away. */
  readonly remoteAddress: string;
}

/** Rejects with the system's error when there is no pair to be had. */
export type OpenUdpPorts = (endpoints: UdpEndpoints, events: UdpPortsEvents) => Promise<UdpPorts>;

const MAX_ATTEMPTS = 16;
/** A key frame comes in one burst. The system may give less. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;

export const openUdpPorts: OpenUdpPorts = async (endpoints, events) => {
  const { rtp, rtcp } = await bindPair(endpoints.localAddress);
  let foreignDatagrams = 0;
  const listen = (socket: Socket, take: (bytes: Buffer) => void): void => {
    socket.on('message', (bytes, { address }) => {
      if (address === endpoints.remoteAddress) {
        take(bytes);
        return;
      }
      foreignDatagrams += 1;
      if (foreignDatagrams === 1) events.onForeign(address);
    });
  };
  listen(rtp, (bytes) => {
    events.onRtp(bytes);
  });
  listen(rtcp, (bytes) => {
    events.onRtcp(bytes);
  });
  const send = (socket: Socket, bytes: Uint8Array, port: number): void => {
    socket.send(bytes, port, endpoints.remoteAddress, () => undefined);
  };
  let closed: Promise<void> | undefined;
  return {
    rtpPort: rtp.address().port,
    get foreignDatagrams() {
      return foreignDatagrams;
    },
    sendRtp: (bytes, port) => {
      if (closed === undefined) send(rtp, bytes, port);
    },
    sendRtcp: (bytes, port) => {
      if (closed === undefined) send(rtcp, bytes, port);
    },
    close: () => {
      closed ??= Promise.all([closeSocket(rtp), closeSocket(rtcp)]).then(() => undefined);
      return closed;
    },
  };
};

/** Any free port, and then its neighbour; again when that is taken. */
async function bindPair(address: string): Promise<{ readonly rtp: Socket; readonly rtcp: Socket }> {
  for (let attempt = 1; ; attempt += 1) {
    const first = await bindSocket(address, 0);
    const { port } = first.address();
    try {
      const second = await bindSocket(address, port % 2 === 0 ? port + 1 : port - 1);
      return port % 2 === 0 ? { rtp: first, rtcp: second } : { rtp: second, rtcp: first };
    } catch (error) {
      await closeSocket(first);
      if (attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

async function bindSocket(address: string, port: number): Promise<Socket> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  // What cannot be sent is lost, as on the way; the camera's silence will tell.
  socket.on('error', () => undefined);
  socket.bind({ address, port, exclusive: true });
  try {
    await once(socket, 'listening');
  } catch (error) {
    await closeSocket(socket);
    throw error;
  }
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {
    // Then with what the system gives.
  }
  return socket;
}

async function closeSocket(socket: Socket): Promise<void> {
  const closed = once(socket, 'close');
  socket.close();
  await closed;
}
