import { SampleSlab } from '../media/sample-slab.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import type { RtpPacket } from './rtp.ts';
import type { MediaDescription } from './sdp.ts';
import type { TrackDepacketizerEvents } from './track-unit.ts';

/** How the AU headers are written: RFC 3640 §4.1. */
export interface AacPacketFormat {
  readonly sizeLength: number;
  readonly indexLength: number;
  readonly indexDeltaLength: number;
}

/** A second or two of sound. */
const SLAB_BYTES = 16 * 1024;
/** ISO/IEC 14496-3: at most 6144 bits a channel, of which there are eight at most. */
const MAX_FRAME_BYTES = 8 * 768;
const MAX_FRAMES_A_PACKET = 64;

/** The widths that RFC 3640 §3.3.5 and §3.3.6 fix, for cameras that leave them out. */
const MODES: ReadonlyMap<string, AacPacketFormat> = new Map([
  ['aac-lbr', { sizeLength: 6, indexLength: 2, indexDeltaLength: 2 }],
  ['aac-hbr', { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 }],
]);

/** Undefined for modes other than AAC-hbr and AAC-lbr, or with fields that cannot be read. */
export function aacPacketFormat({
  parameters,
}: Pick<MediaDescription, 'parameters'>): AacPacketFormat | undefined {
  const usual = MODES.get((parameters.get('mode') ?? 'AAC-hbr').toLowerCase());
  if (usual === undefined) return undefined;
  const width = (name: string, otherwise: number): number => Number(parameters.get(name) ?? otherwise);
  const format = {
    sizeLength: width('sizelength', usual.sizeLength),
    indexLength: width('indexlength', usual.indexLength),
    indexDeltaLength: width('indexdeltalength', usual.indexDeltaLength),
  };
  const areSensible = Object.values(format).every(isBitCount) && format.sizeLength > 0;
  return areSensible ? format : undefined;
}

function isBitCount(bits: number): boolean {
  return Number.isInteger(bits) && bits >= 0 && bits <= 16;
}

/** AAC over RTP (RFC 3640 §3.2 and §3.3.6): several frames a packet, or one frame in fragments; no interleaving. */
export class AacDepacketizer {
  readonly #format: AacPacketFormat;
  readonly #samplesPerFrame: number;
  readonly #events: TrackDepacketizerEvents;
  readonly #slab: SampleSlab;
  /** Of the frame whose fragments are being collected. */
  #fragmentedSize: number | undefined;
  #fragmentedTimestamp = 0;

  constructor({
    slabPool,
    format,
    samplesPerFrame,
    events,
  }: {
    readonly slabPool: SlabPool;
    readonly format: AacPacketFormat;
    readonly samplesPerFrame: number;
    readonly events: TrackDepacketizerEvents;
  }) {
    this.#slab = new SampleSlab(slabPool, { limitBytes: MAX_FRAME_BYTES, preferredBytes: SLAB_BYTES });
    this.#format = format;
    this.#samplesPerFrame = samplesPerFrame;
    this.#events = events;
  }

  push(packet: RtpPacket): void {
    if (packet.lostBefore > 0) {
      this.#dropFragments();
      this.#events.onDamage(packet.lostBefore);
    }
    const { bytes, start, end } = packet;
    if (end - start < 2) return;
    const headerBits = bytes.readUInt16BE(start);
    const payload = start + 2 + Math.ceil(headerBits / 8);
    const frames = payload > end ? 0 : this.#countFrames(headerBits);
    if (frames === 0) {
      this.#dropFragments();
      this.#events.onDamage(1);
      return;
    }
    const size = this.#frameSize(packet, 0);
    const isFragment = frames === 1 && size > end - payload;
    if (isFragment || this.#fragmentedSize !== undefined) {
      this.#readFragment(packet, payload, size);
    } else {
      this.#readFrames(packet, payload, frames);
    }
  }

  /** Gives its memory back, when no more packets come. */
  release(): void {
    this.#fragmentedSize = undefined;
    this.#slab.release();
  }

  /** How many AU headers the section holds: RFC 3640 §3.2.1. */
  #countFrames(headerBits: number): number {
    const { sizeLength, indexLength, indexDeltaLength } = this.#format;
    const further = headerBits - sizeLength - indexLength;
    if (further < 0) return 0;
    return Math.min(MAX_FRAMES_A_PACKET, 1 + Math.floor(further / (sizeLength + indexDeltaLength)));
  }

  /** The size in the nth AU header; the indices beside it only matter with interleaving. */
  #frameSize(packet: RtpPacket, index: number): number {
    const { sizeLength, indexLength, indexDeltaLength } = this.#format;
    const skipped =
      index === 0 ? 0 : indexLength - indexDeltaLength + index * (sizeLength + indexDeltaLength);
    return readBits(packet.bytes, 8 * (packet.start + 2) + skipped, sizeLength);
  }

  #readFrames(packet: RtpPacket, payload: number, frames: number): void {
    let position = payload;
    for (let index = 0; index < frames; index += 1) {
      const size = this.#frameSize(packet, index);
      const frameEnd = position + size;
      if (size === 0 || frameEnd > packet.end || !this.#slab.append(packet.bytes, position, frameEnd)) {
        this.#events.onDamage(frames - index);
        return;
      }
      position = frameEnd;
      this.#emit(packet.timestamp + index * this.#samplesPerFrame, packet.arrivalMonotonicMs);
    }
  }

  /** Every fragment's header states the size of the whole frame. */
  #readFragment(packet: RtpPacket, payload: number, size: number): void {
    if (this.#fragmentedSize !== undefined && packet.timestamp !== this.#fragmentedTimestamp) {
      this.#dropFragments();
      this.#events.onDamage(1);
      if (size <= packet.end - payload) {
        this.#readFrames(packet, payload, 1);
        return;
      }
    }
    this.#fragmentedSize ??= size;
    this.#fragmentedTimestamp = packet.timestamp;
    if (!this.#slab.append(packet.bytes, payload, packet.end)) {
      this.#dropFragments();
      this.#events.onDamage(1);
      return;
    }
    if (this.#slab.length < this.#fragmentedSize) return;
    this.#slab.truncate(this.#fragmentedSize);
    this.#fragmentedSize = undefined;
    this.#emit(packet.timestamp, packet.arrivalMonotonicMs);
  }

  #emit(timestamp: number, arrivalMonotonicMs: number): void {
    const { data, memory } = this.#slab.take();
    this.#events.onUnit({ data, memory, timestamp, arrivalMonotonicMs });
  }

  #dropFragments(): void {
    this.#fragmentedSize = undefined;
    this.#slab.truncate(0);
  }
}

/** At most 16 bits from anywhere, without an allocation. */
function readBits(bytes: Buffer, bitPosition: number, count: number): number {
  const byte = bitPosition >> 3;
  const window = ((bytes[byte] ?? 0) << 16) | ((bytes[byte + 1] ?? 0) << 8) | (bytes[byte + 2] ?? 0);
  return (window >> (24 - (bitPosition & 7) - count)) & ((1 << count) - 1);
}
