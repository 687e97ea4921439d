import { randomBytes } from 'node:crypto';
import type { Sample } from '../media/sample.ts';
import { PacketBuffer } from './packet-buffer.ts';
import type { PayloadFormat } from './payload/index.ts';

/** Seconds from 1900, where NTP starts, to 1970 (RFC 5905 §6). */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;
const SENDER_REPORT = 200;
const SOURCE_DESCRIPTION = 202;
const CANONICAL_NAME_ITEM = 1;
const VERSION = 2 << 6;
/** RFC 2326 §10.12. */
const DOLLAR = 0x24;

export interface RtpSenderOptions {
  readonly format: PayloadFormat;
  readonly channel: number;
  /** ASCII, at most 64 characters. */
  readonly canonicalName: string;
}

/** One track on its way to one player: numbers, times and counts of its RTP packets (RFC 3550). */
export class RtpSender {
  readonly #channel: number;
  /** The same for all tracks of a session: that is how a player knows that they belong together (RFC 3550 §6.5.1). */
  readonly #canonicalName: string;
  readonly #ssrc: number;
  readonly #timestampOffset: number;
  #format: PayloadFormat;
  #nextSequence: number;
  #packets = 0;
  #payloadBytes = 0;

  /** RTP on `channel`, RTCP on the next. Where numbers start is random: RFC 3550 §5.1. */
  constructor({ format, channel, canonicalName }: RtpSenderOptions) {
    const random = randomBytes(10);
    this.#format = format;
    this.#channel = channel;
    this.#canonicalName = canonicalName;
    this.#ssrc = random.readUInt32BE(0);
    this.#timestampOffset = random.readUInt32BE(4);
    this.#nextSequence = random.readUInt16BE(8);
  }

  get format(): PayloadFormat {
    return this.#format;
  }

  get channel(): number {
    return this.#channel;
  }

  get ssrc(): number {
    return this.#ssrc;
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  timestampOf(pts90k: number): number {
    const ticks = Math.round(pts90k * (this.#format.clockRate / 90_000));
    return (ticks + this.#timestampOffset) % 2 ** 32;
  }

  /** The track goes on with other parameters; its clock must be the same. */
  adopt(format: PayloadFormat): void {
    this.#format = format;
  }

  /** The sample's packets, interleaved; undefined when the format cannot carry it. */
  write(sample: Sample): Uint8Array | undefined {
    const packets = new PacketBuffer(
      {
        channel: this.#channel,
        payloadType: this.#format.payloadType,
        ssrc: this.#ssrc,
        sequence: this.#nextSequence,
        timestamp: this.timestampOf(sample.pts90k),
      },
      sample.data.byteLength,
    );
    if (!this.#format.write(sample, packets)) return undefined;
    this.#nextSequence = (this.#nextSequence + packets.packetCount) & 0xffff;
    this.#packets += packets.packetCount;
    this.#payloadBytes += packets.payloadBytes;
    return packets.finish();
  }

  /**
   * Says at which wall-clock time a moment of the track is, so that a player can put tracks, and cameras, in step: an RTCP
   * compound of a sender report and a source description (RFC 3550 §6.4.1, §6.5), interleaved.
   */
  senderReport({ pts90k, utcMs }: Pick<Sample, 'pts90k' | 'utcMs'>): Uint8Array {
    const report = this.#report(pts90k, utcMs);
    const description = this.#description();
    const header = Buffer.from([DOLLAR, this.#channel + 1, 0, 0]);
    header.writeUInt16BE(report.length + description.length, 2);
    return Buffer.concat([header, report, description]);
  }

  #report(pts90k: number, utcMs: number): Buffer {
    const bytes = rtcpPacket(SENDER_REPORT, 28);
    bytes.writeUInt32BE(this.#ssrc, 4);
    bytes.writeUInt32BE((Math.floor(utcMs / 1_000) + NTP_TO_UNIX_SECONDS) % 2 ** 32, 8);
    bytes.writeUInt32BE(Math.floor(((utcMs % 1_000) / 1_000) * 2 ** 32), 12);
    bytes.writeUInt32BE(this.timestampOf(pts90k), 16);
    bytes.writeUInt32BE(this.#packets % 2 ** 32, 20);
    bytes.writeUInt32BE(this.#payloadBytes % 2 ** 32, 24);
    return bytes;
  }

  #description(): Buffer {
    const name = Buffer.from(this.#canonicalName, 'latin1');
    // Source, item type, length, name, and at least one zero byte up to a multiple of four.
    const bytes = rtcpPacket(SOURCE_DESCRIPTION, 4 + 4 * Math.ceil((4 + 2 + name.length + 1) / 4));
    bytes[0] = VERSION | 1;
    bytes.writeUInt32BE(this.#ssrc, 4);
    bytes[8] = CANONICAL_NAME_ITEM;
    bytes[9] = name.length;
    name.copy(bytes, 10);
    return bytes;
  }
}

/** RFC 3550 §6.4.1: the header that all RTCP packets have. */
function rtcpPacket(type: number, byteLength: number): Buffer {
  const bytes = Buffer.alloc(byteLength);
  bytes[0] = VERSION;
  bytes[1] = type;
  bytes.writeUInt16BE(byteLength / 4 - 1, 2);
  return bytes;
}
