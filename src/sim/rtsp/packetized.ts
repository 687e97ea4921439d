/**
 * RTP packets of one access unit, framed for an RTSP connection (RFC 7826 §14), prepared once and patched for every viewer.
 *
 * What differs between viewers (channel, sequence number, timestamp, SSRC) has fixed places in each packet, so a viewer costs
 * one copy of the frame and one write, however many packets the frame has.
 */

/** Bytes of `$`, channel and length before each packet. */
export const interleavedHeaderLength = 4;
/** Bytes of an RTP header without extensions (RFC 3550 §5.1). */
export const rtpHeaderLength = 12;
/** Largest RTP packet, so that it fits an Ethernet frame as it would over UDP. */
export const maximumPacketLength = 1400;

export interface PacketizedUnit {
  /** Interleaved frames; channel, sequence number, timestamp and SSRC are still zero. */
  readonly template: Buffer;
  /** Where each interleaved frame starts. */
  readonly offsets: readonly number[];
  /** RTP payload bytes, which RTCP sender reports count. */
  readonly payloadOctets: number;
}

/** Frames `payloads` as consecutive RTP packets of one timestamp; the last one carries the marker bit. */
export function frameUnit(payloads: readonly (readonly Buffer[])[], payloadType: number): PacketizedUnit {
  const offsets: number[] = [];
  const pieces: Buffer[] = [];
  let length = 0;
  let payloadOctets = 0;
  for (const [index, payload] of payloads.entries()) {
    const octets = payload.reduce((sum, piece) => sum + piece.length, 0);
    const header = Buffer.alloc(interleavedHeaderLength + rtpHeaderLength);
    header.write('$', 0, 'latin1');
    header.writeUInt16BE(rtpHeaderLength + octets, 2);
    header.writeUInt8(0x80, interleavedHeaderLength);
    const marker = index === payloads.length - 1 ? 0x80 : 0;
    header.writeUInt8(marker | payloadType, interleavedHeaderLength + 1);
    offsets.push(length);
    pieces.push(header, ...payload);
    length += header.length + octets;
    payloadOctets += octets;
  }
  return { template: Buffer.concat(pieces, length), offsets, payloadOctets };
}
