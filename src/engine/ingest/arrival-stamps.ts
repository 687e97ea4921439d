/** How fast the usual interval follows what comes: over about so many samples. */
const AVERAGED_SAMPLES = 32;
/** Samples come early and late; the stamps they get here are spread out between these shares of the usual interval. */
const SHORTEST_SHARE = 0.25;
const LONGEST_SHARE = 4;
/** Above this a sample is late because nothing was sent. */
const LONGEST_DELAY_TICKS = 90_000;

/** Stamps for samples whose own are worth nothing: arrival, without most of what the network does to it. In 1/90000 s. */
export class ArrivalStamps {
  #stamp: number | undefined;
  #arrival = 0;
  #interval: number | undefined;

  next(arrival: number): number {
    const before = this.#stamp;
    const waited = arrival - this.#arrival;
    this.#arrival = arrival;
    if (before === undefined) {
      this.#stamp = arrival;
      return arrival;
    }
    const usual = this.#interval ?? waited;
    this.#interval = usual + (waited - usual) / AVERAGED_SAMPLES;
    const isLate = waited > LONGEST_DELAY_TICKS;
    const step = isLate ? waited : Math.max(SHORTEST_SHARE * usual, Math.min(LONGEST_SHARE * usual, waited));
    // Never far from arrival, whatever the average makes of it.
    const stamp = Math.max(arrival - LONGEST_DELAY_TICKS, Math.min(arrival, before + step));
    this.#stamp = Math.max(before, stamp);
    return this.#stamp;
  }
}
