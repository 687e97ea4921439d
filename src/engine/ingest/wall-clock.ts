import type { Clock } from '../../shared/domain/clock.ts';

/** Reading two clocks one after the other is no more exact than this. */
const TOLERATED_MS = 20;
/** Beyond this somebody has set the clock, and going there slowly would be wrong for minutes. */
const LARGEST_SLEW_MS = 250;
const SLEW_MS_PER_ADJUSTMENT = 5;

/** Wall-clock time along the monotonic clock: steady while the system's clock is nudged, and in step when it is set. */
export class WallClock {
  readonly #clock: Clock;
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.utcMs() - clock.monotonicMs();
  }

  /** Goes where the system's clock is, at once: for when nothing has to be steady. */
  set(): void {
    this.#offsetMs = this.#clock.utcMs() - this.#clock.monotonicMs();
  }

  /** Milliseconds since 1970 UTC at a monotonic time. */
  utcMsAt(monotonicMs: number): number {
    return Math.round(this.#offsetMs + monotonicMs);
  }

  /** To be called about once a second. Yields by how much it has stepped, in ms: 0 unless the clock was set. */
  adjust(): number {
    const error = this.#clock.utcMs() - this.#clock.monotonicMs() - this.#offsetMs;
    const size = Math.abs(error);
    if (size <= TOLERATED_MS) return 0;
    const isStep = size > LARGEST_SLEW_MS;
    this.#offsetMs += isStep ? error : Math.sign(error) * Math.min(size, SLEW_MS_PER_ADJUSTMENT);
    return isStep ? error : 0;
  }
}
