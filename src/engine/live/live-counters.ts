/** What live viewers of an engine, past and present, met with. */
export interface LiveTotals {
  /** Pictures that viewers missed because they were slow. */
  readonly framesDropped: number;
  readonly viewersClosedAsTooSlow: number;
  readonly viewersRefused: number;
}

export class LiveCounters {
  #framesDropped = 0;
  #viewersClosedAsTooSlow = 0;
  #viewersRefused = 0;

  get totals(): LiveTotals {
    return {
      framesDropped: this.#framesDropped,
      viewersClosedAsTooSlow: this.#viewersClosedAsTooSlow,
      viewersRefused: this.#viewersRefused,
    };
  }

  countDroppedFrame(): void {
    this.#framesDropped += 1;
  }

  countTooSlow(): void {
    this.#viewersClosedAsTooSlow += 1;
  }

  countRefusal(): void {
    this.#viewersRefused += 1;
  }
}
