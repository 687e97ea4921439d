import type { Sample } from '../media/sample.ts';
import type { GopBudget } from './gop-budget.ts';

/** What a sample costs besides its bytes, so that a stream of tiny samples is bounded too. */
const sampleOverheadBytes = 256;

/**
 * The samples since the last sync picture, for newcomers. A group larger than its bound is not kept at all: half of it would
 * show a frozen picture. Nor is one for which the budget of all streams has no room: its stream tries again with the next
 * group. What is kept is retained, and released exactly once.
 */
export class GopCache {
  readonly #maximumBytes: number;
  readonly #budget: GopBudget;
  #samples: Sample[] = [];
  #byteLength = 0;
  #isOpen = false;

  constructor({ maximumBytes, budget }: { readonly maximumBytes: number; readonly budget: GopBudget }) {
    this.#maximumBytes = maximumBytes;
    this.#budget = budget;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Begins with a sync picture; empty when there is no whole beginning of a group. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  add(sample: Sample): void {
    if (sample.track === 'video' && sample.isSync) {
      this.clear();
      this.#isOpen = true;
    }
    if (!this.#isOpen) return;
    const cost = sample.data.byteLength + sampleOverheadBytes;
    if (this.#byteLength + cost > this.#maximumBytes || !this.#budget.take(cost)) {
      this.clear();
      return;
    }
    sample.memory?.retain();
    this.#samples.push(sample);
    this.#byteLength += cost;
  }

  clear(): void {
    const released = this.#samples;
    this.#budget.giveBack(this.#byteLength);
    this.#samples = [];
    this.#byteLength = 0;
    this.#isOpen = false;
    for (const { memory } of released) memory?.release();
  }
}
