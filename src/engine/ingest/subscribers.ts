import type { Log } from '../../shared/domain/log.ts';
import type { Interruption, Sample, StreamDescription, StreamSubscriber } from '../media/sample.ts';

/** Passes on what a stream yields. A subscriber that throws is a mistake of ours: it is let go, the others go on. */
export class Subscribers implements StreamSubscriber {
  readonly #log: Log;
  #list: readonly StreamSubscriber[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  add(subscriber: StreamSubscriber): void {
    this.#list = [...this.#list, subscriber];
  }

  remove(subscriber: StreamSubscriber): void {
    this.#list = this.#list.filter((other) => other !== subscriber);
  }

  onDescription(description: StreamDescription): void {
    for (const subscriber of this.#list) this.describeTo(subscriber, description);
  }

  describeTo(subscriber: StreamSubscriber, description: StreamDescription): void {
    try {
      subscriber.onDescription(description);
    } catch (error) {
      this.#letGo(subscriber, error);
    }
  }

  onSample(sample: Sample): void {
    for (const subscriber of this.#list) {
      try {
        subscriber.onSample(sample);
      } catch (error) {
        this.#letGo(subscriber, error);
      }
    }
  }

  onInterruption(interruption: Interruption): void {
    for (const subscriber of this.#list) {
      try {
        subscriber.onInterruption(interruption);
      } catch (error) {
        this.#letGo(subscriber, error);
      }
    }
  }

  #letGo(subscriber: StreamSubscriber, error: unknown): void {
    this.remove(subscriber);
    this.#log.error({ error }, 'A subscriber of the stream failed and was detached.');
  }
}
