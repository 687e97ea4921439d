import { SampleSlab } from '../media/sample-slab.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import type { RtpPacket } from './rtp.ts';
import type { TrackDepacketizerEvents } from './track-unit.ts';

const SLAB_BYTES = 64 * 1024;
const START_OF_TAG = 0x3c;
/** Analytics of a crowded scene take some ten kilobytes. */
export const MAX_METADATA_DOCUMENT_BYTES = 512 * 1024;

/**
 * ONVIF metadata over RTP (ONVIF Streaming Specification §5.1.2.1.1): XML documents in pieces, the marker on the last piece
 * of each. Documents that lack a piece, or are larger than `MAX_METADATA_DOCUMENT_BYTES`, are left out.
 */
export class MetadataDepacketizer {
  readonly #slab: SampleSlab;
  readonly #events: TrackDepacketizerEvents;
  #timestamp: number | undefined;
  #isDamaged = false;

  constructor({
    slabPool,
    events,
  }: {
    readonly slabPool: SlabPool;
    readonly events: TrackDepacketizerEvents;
  }) {
    this.#slab = new SampleSlab(slabPool, {
      limitBytes: MAX_METADATA_DOCUMENT_BYTES,
      preferredBytes: SLAB_BYTES,
    });
    this.#events = events;
  }

  push({ bytes, start, end, marker, timestamp, lostBefore, arrivalMonotonicMs }: RtpPacket): void {
    if (lostBefore > 0) this.#noteLoss(lostBefore, bytes[start] === START_OF_TAG);
    this.#timestamp ??= timestamp;
    this.#isDamaged ||= !this.#slab.append(bytes, start, end);
    if (!marker) return;
    const isWhole = !this.#isDamaged && this.#slab.length > 0;
    if (isWhole)
      this.#events.onUnit({ ...this.#slab.take(), timestamp: this.#timestamp, arrivalMonotonicMs });
    else this.#drop();
    this.#timestamp = undefined;
    this.#isDamaged = false;
  }

  /** Gives its memory back, when no more packets come. */
  release(): void {
    this.#slab.release();
  }

  /** What is missing may have been the end of one document and the beginning of the next. */
  #noteLoss(lost: number, startsTag: boolean): void {
    this.#events.onDamage(lost);
    this.#drop();
    this.#timestamp = undefined;
    this.#isDamaged = !startsTag;
  }

  #drop(): void {
    if (this.#slab.length > 0) this.#events.onDamage(1);
    this.#slab.truncate(0);
  }
}
