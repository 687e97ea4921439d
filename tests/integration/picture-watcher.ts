import type {
  Interruption,
  Sample,
  StreamDescription,
  StreamSubscriber,
} from '../../src/engine/media/sample.ts';

const DEADLINE_MS = 30_000;

/** Measures when the pictures of a stream come, keeps none of them, and lets a test wait for something to happen. */
export class PictureWatcher implements StreamSubscriber {
  readonly descriptions: StreamDescription[] = [];
  readonly interruptions: Interruption[] = [];
  count = 0;
  /** Between two pictures that came one after the other, on the monotonic clock. */
  largestArrivalGapMs = 0;
  /** Between their decoding times. */
  largestStepMs = 0;
  backwardSteps = 0;
  #last: { readonly arrivalMonotonicMs: number; readonly dts90k: number } | undefined;
  #wake = Promise.withResolvers<void>();

  onDescription(description: StreamDescription): void {
    this.descriptions.push(description);
    this.#announce();
  }

  onSample({ track, arrivalMonotonicMs, dts90k }: Sample): void {
    if (track !== 'video') return;
    const before = this.#last;
    this.#last = { arrivalMonotonicMs, dts90k };
    this.count += 1;
    if (before !== undefined) {
      const stepMs = (dts90k - before.dts90k) / 90;
      this.largestArrivalGapMs = Math.max(
        this.largestArrivalGapMs,
        arrivalMonotonicMs - before.arrivalMonotonicMs,
      );
      this.largestStepMs = Math.max(this.largestStepMs, stepMs);
      if (stepMs <= 0) this.backwardSteps += 1;
    }
    this.#announce();
  }

  onInterruption(interruption: Interruption): void {
    this.interruptions.push(interruption);
    this.#announce();
  }

  /** Resolves as soon as the condition holds, which is looked at whenever something comes. */
  async until(condition: () => boolean): Promise<void> {
    const deadline = Promise.withResolvers<'passed'>();
    const timer = setTimeout(() => {
      deadline.resolve('passed');
    }, DEADLINE_MS);
    try {
      while (!condition()) {
        if ((await Promise.race([this.#wake.promise, deadline.promise])) === 'passed') {
          const seen = `${this.count} pictures, ${JSON.stringify(this.interruptions)}`;
          throw new Error(`What was waited for did not come within ${DEADLINE_MS} ms; seen: ${seen}`);
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #announce(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
