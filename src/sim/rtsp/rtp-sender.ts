/** The RTP state of one track towards one viewer: sequence numbers, timestamps and sender reports (RFC 3550). */

import { randomInt } from 'node:crypto';

import { interleavedHeaderLength, type PacketizedUnit } from './packetized.ts';

/** Seconds from the NTP era 0 (1900) to the UNIX epoch. */
const ntpEpochOffsetSeconds = 2_208_988_800;

export class RtpSender {
  readonly ssrc = randomInt(1, 2 ** 32);
  readonly #channel: number;
  readonly #timestampOffset = randomInt(0, 2 ** 32);
  #sequence = randomInt(0, 2 ** 16);
  #packetCount = 0;
  #octetCount = 0;

  /** `channel` carries RTP and `channel + 1` RTCP. */
  constructor(channel: number) {
    this.#channel = channel;
  }

  /** Sequence number of the next packet, for RTP-Info (RFC 7826 §18.45). */
  get nextSequence(): number {
    return this.#sequence;
  }

  /** The timestamp on the wire of `mediaTime`, in units of the track's clock since the broadcast began. */
  timestampOf(mediaTime: number): number {
    return (mediaTime + this.#timestampOffset) % 2 ** 32;
  }

  /** The bytes to write for `unit`, all packets in one buffer. */
  packets(unit: PacketizedUnit, mediaTime: number): Buffer {
    const bytes = Buffer.allocUnsafe(unit.template.length);
    unit.template.copy(bytes);
    const timestamp = this.timestampOf(mediaTime);
    for (const offset of unit.offsets) {
      const header = offset + interleavedHeaderLength;
      bytes[offset + 1] = this.#channel;
      bytes.writeUInt16BE(this.#sequence, header + 2);
      bytes.writeUInt32BE(timestamp, header + 4);
      bytes.writeUInt32BE(this.ssrc, header + 8);
      this.#sequence = (this.#sequence + 1) & 0xffff;
    }
    this.#packetCount = (this.#packetCount + unit.offsets.length) % 2 ** 32;
    this.#octetCount = (this.#octetCount + unit.payloadOctets) % 2 ** 32;
    return bytes;
  }

  /**
   * An interleaved compound packet of sender report (RFC 3550 §6.4.1) and CNAME (§6.5.1): `mediaTime` was due at `utcMs`.
   */
  senderReport(mediaTime: number, utcMs: number): Buffer {
    const name = Buffer.from('camera', 'latin1');
    const descriptionLength = Math.ceil((4 + 2 + name.length + 1) / 4) * 4;
    const reportLength = 28;
    const length = reportLength + 4 + descriptionLength;
    const bytes = Buffer.alloc(interleavedHeaderLength + length);
    bytes.write('$', 0, 'latin1');
    bytes.writeUInt8(this.#channel + 1, 1);
    bytes.writeUInt16BE(length, 2);

    const report = bytes.subarray(interleavedHeaderLength);
    report.writeUInt32BE(0x80c80006, 0);
    report.writeUInt32BE(this.ssrc, 4);
    report.writeUInt32BE((Math.floor(utcMs / 1000) + ntpEpochOffsetSeconds) % 2 ** 32, 8);
    report.writeUInt32BE(Math.floor(((utcMs % 1000) / 1000) * 2 ** 32), 12);
    report.writeUInt32BE(this.timestampOf(Math.round(mediaTime)), 16);
    report.writeUInt32BE(this.#packetCount, 20);
    report.writeUInt32BE(this.#octetCount, 24);

    const description = report.subarray(reportLength);
    description.writeUInt16BE(0x81ca, 0);
    description.writeUInt16BE(descriptionLength / 4, 2);
    description.writeUInt32BE(this.ssrc, 4);
    description.writeUInt8(1, 8);
    description.writeUInt8(name.length, 9);
    name.copy(description, 10);
    return bytes;
  }
}
