import { SampleSlab } from '../media/sample-slab.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import type { RtpPacket } from './rtp.ts';
import type { TrackDepacketizerEvents } from './track-unit.ts';

/** A second or two of sound. */
const SLAB_BYTES = 16 * 1024;
/** RTP over UDP or interleaved: packets are no larger. */
const MAX_PACKET_BYTES = 64 * 1024;

/** Sound of which each packet is one unit: G.711 (RFC 3551 §4.5.14) and Opus (RFC 7587 §4.2). */
export class PacketDepacketizer {
  readonly #slab: SampleSlab;
  readonly #events: TrackDepacketizerEvents;

  constructor({
    slabPool,
    events,
  }: {
    readonly slabPool: SlabPool;
    readonly events: TrackDepacketizerEvents;
  }) {
    this.#slab = new SampleSlab(slabPool, { limitBytes: MAX_PACKET_BYTES, preferredBytes: SLAB_BYTES });
    this.#events = events;
  }

  push({ bytes, start, end, timestamp, lostBefore, arrivalMonotonicMs }: RtpPacket): void {
    if (lostBefore > 0) this.#events.onDamage(lostBefore);
    // Silence may be sent as packets without payload.
    if (start === end) return;
    this.#slab.append(bytes, start, end);
    const { data, memory } = this.#slab.take();
    this.#events.onUnit({ data, memory, timestamp, arrivalMonotonicMs });
  }

  /** Gives its memory back, when no more packets come. */
  release(): void {
    this.#slab.release();
  }
}
