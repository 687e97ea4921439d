import {
  flvCarries,
  flvTimestampMs,
  maximumSampleBytes,
  maximumTimestampMs,
  sampleTagBytes,
  writeConfigurationTags,
  writeFlvHeader,
  writeSampleTag,
} from '../media/flv/index.ts';
import type { Sample, StreamDescription, VideoTrack } from '../media/sample.ts';

export type FlvContent =
  | { readonly kind: 'tag'; readonly tag: SharedTag }
  /** A track that FLV does not carry, or sound from before the first picture. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'too-large' }
  /** FLV's clock has run out, after 24.8 days: time starts anew for those who open again. */
  | { readonly kind: 'clock-ended' };

/** One sample for any number of viewers: written when the first of them needs it, then shared. */
export class SharedTag {
  readonly byteLength: number;
  readonly timestampMs: number;
  readonly #origin90k: number;
  readonly #videoCodec: VideoTrack['codec'];
  #sample: Sample | undefined;
  #bytes: Uint8Array | undefined;

  constructor(sample: Sample, origin90k: number, videoCodec: VideoTrack['codec']) {
    this.byteLength = sampleTagBytes(sample, videoCodec);
    this.timestampMs = flvTimestampMs(sample.dts90k, origin90k);
    this.#origin90k = origin90k;
    this.#videoCodec = videoCodec;
    this.#sample = sample;
  }

  /** To be asked first during the call that passed the sample on. */
  bytes(): Uint8Array {
    const sample = this.#sample;
    if (sample !== undefined) {
      const { chunks } = writeSampleTag(sample, this.#origin90k, this.#videoCodec);
      this.#bytes = Buffer.concat(chunks, this.byteLength);
      this.#sample = undefined;
    }
    if (this.#bytes === undefined) throw new Error('A live tag has no content.');
    return this.#bytes;
  }
}

/**
 * Writes one stream as FLV for all its viewers. They get each sample one after the other, so the newest tag is all that is
 * kept. Time counts from the first sample written, so a viewer's first tag may have any time: mpegts.js, ffmpeg and VLC
 * count from the first they see.
 */
export class FlvEncoder {
  #origin90k: number | undefined;
  #newest: { readonly sample: Sample; readonly content: FlvContent } | undefined;

  /** `description` is the one in force for the sample. */
  contentOf(sample: Sample, description: StreamDescription): FlvContent {
    if (this.#newest?.sample !== sample) this.#newest = { sample, content: this.#write(sample, description) };
    return this.#newest.content;
  }

  /** What a decoder needs before its first frame. */
  configuration(description: StreamDescription, timestampMs: number, greetingBytes?: number): Uint8Array {
    const tags = writeConfigurationTags(description, timestampMs, greetingBytes);
    return Buffer.concat(tags.flatMap(({ chunks }) => chunks));
  }

  /** What comes before the group in hand, of `groupBytes`, and says how much of the stream is sent at once. */
  greeting(description: StreamDescription, timestampMs: number, groupBytes: number): Uint8Array {
    const header = this.fileHeader(description);
    const configurationBytes = this.configuration(description, timestampMs, 0).byteLength;
    const greetingBytes = header.byteLength + configurationBytes + groupBytes;
    return Buffer.concat([header, this.configuration(description, timestampMs, greetingBytes)]);
  }

  fileHeader(description: StreamDescription): Uint8Array {
    return writeFlvHeader(description);
  }

  #write(sample: Sample, description: StreamDescription): FlvContent {
    if (!flvCarries(description, sample)) return { kind: 'nothing' };
    const origin90k = (this.#origin90k ??= sample.dts90k);
    const timestampMs = flvTimestampMs(sample.dts90k, origin90k);
    if (timestampMs < 0) return { kind: 'nothing' };
    if (timestampMs > maximumTimestampMs) {
      this.#origin90k = undefined;
      return { kind: 'clock-ended' };
    }
    if (sample.data.byteLength > maximumSampleBytes) return { kind: 'too-large' };
    return { kind: 'tag', tag: new SharedTag(sample, origin90k, description.video.codec) };
  }
}
