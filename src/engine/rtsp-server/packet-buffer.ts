import type { PayloadWriter } from './payload/index.ts';

export interface PacketSource {
  readonly channel: number;
  readonly payloadType: number;
  readonly ssrc: number;
  /** Of the first packet; the following ones count on. */
  readonly sequence: number;
  /** Of the sample, in the track's clock, modulo 2^32. */
  readonly timestamp: number;
}

/** RFC 2326 §10.12: `$`, channel, length. */
const INTERLEAVED_HEADER_BYTES = 4;
/** RFC 3550 §5.1. */
const RTP_HEADER_BYTES = 12;
const DOLLAR = 0x24;
const VERSION = 2 << 6;
const MARKER = 0x80;

/** Payloads below this stay whole wherever a player's network relays them over UDP. */
const PAYLOAD_LIMIT_BYTES = 1_400;

/** The RTP packets of one sample, interleaved, in one piece of memory: what is written to a player at once. */
export class PacketBuffer implements PayloadWriter {
  readonly limitBytes = PAYLOAD_LIMIT_BYTES;
  readonly #source: PacketSource;
  #bytes: Buffer;
  #length = 0;
  #packetCount = 0;
  /** Where the packet being written starts. */
  #packetStart = 0;

  constructor(source: PacketSource, expectedPayloadBytes: number) {
    this.#source = source;
    const packets = Math.ceil(expectedPayloadBytes / PAYLOAD_LIMIT_BYTES) + 4;
    this.#bytes = Buffer.allocUnsafe(expectedPayloadBytes + packets * 32);
  }

  get packetCount(): number {
    return this.#packetCount;
  }

  /** RFC 3550 §6.4.1 counts payloads without headers. */
  get payloadBytes(): number {
    return this.#length - this.#packetCount * (INTERLEAVED_HEADER_BYTES + RTP_HEADER_BYTES);
  }

  begin({ marker, ticksLater = 0 }: { readonly marker: boolean; readonly ticksLater?: number }): void {
    this.#endPacket();
    this.#reserve(INTERLEAVED_HEADER_BYTES + RTP_HEADER_BYTES);
    const { channel, payloadType, ssrc, sequence, timestamp } = this.#source;
    const start = this.#length;
    const rtp = start + INTERLEAVED_HEADER_BYTES;
    this.#bytes[start] = DOLLAR;
    this.#bytes[start + 1] = channel;
    this.#bytes[rtp] = VERSION;
    this.#bytes[rtp + 1] = (marker ? MARKER : 0) | payloadType;
    this.#bytes.writeUInt16BE((sequence + this.#packetCount) & 0xffff, rtp + 2);
    this.#bytes.writeUInt32BE((timestamp + ticksLater) % 2 ** 32, rtp + 4);
    this.#bytes.writeUInt32BE(ssrc, rtp + 8);
    this.#packetStart = start;
    this.#length = rtp + RTP_HEADER_BYTES;
    this.#packetCount += 1;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  append(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    this.#bytes.set(source.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  /** Everything written so far. */
  finish(): Uint8Array {
    this.#endPacket();
    return this.#bytes.subarray(0, this.#length);
  }

  #endPacket(): void {
    if (this.#packetCount === 0) return;
    const length = this.#length - this.#packetStart - INTERLEAVED_HEADER_BYTES;
    this.#bytes.writeUInt16BE(length, this.#packetStart + 2);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * needed);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
