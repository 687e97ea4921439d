interface Snapshot {
  readonly monotonicMs: number;
  readonly bytes: number;
  readonly frames: number;
}

export interface TrafficRates {
  readonly bitrateBps: number;
  readonly framesPerSecond: number;
}

const SNAPSHOTS = 6;

/** Rates over the last few seconds from running totals, looked at once a second: nothing to do for a packet. */
export class TrafficWindow {
  readonly #snapshots: Snapshot[] = [];

  note(snapshot: Snapshot): void {
    this.#snapshots.push(snapshot);
    if (this.#snapshots.length > SNAPSHOTS) this.#snapshots.shift();
  }

  ratesAt(now: Snapshot): TrafficRates {
    const oldest = this.#snapshots[0];
    const seconds = oldest === undefined ? 0 : (now.monotonicMs - oldest.monotonicMs) / 1_000;
    if (oldest === undefined || seconds <= 0) return { bitrateBps: 0, framesPerSecond: 0 };
    return {
      bitrateBps: Math.round((8 * (now.bytes - oldest.bytes)) / seconds),
      framesPerSecond: Math.round((10 * (now.frames - oldest.frames)) / seconds) / 10,
    };
  }
}
