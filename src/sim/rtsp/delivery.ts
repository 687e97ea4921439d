/** How the packets of one track reach one viewer. */

import { interleavedHeaderLength } from './packetized.ts';
import type { UdpMedia, UdpViewer } from './udp-media.ts';

export interface TrackDelivery {
  /** The Transport header of the answer to SETUP, without the SSRC. */
  readonly transport: string;
  /** Interleaved frames with their headers, `offsets` telling where each begins. */
  sendMedia(frames: Buffer, offsets: readonly number[]): void;
  /** One interleaved frame. */
  sendControl(frame: Buffer): void;
}

/** Over the RTSP connection, as they are. */
export class InterleavedDelivery implements TrackDelivery {
  readonly transport: string;
  readonly #write: (bytes: Buffer) => void;

  constructor(channel: number, write: (bytes: Buffer) => void) {
    this.transport = `RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}`;
    this.#write = write;
  }

  sendMedia(frames: Buffer): void {
    this.#write(frames);
  }

  sendControl(frame: Buffer): void {
    this.#write(frame);
  }
}

/** Over UDP, one datagram a packet, without the headers of the frames. */
export class UdpDelivery implements TrackDelivery {
  readonly transport: string;
  readonly #media: UdpMedia;
  readonly #viewer: UdpViewer;

  constructor(media: UdpMedia, viewer: UdpViewer) {
    const { ports } = media;
    this.transport = `RTP/AVP;unicast;client_port=${viewer.rtpPort}-${viewer.rtcpPort};server_port=${ports?.rtp}-${ports?.rtcp}`;
    this.#media = media;
    this.#viewer = viewer;
  }

  sendMedia(frames: Buffer, offsets: readonly number[]): void {
    const packets = offsets.map((offset, index) =>
      frames.subarray(offset + interleavedHeaderLength, offsets[index + 1]),
    );
    this.#media.sendMedia(packets, this.#viewer);
  }

  sendControl(frame: Buffer): void {
    this.#media.sendControl(frame.subarray(interleavedHeaderLength), this.#viewer);
  }
}
