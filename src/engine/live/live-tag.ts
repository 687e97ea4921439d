import { flvTimestampMs, sampleTagBytes, writeSampleTag } from '../media/flv/index.ts';
import type { Sample } from '../media/sample.ts';

/**
 * One sample on its way to any number of viewers. The tag is written when the first of them needs it, once; until then there
 * is only the sample, which is readable during the call that brought it and while it is held.
 */
export class LiveTag {
  readonly byteLength: number;
  readonly isVideo: boolean;
  /** A sync picture: a viewer can begin here. */
  readonly startsGroup: boolean;
  readonly timestampMs: number;
  readonly #origin90k: number;
  #content:
    | { readonly kind: 'sample'; readonly sample: Sample; readonly isHeld: boolean }
    | { readonly kind: 'written'; readonly bytes: Uint8Array }
    | { readonly kind: 'released' };

  constructor(sample: Sample, origin90k: number) {
    this.byteLength = sampleTagBytes(sample);
    this.isVideo = sample.track === 'video';
    this.startsGroup = this.isVideo && sample.isSync;
    this.timestampMs = flvTimestampMs(sample.dts90k, origin90k);
    this.#origin90k = origin90k;
    this.#content = { kind: 'sample', sample, isHeld: false };
  }

  /** Keeps the sample readable until `release`. */
  hold(): void {
    const content = this.#content;
    if (content.kind !== 'sample' || content.isHeld) return;
    content.sample.memory?.retain();
    this.#content = { ...content, isHeld: true };
  }

  /** The tag is not needed any more; what was sent of it stays as it is. */
  release(): void {
    this.#letGo();
    this.#content = { kind: 'released' };
  }

  /** @throws when the tag has been released */
  bytes(): Uint8Array {
    const content = this.#content;
    switch (content.kind) {
      case 'written':
        return content.bytes;
      case 'released':
        throw new Error('A live tag was read after its release.');
      case 'sample': {
        const { chunks } = writeSampleTag(content.sample, this.#origin90k);
        const bytes = Buffer.concat(chunks, this.byteLength);
        this.#letGo();
        this.#content = { kind: 'written', bytes };
        return bytes;
      }
    }
  }

  #letGo(): void {
    if (this.#content.kind === 'sample' && this.#content.isHeld) this.#content.sample.memory?.release();
  }
}
