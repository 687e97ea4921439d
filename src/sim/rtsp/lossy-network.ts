/** What a bad network does to datagrams, repeatably. */

/** Probabilities a packet, from 0 to below 1. */
export interface NetworkFaults {
  readonly seed: number;
  readonly loss?: number;
  readonly duplication?: number;
  /** A delayed packet arrives behind one to four later ones. */
  readonly delay?: number;
}

export interface NetworkCounters {
  /** Packets handed over to be carried. */
  readonly offered: number;
  readonly lost: number;
  readonly doubled: number;
  readonly delayed: number;
}

interface DelayedPacket {
  readonly packet: Buffer;
  /** Packets that go first. */
  remaining: number;
}

const longestDelayPackets = 4;

/** Loses, doubles and delays packets. Without faults it carries them as they come. */
export class LossyNetwork {
  readonly #faults: NetworkFaults | undefined;
  readonly #delayed: DelayedPacket[] = [];
  readonly #counters = { offered: 0, lost: 0, doubled: 0, delayed: 0 };
  #random: number;

  constructor(faults: NetworkFaults | undefined) {
    this.#faults = faults;
    this.#random = (faults?.seed ?? 0) >>> 0;
  }

  get counters(): NetworkCounters {
    return { ...this.#counters };
  }

  /** Calls `send` for what arrives now, which may be nothing, this packet, or several. */
  carry(packet: Buffer, send: (packet: Buffer) => void): void {
    this.#counters.offered += 1;
    const { loss = 0, duplication = 0, delay = 0 } = this.#faults ?? {};
    if (this.#chance(loss)) {
      this.#counters.lost += 1;
    } else if (this.#chance(delay)) {
      this.#counters.delayed += 1;
      this.#delayed.push({ packet, remaining: 1 + Math.floor(this.#next() * longestDelayPackets) });
    } else {
      send(packet);
      if (this.#chance(duplication)) {
        this.#counters.doubled += 1;
        send(packet);
      }
    }
    this.#release(send);
  }

  /** Delivers what is delayed: to be called at the end of a burst. */
  settle(send: (packet: Buffer) => void): void {
    for (const { packet } of this.#delayed.splice(0)) send(packet);
  }

  #release(send: (packet: Buffer) => void): void {
    for (const delayed of this.#delayed) delayed.remaining -= 1;
    const due = this.#delayed.filter(({ remaining }) => remaining < 0);
    for (const delayed of due) {
      this.#delayed.splice(this.#delayed.indexOf(delayed), 1);
      send(delayed.packet);
    }
  }

  #chance(probability: number): boolean {
    return probability > 0 && this.#next() < probability;
  }

  /** A linear congruential generator; its high bits are random enough for this. */
  #next(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#random / 2 ** 32;
  }
}
