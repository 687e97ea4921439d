/** The two UDP ports from which a camera sends to all its viewers, and on which it hears their reports. */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import type { LossyNetwork } from './lossy-network.ts';

export interface UdpViewer {
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
}

export interface UdpMediaOptions {
  /** Carries RTP; RTCP is not subject to its faults. */
  readonly network: LossyNetwork;
  /** RTCP from a viewer. */
  readonly onControl: (packet: Buffer) => void;
}

export class UdpMedia {
  readonly #options: UdpMediaOptions;
  #sockets: { readonly rtp: Socket; readonly rtcp: Socket } | undefined;

  constructor(options: UdpMediaOptions) {
    this.#options = options;
  }

  /** Where packets come from; undefined while stopped. */
  get ports(): { readonly rtp: number; readonly rtcp: number } | undefined {
    if (this.#sockets === undefined) return undefined;
    const { rtp, rtcp } = this.#sockets;
    return { rtp: rtp.address().port, rtcp: rtcp.address().port };
  }

  /** Rejects with the system's error when there are no ports left, and leaves nothing open then. */
  async start(address: string): Promise<void> {
    const rtp = await bindSocket(address);
    try {
      const rtcp = await bindSocket(address);
      rtcp.on('message', this.#options.onControl);
      this.#sockets = { rtp, rtcp };
    } catch (error) {
      rtp.close();
      throw error;
    }
  }

  async stop(): Promise<void> {
    if (this.#sockets === undefined) return;
    const { rtp, rtcp } = this.#sockets;
    this.#sockets = undefined;
    const closed = [once(rtp, 'close'), once(rtcp, 'close')];
    rtp.close();
    rtcp.close();
    await Promise.all(closed);
  }

  /** Sends the packets of one burst. */
  sendMedia(packets: readonly Buffer[], { address, rtpPort }: UdpViewer): void {
    const send = (packet: Buffer): void => {
      this.#sockets?.rtp.send(packet, rtpPort, address, () => undefined);
    };
    for (const packet of packets) this.#options.network.carry(packet, send);
    this.#options.network.settle(send);
  }

  sendControl(packet: Buffer, { address, rtcpPort }: UdpViewer): void {
    this.#sockets?.rtcp.send(packet, rtcpPort, address, () => undefined);
  }
}

async function bindSocket(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  // A viewer that has gone answers with an ICMP error.
  socket.on('error', () => undefined);
  socket.bind({ address, port: 0, exclusive: true });
  try {
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}
