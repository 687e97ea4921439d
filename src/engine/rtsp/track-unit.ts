import type { TakenSample } from '../media/sample-slab.ts';

/** One sample of a track besides video. Good until the next packet, unless its memory is retained. */
export interface TrackUnit extends TakenSample {
  /** In the track's clock, without wrap. */
  readonly timestamp: number;
  readonly arrivalMonotonicMs: number;
}

export interface TrackDepacketizerEvents {
  onUnit(unit: TrackUnit): void;
  /** Units that were missing or made no sense. */
  onDamage(units: number): void;
}
