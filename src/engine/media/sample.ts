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

/** H.265 video (ITU-T H.265). Parameter sets are NAL units without start code. */
export interface H265Track {
  readonly kind: 'video';
  readonly codec: 'h265';
  readonly vps: Uint8Array;
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
  /** Displayed size in pixels, after the conformance window. */
  readonly width: number;
  readonly height: number;
  /** From the VUI or VPS timing, where the camera gives it; a hint, never a clock. */
  readonly nominalFramesPerSecond?: number;
}

export type VideoTrack = H264Track | H265Track;

/** AAC-LC and HE-AAC (ISO/IEC 14496-3). A sample is one raw frame. */
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

/** ITU-T G.711, mu-law or A-law. A sample is what one packet held: one byte for each sound sample and channel, interleaved. */
export interface G711Track {
  readonly kind: 'audio';
  readonly codec: 'pcmu' | 'pcma';
  readonly sampleRate: number;
  readonly channels: number;
}

/** Opus (RFC 6716). A sample is one packet. */
export interface OpusTrack {
  readonly kind: 'audio';
  readonly codec: 'opus';
  readonly sampleRate: 48_000;
  readonly channels: 1 | 2;
  /** Sound samples that a decoder throws away at the start (RFC 7845 §4.2). */
  readonly preSkip: number;
}

export type AudioTrack = AacTrack | G711Track | OpusTrack;

/** ONVIF analytics and events (ONVIF Streaming Specification §5.1.2.1.1). A sample is one whole XML document, UTF-8. */
export interface MetadataTrack {
  readonly kind: 'metadata';
  readonly codec: 'onvif';
}

/** What a subscriber cannot carry it leaves out; it says so where somebody looks. */
export interface StreamDescription {
  /** Grows by one whenever anything below changes; a new recording init and FLV sequence header follow. */
  readonly generation: number;
  readonly video: VideoTrack;
  readonly audio?: AudioTrack;
  /** Why there is no `audio` although the camera offers sound: a sentence for people, with the remedy. */
  readonly audioIgnored?: string;
  readonly metadata?: MetadataTrack;
}

/** One access unit of video, one frame of audio, or one document of metadata, in decoding order. */
export interface Sample {
  readonly track: 'video' | 'audio' | 'metadata';
  /**
   * Video: NAL units, each after its 4-byte length (ISO/IEC 14496-15 §5.2.3 and §8.3.2), parameter sets and access unit
   * delimiters left out. Audio and metadata: as their track says. A view into memory that nobody writes to while it is held.
   */
  readonly data: Uint8Array;
  /** Holds `data` during the call that passes the sample on. Absent where the data has its memory for itself. */
  readonly memory?: SampleMemory | undefined;
  /**
   * The stream's timeline in 1/90000 s from the start of its ingest; never wraps, never goes back, and goes on over
   * reconnects by the time that passed. All tracks are on the same timeline.
   */
  readonly dts90k: number;
  readonly pts90k: number;
  /**
   * A picture where decoding can begin: IDR in H.264, IRAP in H.265, and a recovery point where no IDR picture comes. Always
   * true for audio and metadata.
   */
  readonly isSync: boolean;
  /** When its last packet arrived, on the monotonic clock, ms. */
  readonly arrivalMonotonicMs: number;
  /** The wall-clock time of the picture, ms since 1970 UTC, steady along the timeline. */
  readonly utcMs: number;
}

/** Why a stream stopped; becomes the reason of a gap. */
export type Interruption =
  /** The network: no way there, or no answer at all. */
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** Something is at the address, but it takes no connection. */
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'refused-credentials'; readonly detail: string }
  /** Its key is another than the one trusted before. */
  | { readonly kind: 'changed-identity'; readonly detail: string }
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
