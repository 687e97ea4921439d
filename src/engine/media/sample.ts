/**
 * What flows through the engine: samples of a stream, with the description they need to be understood.
 * Ingest produces them; recording and live take them by reference and never copy or change a byte. Whoever keeps a sample
 * beyond the call that passed it on retains its memory first and releases it afterwards; forgetting to release costs the
 * memory's reuse, no more.
 */

import type { SampleMemory } from './slab-pool.ts';

/** H.264 video (ITU-T H.264). Parameter sets are NAL units without start code. */
export interface H264Track {
  readonly kind: 'video';
  readonly codec: 'h264';
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
  /** Displayed size in pixels, after cropping. */
  readonly width: number;
  readonly height: number;
  /** From the VUI timing, where the camera gives it; a hint, never a clock. */
  readonly nominalFramesPerSecond?: number;
}

/** AAC-LC and HE-AAC (ISO/IEC 14496-3). */
export interface AacTrack {
  readonly kind: 'audio';
  readonly codec: 'aac';
  /** AudioSpecificConfig, ISO/IEC 14496-3 §1.6.2.1. */
  readonly audioSpecificConfig: Uint8Array;
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples a frame: 1024, or 960. */
  readonly samplesPerFrame: number;
}

export interface StreamDescription {
  /** Grows by one whenever anything below changes; a new recording init and FLV sequence header follow. */
  readonly generation: number;
  readonly video: H264Track;
  readonly audio?: AacTrack;
}

/** One access unit of video, or one frame of audio, in decoding order. */
export interface Sample {
  readonly track: 'video' | 'audio';
  /**
   * Video: NAL units, each after its 4-byte length (ISO/IEC 14496-15 §5.2.3), parameter sets and access unit
   * delimiters left out. Audio: one raw AAC frame. A view into memory that nobody writes to while it is held.
   */
  readonly data: Uint8Array;
  /** Holds `data` during the call that passes the sample on. Absent where the data has its memory for itself. */
  readonly memory?: SampleMemory;
  /**
   * The stream's timeline in 1/90000 s from the start of its ingest; never wraps, never goes back, and goes on over
   * reconnects by the time that passed. Audio is on the same timeline.
   */
  readonly dts90k: number;
  readonly pts90k: number;
  /** An IDR picture (video); always true for audio. */
  readonly isSync: boolean;
  /** When its last packet arrived, on the monotonic clock, ms. */
  readonly arrivalMonotonicMs: number;
  /** The wall-clock time of the picture, ms since 1970 UTC, steady along the timeline. */
  readonly utcMs: number;
}

/** Why a stream stopped; becomes the reason of a gap. */
export type Interruption =
  | { readonly kind: 'unreachable'; readonly detail: string }
  | { readonly kind: 'refused-credentials'; readonly detail: string }
  | { readonly kind: 'silent'; readonly detail: string }
  | { readonly kind: 'protocol'; readonly detail: string }
  | { readonly kind: 'unsupported'; readonly detail: string }
  | { readonly kind: 'closed-by-camera'; readonly detail: string }
  | { readonly kind: 'stopped'; readonly detail: string };

/**
 * Takes what one stream yields. Calls come in order, synchronously, on the ingest's turn of the event loop: a subscriber
 * that cannot keep up drops and counts, it never delays the camera or its neighbours, and it never throws.
 */
export interface StreamSubscriber {
  /** Before the first sample, and before the first sample of each new generation (which is a sync sample). */
  onDescription(description: StreamDescription): void;
  onSample(sample: Sample): void;
  /** The connection is gone; samples may follow later, after a new `onDescription`. */
  onInterruption(interruption: Interruption): void;
}
