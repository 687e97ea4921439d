import { BitReader } from '../media/bit-reader.ts';
import { readLatmConfiguration, readLatmFrameBytes } from '../media/latm.ts';
import type { LatmConfiguration } from '../media/latm.ts';
import { SampleSlab } from '../media/sample-slab.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import type { AacTrack } from '../media/sample.ts';
import { areSameBytes } from '../media/raw-bytes.ts';
import type { RtpPacket } from './rtp.ts';
import type { MediaDescription } from './sdp.ts';
import type { TrackDepacketizerEvents } from './track-unit.ts';

/** How a session description says that MPEG-4 audio is configured: RFC 6416 §7.3. */
export type LatmFormat =
  | { readonly kind: 'described'; readonly configuration: LatmConfiguration }
  /** In the stream (`cpresent=1`): what the sound is, is known with the first AudioMuxElement that says it. */
  | { readonly kind: 'in-band' };

export interface LatmDepacketizerEvents extends TrackDepacketizerEvents {
  /** The stream says what it is, in the first place or anew. */
  onTrack(track: AacTrack): void;
}

const SLAB_BYTES = 16 * 1024;
/** ISO/IEC 14496-3: at most 6144 bits a channel, of which there are eight at most. */
const MAX_FRAME_BYTES = 8 * 768;
const MAX_ELEMENT_BYTES = 64 * 1024;

/** Undefined when the `config` cannot be read. */
export function latmFormat({ parameters }: Pick<MediaDescription, 'parameters'>): LatmFormat | undefined {
  const config = parameters.get('config') ?? '';
  // The default is 1, but who gives a configuration means it.
  const isInBand = parameters.get('cpresent') === '1' || config === '';
  if (isInBand) return { kind: 'in-band' };
  const configuration = readLatmConfiguration(new BitReader(Buffer.from(config, 'hex')));
  return configuration && { kind: 'described', configuration };
}

/** MP4A-LATM over RTP (RFC 6416 §6.1): an AudioMuxElement in one packet or several, the marker on its last. */
export class LatmDepacketizer {
  readonly #format: LatmFormat;
  readonly #clockRate: number;
  readonly #events: LatmDepacketizerEvents;
  readonly #slab: SampleSlab;
  /** Grows to the largest element. */
  #element = Buffer.alloc(2048);
  #elementBytes = 0;
  #isDamaged = false;
  /** Of the last element, whole or not. */
  #lastTimestamp: number | undefined;
  #configuration: LatmConfiguration | undefined;

  constructor({
    slabPool,
    format,
    clockRate,
    events,
  }: {
    readonly slabPool: SlabPool;
    readonly format: LatmFormat;
    readonly clockRate: number;
    readonly events: LatmDepacketizerEvents;
  }) {
    this.#slab = new SampleSlab(slabPool, { limitBytes: MAX_FRAME_BYTES, preferredBytes: SLAB_BYTES });
    this.#format = format;
    this.#clockRate = clockRate;
    this.#events = events;
    if (format.kind === 'described') this.#configuration = format.configuration;
  }

  push(packet: RtpPacket): void {
    if (packet.lostBefore > 0) {
      this.#isDamaged = this.#elementBytes > 0 || !this.#beginsElement(packet);
      this.#events.onDamage(packet.lostBefore);
    }
    this.#append(packet);
    if (!packet.marker) return;
    if (this.#isDamaged || !this.#readElement(packet)) this.#events.onDamage(1);
    this.#isDamaged = false;
    this.#elementBytes = 0;
    this.#lastTimestamp = packet.timestamp;
  }

  /** Gives its memory back, when no more packets come. */
  release(): void {
    this.#slab.release();
  }

  /** After a loss. Nothing in a packet says so: only its time does, when as many elements as packets are missing. */
  #beginsElement({ timestamp, lostBefore }: RtpPacket): boolean {
    const configuration = this.#configuration;
    if (configuration === undefined || this.#lastTimestamp === undefined) return false;
    const { track, frames } = configuration;
    const elementTicks = (frames * track.samplesPerFrame * this.#clockRate) / track.sampleRate;
    const elements = (timestamp - this.#lastTimestamp) / elementTicks;
    return Math.abs(elements - (lostBefore + 1)) < 0.5;
  }

  #append({ bytes, start, end }: RtpPacket): void {
    const needed = this.#elementBytes + end - start;
    if (needed > MAX_ELEMENT_BYTES) {
      this.#isDamaged = true;
      return;
    }
    if (needed > this.#element.length) {
      const larger = Buffer.alloc(Math.min(MAX_ELEMENT_BYTES, 2 * needed));
      this.#element.copy(larger, 0, 0, this.#elementBytes);
      this.#element = larger;
    }
    bytes.copy(this.#element, this.#elementBytes, start, end);
    this.#elementBytes = needed;
  }

  /** AudioMuxElement, ISO/IEC 14496-3 §1.7.3.1. False when it makes no sense. */
  #readElement({ timestamp, arrivalMonotonicMs }: RtpPacket): boolean {
    const reader = new BitReader(this.#element.subarray(0, this.#elementBytes));
    const configuration = this.#readConfiguration(reader);
    // Sound that nobody can place yet is no damage.
    if (configuration === undefined) return this.#format.kind === 'in-band' && !reader.overrun;
    const { track, frames } = configuration;
    const frameTicks = (track.samplesPerFrame * this.#clockRate) / track.sampleRate;
    for (let frame = 0; frame < frames; frame += 1) {
      const byteLength = readLatmFrameBytes(reader);
      if (byteLength === 0 || byteLength > MAX_FRAME_BYTES || 8 * byteLength > reader.bitsLeft) return false;
      this.#copyFrame(reader, byteLength);
      this.#events.onUnit({
        ...this.#slab.take(),
        timestamp: timestamp + Math.round(frame * frameTicks),
        arrivalMonotonicMs,
      });
    }
    return true;
  }

  #readConfiguration(reader: BitReader): LatmConfiguration | undefined {
    if (this.#format.kind === 'described') return this.#configuration;
    const isSameAsBefore = reader.flag();
    if (isSameAsBefore) return this.#configuration;
    const before = this.#configuration?.track.audioSpecificConfig;
    const configuration = readLatmConfiguration(reader);
    this.#configuration = configuration;
    if (configuration === undefined) return undefined;
    const { track } = configuration;
    if (before === undefined || !areSameBytes(before, track.audioSpecificConfig)) this.#events.onTrack(track);
    return configuration;
  }

  /** Frames begin at any bit when the configuration is in the stream. */
  #copyFrame(reader: BitReader, byteLength: number): void {
    for (let byte = 0; byte < byteLength; byte += 1) this.#slab.appendByte(reader.bits(8));
  }
}
