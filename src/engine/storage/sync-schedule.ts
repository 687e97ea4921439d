import type { Clock } from '../../shared/domain/clock.ts';
import type { OpenSegment } from './open-segment.ts';
import type { SegmentProgress } from './segment-index.ts';

const goldenRatio = (Math.sqrt(5) - 1) / 2;
/** How often open segments are looked at for a sync that is due. */
const ticksPerInterval = 8;
/** Rows are told what was synced once in so many rounds of ticks: a transaction costs more than a sync. */
const ticksPerFiling = 4;
/** Syncs of one volume under way at once, so that appends find a free place beside them. */
const maximumConcurrentSyncs = 2;

export interface SyncScheduleOptions {
  readonly clock: Clock;
  /** A power cut costs at most what came in this time, and the part in hand. */
  readonly intervalMs: number;
  readonly segments: ReadonlySet<OpenSegment>;
  /**
   * Has the rows of what was synced say so, all in one call: while the disks are well, a row is behind its file by up to half an
   * interval. No sync waits for the answer, and the next call does.
   */
  readonly file: (progress: readonly SegmentProgress[]) => Promise<void>;
}

/** Syncs the open segments of one volume every interval, each at its own phase of it. */
export class SyncSchedule {
  readonly #options: SyncScheduleOptions;
  readonly #timer: Disposable;
  #round: Promise<void> | undefined;
  #filing: Promise<void> | undefined;
  /** Synced, and their rows do not say so yet. */
  readonly #unfiled = new Set<OpenSegment>();
  #ticksUntilFiling = ticksPerFiling;

  constructor(options: SyncScheduleOptions) {
    this.#options = options;
    this.#timer = options.clock.every(options.intervalMs / ticksPerInterval, () => {
      this.#round ??= this.#syncDue().finally(() => {
        this.#round = undefined;
      });
    });
  }

  /** Resolves when the syncs under way are answered. */
  async stop(): Promise<void> {
    this.#timer[Symbol.dispose]();
    await this.#round;
  }

  async #syncDue(): Promise<void> {
    const due = dueSegments(this.#options);
    const waiting = due.values();
    const worker = async (): Promise<void> => {
      // One that has begun to end meanwhile syncs itself, and may be closed.
      for (const segment of waiting) if (!segment.isEnding) await segment.sync();
    };
    if (due.length > 0) await Promise.all(Array.from({ length: maximumConcurrentSyncs }, worker));
    for (const segment of due) this.#unfiled.add(segment);
    // A segment that is ending has the last word on its row.
    for (const segment of this.#unfiled) if (segment.isEnding) this.#unfiled.delete(segment);
    this.#ticksUntilFiling -= 1;
    if (this.#ticksUntilFiling > 0 || this.#filing !== undefined) return;
    this.#ticksUntilFiling = ticksPerFiling;
    this.#file();
  }

  #file(): void {
    const progress = [...this.#unfiled].flatMap((segment) => segment.progress() ?? []);
    this.#unfiled.clear();
    if (progress.length === 0) return;
    this.#filing = this.#options.file(progress).finally(() => {
      this.#filing = undefined;
    });
  }
}

/** Those that would be late by the next tick. */
function dueSegments({ clock, intervalMs, segments }: SyncScheduleOptions): OpenSegment[] {
  const dueBefore = clock.monotonicMs() - intervalMs + intervalMs / ticksPerInterval;
  return [...segments].filter((segment) => segment.needsSync(dueBefore));
}

/** Spreads the syncs of segments with successive numbers evenly over the interval: multiples of the golden ratio keep apart. */
export function syncPhaseMs(number: number, intervalMs: number): number {
  // The first tick also takes those of the one before it, which there was not.
  return ((number * goldenRatio) % 1) * intervalMs * (1 - 1 / ticksPerInterval);
}
