import { setTimeout as delay } from 'node:timers/promises';
import type {
  Interruption,
  Sample,
  StreamDescription,
  StreamSubscriber,
} from '../../src/engine/media/sample.ts';

/** Keeps what a stream yields and lets a test wait for something in it. */
export class WaitingSubscriber implements StreamSubscriber {
  readonly descriptions: StreamDescription[] = [];
  readonly video: Sample[] = [];
  readonly audio: Sample[] = [];
  readonly interruptions: Interruption[] = [];
  #wake = Promise.withResolvers<void>();

  onDescription(description: StreamDescription): void {
    this.descriptions.push(description);
    this.#announce();
  }

  onSample(sample: Sample): void {
    (sample.track === 'video' ? this.video : this.audio).push(copyOf(sample));
    this.#announce();
  }

  onInterruption(interruption: Interruption): void {
    this.interruptions.push(interruption);
    this.#announce();
  }

  /** Resolves as soon as the condition holds, which is looked at after everything that comes. */
  async until(condition: () => boolean, deadlineMs = 30_000): Promise<void> {
    using deadline = new Deadline(deadlineMs);
    while (!condition()) {
      if ((await Promise.race([this.#wake.promise, deadline.passed])) === 'passed') {
        const seen = `${this.video.length} pictures, ${JSON.stringify(this.interruptions)}`;
        throw new Error(`What was waited for did not come within ${deadlineMs} ms; seen: ${seen}`);
      }
    }
  }

  #announce(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

class Deadline implements Disposable {
  readonly passed: Promise<'passed' | 'cancelled'>;
  readonly #controller = new AbortController();

  constructor(ms: number) {
    this.passed = delay(ms, 'passed' as const, { signal: this.#controller.signal }).catch(
      () => 'cancelled' as const,
    );
  }

  [Symbol.dispose](): void {
    this.#controller.abort();
  }
}

/** The NAL units of a sample, each after its 4-byte length. */
export function nalUnits(sample: Pick<Sample, 'data'>): readonly Buffer[] {
  const data = Buffer.from(sample.data.buffer, sample.data.byteOffset, sample.data.byteLength);
  const nals: Buffer[] = [];
  for (let at = 0; at < data.length;) {
    const end = at + 4 + data.readUInt32BE(at);
    nals.push(data.subarray(at + 4, end));
    at = end;
  }
  return nals;
}

/** What stays when the memory is used again. */
function copyOf({ track, data, dts90k, pts90k, isSync, arrivalMonotonicMs, utcMs }: Sample): Sample {
  return { track, data: Buffer.from(data), dts90k, pts90k, isSync, arrivalMonotonicMs, utcMs };
}
