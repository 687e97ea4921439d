import { ChangeListeners } from '../../change-listeners.ts';
import type { Clock } from '../../platform/ports.ts';

/** Announces a change at once, and all those that follow within `periodMs` once at its end. */
export class ThrottledAnnouncer {
  readonly #listeners = new ChangeListeners();
  readonly #clock: Clock;
  readonly #periodMs: number;
  #state: 'quiet' | 'resting' | 'resting-with-news' = 'quiet';

  constructor(clock: Clock, periodMs: number) {
    this.#clock = clock;
    this.#periodMs = periodMs;
  }

  onChange(listener: () => void): Disposable {
    return this.#listeners.add(listener);
  }

  announce(): void {
    if (this.#state !== 'quiet') {
      this.#state = 'resting-with-news';
      return;
    }
    this.#state = 'resting';
    this.#clock.after(this.#periodMs, () => {
      const hasNews = this.#state === 'resting-with-news';
      this.#state = 'quiet';
      if (hasNews) this.announce();
    });
    this.#listeners.announce();
  }
}
