import type { Clock } from '../../shared/domain/clock.ts';

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 10_000;
const FORGET_AFTER_MS = 60_000;
const MOST_REMEMBERED = 1_024;

interface Failures {
  readonly count: number;
  readonly lastMonotonicMs: number;
}

/**
 * Slows down whoever tries secrets: after each failure the next attempt from that address at that name waits, twice as long
 * each time, on whichever port and however many connections. Cameras behind one address do not pay for each other's mistakes.
 */
export class Attempts {
  readonly #clock: Clock;
  readonly #firstDelayMs: number;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock, { firstDelayMs = FIRST_DELAY_MS }: { readonly firstDelayMs?: number } = {}) {
    this.#clock = clock;
    this.#firstDelayMs = firstDelayMs;
  }

  /** How long the next attempt has to wait, in ms. */
  delayMs(address: string, name: string): number {
    const failures = this.#recent(address, name);
    if (failures === undefined) return 0;
    const delayMs = Math.min(LONGEST_DELAY_MS, this.#firstDelayMs * 2 ** Math.min(failures.count - 1, 10));
    return Math.max(0, failures.lastMonotonicMs + delayMs - this.#clock.monotonicMs());
  }

  noteFailure(address: string, name: string): void {
    const key = keyOf(address, name);
    const count = (this.#recent(address, name)?.count ?? 0) + 1;
    this.#failures.delete(key);
    this.#failures.set(key, { count, lastMonotonicMs: this.#clock.monotonicMs() });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MOST_REMEMBERED && oldest !== undefined) this.#failures.delete(oldest);
  }

  noteSuccess(address: string, name: string): void {
    this.#failures.delete(keyOf(address, name));
  }

  #recent(address: string, name: string): Failures | undefined {
    const failures = this.#failures.get(keyOf(address, name));
    if (failures === undefined) return undefined;
    return this.#clock.monotonicMs() - failures.lastMonotonicMs > FORGET_AFTER_MS ? undefined : failures;
  }
}

function keyOf(address: string, name: string): string {
  return `${address} ${name}`;
}
