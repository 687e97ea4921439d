import type { Sample } from '../../media/sample.ts';

/** Where the payloads of a sample are written; whoever gives it puts the packets' headers before them. */
export interface PayloadWriter {
  /** Bytes that a payload may have. */
  readonly limitBytes: number;
  /**
   * Starts a packet. The `marker` is that of the last packet of an access unit or document, and of audio as its format says.
   * `ticksLater` is the packet's time after the sample's own, in the format's clock.
   */
  begin(packet: { readonly marker: boolean; readonly ticksLater?: number }): void;
  byte(value: number): void;
  /** Appends `source[start, end)`. */
  append(source: Uint8Array, start: number, end: number): void;
}

/** How the samples of one track travel in RTP, and how SDP says so. */
export interface PayloadFormat {
  readonly kind: Sample['track'];
  /** SDP's media type. */
  readonly media: 'video' | 'audio' | 'application';
  readonly payloadType: number;
  readonly clockRate: number;
  /** The value of `rtpmap` without the payload type, such as `H264/90000`. */
  readonly encoding: string;
  /** The value of `fmtp` without the payload type. */
  readonly parameters?: string;
  /** False when the format cannot carry the sample; nothing was written. */
  write(sample: Sample, payloads: PayloadWriter): boolean;
}

/** Of what has a static number only in its commonest form, each media has its own (RFC 3551 §6). */
export const dynamicPayloadTypes = { video: 96, audio: 97, metadata: 98 } as const;
