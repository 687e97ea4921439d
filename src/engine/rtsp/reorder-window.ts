export interface ReorderLimits {
  /** A power of two, so that slots stay in step when the 16-bit sequence wraps. */
  readonly packets: number;
  /** How long a gap may hold back what came after it. */
  readonly waitMs: number;
}

/** About 150 ms of 8 Mbit/s; switches and cameras put packets out of order by a few, never by more. */
export const DEFAULT_REORDER_LIMITS: ReorderLimits = { packets: 128, waitMs: 100 };

/**
 * What became of a packet: `reordered` when it came after one that follows it, `late` when its place had been given up or it
 * belongs nowhere near the others.
 */
export type ReorderVerdict = 'taken' | 'reordered' | 'late' | 'doubled';

/** RFC 3550 §A.1: beyond these it may be a new start of the sequence, which a second packet has to confirm. */
const MAX_DROPOUT = 3_000;
const MAX_MISORDER = 100;

/**
 * Puts the packets of one source into the order of their sequence numbers. A gap is waited for until it is filled, the window
 * is full or the wait is over, which is looked at whenever a packet arrives and whenever `flushDue` is called: no packet has
 * a timer. Holds packets by reference, at most `packets` of them.
 */
export class ReorderWindow {
  readonly #limits: ReorderLimits;
  readonly #deliver: (bytes: Buffer, arrivalMonotonicMs: number) => void;
  readonly #held: (Buffer | undefined)[];
  readonly #arrivals: Float64Array;
  /** The sequence number last passed on from each slot, which tells doubled packets from late ones. */
  readonly #passed: Int32Array;
  #heldCount = 0;
  #next: number | undefined;
  /** The furthest that came. */
  #highest = 0;
  #restartAt: number | undefined;
  /** Since when the packet `#next` is missed while others wait. */
  #waitingSinceMs = 0;

  constructor(limits: ReorderLimits, deliver: (bytes: Buffer, arrivalMonotonicMs: number) => void) {
    this.#limits = limits;
    this.#deliver = deliver;
    this.#held = Array.from({ length: limits.packets }, () => undefined);
    this.#arrivals = new Float64Array(limits.packets);
    this.#passed = new Int32Array(limits.packets).fill(-1);
  }

  get heldCount(): number {
    return this.#heldCount;
  }

  push(sequence: number, bytes: Buffer, arrivalMonotonicMs: number): ReorderVerdict {
    const next = this.#next ?? sequence;
    let ahead = (sequence - next) & 0xffff;
    if (ahead > MAX_DROPOUT && ahead <= 0xffff - MAX_MISORDER) {
      if (sequence !== this.#restartAt) {
        this.#restartAt = (sequence + 1) & 0xffff;
        return 'late';
      }
      this.flush();
      this.#next = sequence;
      ahead = 0;
    } else if (ahead > MAX_DROPOUT) {
      return this.#passed[this.#slotOf(sequence)] === sequence ? 'doubled' : 'late';
    } else {
      this.#next = next;
    }
    this.#restartAt = undefined;
    ahead = this.#makeRoom(sequence, ahead);
    const slot = this.#slotOf(sequence);
    if (this.#held[slot] !== undefined) return 'doubled';
    const isBehind = this.#heldCount > 0 && ((this.#highest - sequence) & 0xffff) < 0x8000;
    if (!isBehind) this.#highest = sequence;
    if (ahead === 0) {
      this.#passOn(sequence, bytes, arrivalMonotonicMs);
      this.#drain(arrivalMonotonicMs);
      return isBehind ? 'reordered' : 'taken';
    }
    this.#held[slot] = bytes;
    this.#arrivals[slot] = arrivalMonotonicMs;
    if (this.#heldCount === 0) this.#waitingSinceMs = arrivalMonotonicMs;
    this.#heldCount += 1;
    this.flushDue(arrivalMonotonicMs);
    return isBehind ? 'reordered' : 'taken';
  }

  /** Gives up on gaps that were waited for long enough. */
  flushDue(nowMonotonicMs: number): void {
    while (this.#heldCount > 0 && nowMonotonicMs - this.#waitingSinceMs >= this.#limits.waitMs) {
      this.#skipGap();
      this.#drain(nowMonotonicMs);
    }
  }

  /** Passes on everything that is held, and begins anew with the next packet. */
  flush(): void {
    while (this.#heldCount > 0) {
      this.#skipGap();
      this.#drain(this.#waitingSinceMs);
    }
    this.#next = undefined;
  }

  /** Gives up on the oldest gaps until the packet fits, and yields how far ahead it still is. */
  #makeRoom(sequence: number, ahead: number): number {
    let remaining = ahead;
    while (remaining >= this.#limits.packets) {
      if (this.#heldCount === 0) this.#next = sequence;
      else this.#skipGap();
      this.#drain(this.#waitingSinceMs);
      remaining = (sequence - (this.#next ?? sequence)) & 0xffff;
    }
    return remaining;
  }

  #skipGap(): void {
    let next = this.#next ?? 0;
    while (this.#held[this.#slotOf(next)] === undefined) next = (next + 1) & 0xffff;
    this.#next = next;
  }

  /** Passes on what follows without a gap. */
  #drain(nowMonotonicMs: number): void {
    while (this.#heldCount > 0 && this.#next !== undefined) {
      const slot = this.#slotOf(this.#next);
      const bytes = this.#held[slot];
      if (bytes === undefined) {
        this.#waitingSinceMs = nowMonotonicMs;
        return;
      }
      this.#held[slot] = undefined;
      this.#heldCount -= 1;
      this.#passOn(this.#next, bytes, this.#arrivals[slot] ?? nowMonotonicMs);
    }
  }

  #passOn(sequence: number, bytes: Buffer, arrivalMonotonicMs: number): void {
    this.#passed[this.#slotOf(sequence)] = sequence;
    this.#next = (sequence + 1) & 0xffff;
    this.#deliver(bytes, arrivalMonotonicMs);
  }

  #slotOf(sequence: number): number {
    return sequence & (this.#limits.packets - 1);
  }
}
