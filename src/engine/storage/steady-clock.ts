import type { Clock } from '../../shared/domain/clock.ts';

/** A clock that is put right loses or gains less than this at once. */
const leapMs = 600_000;

/** For how long the time of day has gone with the clock that only counts. */
export class SteadyClock {
  readonly #clock: Clock;
  #offsetMs = 0;
  #steadySinceMonotonicMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds, as far back as has been asked. */
  steadyForMs(): number {
    const nowMs = this.#clock.monotonicMs();
    const offsetMs = this.#clock.utcMs() - nowMs;
    if (this.#steadySinceMonotonicMs === undefined || Math.abs(offsetMs - this.#offsetMs) > leapMs)
      this.#steadySinceMonotonicMs = nowMs;
    this.#offsetMs = offsetMs;
    return nowMs - this.#steadySinceMonotonicMs;
  }
}
