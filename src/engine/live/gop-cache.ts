import type { LiveTag } from './live-tag.ts';

/**
 * The tags since the last sync picture, for newcomers. A group of pictures larger than the bound is not kept at all: half of
 * it would show a frozen picture. What is kept is held.
 */
export class GopCache {
  readonly #maximumBytes: number;
  #tags: LiveTag[] = [];
  #byteLength = 0;
  #isOverflowing = true;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Empty when there is no whole beginning of a group. */
  get tags(): readonly LiveTag[] {
    return this.#tags;
  }

  add(tag: LiveTag): void {
    if (tag.startsGroup) {
      this.clear();
      this.#isOverflowing = false;
    }
    if (this.#isOverflowing) return;
    tag.hold();
    this.#tags.push(tag);
    this.#byteLength += tag.byteLength;
    if (this.#byteLength > this.#maximumBytes) this.clear();
  }

  clear(): void {
    for (const tag of this.#tags) tag.release();
    this.#tags = [];
    this.#byteLength = 0;
    this.#isOverflowing = true;
  }
}
