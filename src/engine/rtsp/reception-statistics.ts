import type { ReceptionReport } from './rtcp.ts';

/** RFC 3550 §A.1: further ahead it is a new start of the sequence, if the next packet follows on it. */
const MAX_DROPOUT = 3_000;
/** RFC 3550 §A.1: further back it is no packet that took a longer way. */
const MAX_MISORDER = 100;
const SEQUENCES = 0x1_0000;
const UINT32 = 2 ** 32;

/** How one source is received: RFC 3550 §6.4.1, §A.3 and §A.8. Takes every packet as it arrives, before any reordering. */
export class ReceptionStatistics {
  readonly #clockRate: number;
  #source: number | undefined;
  #cycles = 0;
  #highest = 0;
  #base = 0;
  /** What a packet would have that confirms a new start of the sequence. */
  #restartAt: number | undefined;
  #received = 0;
  #expectedPrior = 0;
  #receivedPrior = 0;
  #arrivalMonotonicMs = Number.NaN;
  /** The same in the packets' own clock, modulo 2^32; only differences matter. */
  #arrival32 = 0;
  #transit = 0;
  #jitter = 0;
  #senderReport: { readonly ntpMiddle32: number; readonly arrivalMonotonicMs: number } | undefined;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  get hasSenderReport(): boolean {
    return this.#senderReport !== undefined;
  }

  /** A new source; everything begins anew. */
  begin(source: number, sequence: number): void {
    this.#source = source;
    this.#senderReport = undefined;
    this.#jitter = 0;
    this.#restart(sequence);
  }

  /** `sequence` as on the wire; `timestamp32` too, or as a signed number. */
  note(sequence: number, timestamp32: number, arrivalMonotonicMs: number): void {
    this.#count(sequence);
    this.#received += 1;
    // In one read come many packets.
    if (arrivalMonotonicMs !== this.#arrivalMonotonicMs) {
      this.#arrivalMonotonicMs = arrivalMonotonicMs;
      this.#arrival32 = Math.floor((arrivalMonotonicMs * this.#clockRate) / 1_000) | 0;
    }
    const transit = (this.#arrival32 - timestamp32) | 0;
    if (this.#received > 1) {
      const difference = Math.abs((transit - this.#transit) | 0);
      this.#jitter += (difference - this.#jitter) / 16;
    }
    this.#transit = transit;
  }

  noteSenderReport(ntpMiddle32: number, arrivalMonotonicMs: number): void {
    this.#senderReport = { ntpMiddle32, arrivalMonotonicMs };
  }

  /** Packets that were sent and never came, so far; negative when there are more doubled than lost ones. */
  get cumulativeLost(): number {
    return this.#source === undefined ? 0 : this.#expected - this.#received;
  }

  /** What to report now; undefined before the first packet. The fraction counts from one report to the next. */
  report(nowMonotonicMs: number): ReceptionReport | undefined {
    if (this.#source === undefined) return undefined;
    const expected = this.#expected;
    const expectedSince = expected - this.#expectedPrior;
    const lostSince = expectedSince - (this.#received - this.#receivedPrior);
    this.#expectedPrior = expected;
    this.#receivedPrior = this.#received;
    const sinceMs = nowMonotonicMs - (this.#senderReport?.arrivalMonotonicMs ?? nowMonotonicMs);
    return {
      source: this.#source,
      fractionLost:
        expectedSince === 0 || lostSince <= 0
          ? 0
          : Math.min(0xff, Math.floor((lostSince * 256) / expectedSince)),
      cumulativeLost: this.cumulativeLost,
      extendedHighestSequence: this.#extendedHighest % UINT32,
      jitter: Math.min(UINT32 - 1, Math.floor(this.#jitter)),
      lastSenderReport: this.#senderReport?.ntpMiddle32 ?? 0,
      delaySinceLastSenderReport: Math.min(UINT32 - 1, Math.max(0, Math.floor((sinceMs * 65_536) / 1_000))),
    };
  }

  get #extendedHighest(): number {
    return this.#cycles + this.#highest;
  }

  get #expected(): number {
    return this.#extendedHighest - this.#base + 1;
  }

  #count(sequence: number): void {
    const ahead = (sequence - this.#highest) & 0xffff;
    if (ahead < MAX_DROPOUT) {
      if (sequence < this.#highest) this.#cycles += SEQUENCES;
      this.#highest = sequence;
      this.#restartAt = undefined;
    } else if (ahead <= SEQUENCES - MAX_MISORDER) {
      if (sequence === this.#restartAt) this.#restart(sequence);
      else this.#restartAt = (sequence + 1) & 0xffff;
    }
  }

  #restart(sequence: number): void {
    this.#base = sequence;
    this.#highest = sequence;
    this.#cycles = 0;
    this.#restartAt = undefined;
    this.#received = 0;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
  }
}
