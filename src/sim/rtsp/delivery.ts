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

/** Over TCP: a frame's packets in one write, or each in a segment of its own, as cameras without a large buffer do. */
export type SendPace = 'frame' | 'packet';

/** Over the RTSP connection, as they are. */
export class InterleavedDelivery implements TrackDelivery {
  readonly transport: string;
  readonly #pace: SendPace;
  readonly #write: (bytes: Buffer) => void;

  constructor(
    { channel, pace }: { readonly channel: number; readonly pace: SendPace },
    write: (bytes: Buffer) => void,
  ) {
    this.transport = `RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}`;
    this.#pace = pace;
    this.#write = write;
  }

  sendMedia(frames: Buffer, offsets: readonly number[]): void {
    if (this.#pace === 'frame') this.#write(frames);
    else
      for (const [index, offset] of offsets.entries())
        this.#write(frames.subarray(offset, offsets[index + 1]));
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
