import type { FlvTag } from '../media/flv/index.ts';

/** One tag on its way to any number of viewers. It is put together in one piece when the first of them needs it, once. */
export class LiveTag {
  readonly byteLength: number;
  readonly isVideo: boolean;
  /** A sync picture: a viewer can begin here. */
  readonly startsGroup: boolean;
  readonly timestampMs: number;
  #chunks: readonly Uint8Array[];

  constructor(tag: FlvTag, facts: { isVideo: boolean; isSync: boolean; timestampMs: number }) {
    this.byteLength = tag.byteLength;
    this.isVideo = facts.isVideo;
    this.startsGroup = facts.isVideo && facts.isSync;
    this.timestampMs = facts.timestampMs;
    this.#chunks = tag.chunks;
  }

  bytes(): Uint8Array {
    const [only, ...others] = this.#chunks;
    if (only !== undefined && others.length === 0) return only;
    const whole = Buffer.concat(this.#chunks, this.byteLength);
    this.#chunks = [whole];
    return whole;
  }
}
