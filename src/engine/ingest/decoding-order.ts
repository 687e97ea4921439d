/** What a picture is taken to last before a second one tells. */
const ASSUMED_FRAME_TICKS = 3_000;
/** ITU-T H.264 §A.3.1: the decoded picture buffer holds no more. */
const MOST_REORDERED = 16;
/** After so many pictures a depth that was not needed shrinks by one: what made it grow may have been a leap. */
const REVIEW_PICTURES = 64;

/**
 * Gives decoding times to samples that only carry presentation times. With at most N pictures shown later than decoded,
 * the (N+1)th largest presentation time so far is a decoding time that rises and never lies behind its presentation.
 */
export class DecodingOrder {
  #reorderDepth = 0;
  #statedDepth = 0;
  /** The most earlier pictures shown after one of those since the last review. */
  #neededDepth = 0;
  #picturesUntilReview = REVIEW_PICTURES;
  /** The largest presentation times, smallest first; one more than the depth. */
  #largest: number[] = [];
  #last = -1;

  /** Starts after a break; `reorderDepth` as the stream states it, and it grows when that was not true. */
  restart(reorderDepth: number): void {
    this.#statedDepth = Math.min(reorderDepth, MOST_REORDERED);
    this.#reorderDepth = this.#statedDepth;
    this.#largest = [];
    this.#neededDepth = 0;
    this.#picturesUntilReview = REVIEW_PICTURES;
  }

  /** In 1/90000 s; the decoding time is larger than every one before. */
  assign(presentation90k: number): { readonly dts90k: number; readonly pts90k: number } {
    const largest = this.#largest;
    // Most streams are shown in the order they are decoded.
    if (this.#reorderDepth === 0 && largest.length === 1 && presentation90k >= (largest[0] ?? 0)) {
      this.#review(0);
      largest[0] = presentation90k;
      return this.#ordered(presentation90k, presentation90k);
    }
    if (largest.length === 0) {
      for (let back = this.#reorderDepth; back > 0; back -= 1) {
        largest.push(presentation90k - back * ASSUMED_FRAME_TICKS);
      }
    }
    const smallest = largest[0];
    if (smallest !== undefined && presentation90k < smallest && this.#reorderDepth < MOST_REORDERED) {
      this.#reorderDepth += 1;
    }
    let place = largest.length;
    while (place > 0 && (largest[place - 1] ?? 0) > presentation90k) place -= 1;
    this.#review(largest.length - place);
    largest.splice(place, 0, presentation90k);
    while (largest.length > this.#reorderDepth + 1) largest.shift();
    return this.#ordered(largest[0] ?? presentation90k, presentation90k);
  }

  /** Where the source knows the decoding time: it stays, but that it has to rise. In 1/90000 s. */
  keep(
    decoding90k: number,
    compositionOffset90k: number,
  ): { readonly dts90k: number; readonly pts90k: number } {
    return this.#ordered(decoding90k, decoding90k + compositionOffset90k);
  }

  #ordered(
    decoding90k: number,
    presentation90k: number,
  ): { readonly dts90k: number; readonly pts90k: number } {
    const dts90k = Math.max(decoding90k, this.#last + 1);
    this.#last = dts90k;
    return { dts90k, pts90k: Math.max(presentation90k, dts90k) };
  }

  #review(shownLater: number): void {
    this.#neededDepth = Math.max(this.#neededDepth, shownLater);
    this.#picturesUntilReview -= 1;
    if (this.#picturesUntilReview > 0) return;
    this.#picturesUntilReview = REVIEW_PICTURES;
    const least = Math.max(this.#statedDepth, this.#neededDepth);
    if (this.#reorderDepth > least) this.#reorderDepth -= 1;
    this.#neededDepth = 0;
  }
}
