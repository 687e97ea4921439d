import type { Clock } from '../../shared/domain/clock.ts';
import type { OpenSegment } from './open-segment.ts';
import type { SegmentProgress } from './segment-index.ts';

/** How often open segments are looked at for a sync that is due: spreads them over the interval. */
const ticksPerInterval = 8;
/** Syncs of one volume under way at once, so that appends find a free place beside them. */
const maximumConcurrentSyncs = 2;

export interface SyncScheduleOptions {
  readonly clock: Clock;
  /** A power cut costs at most what came in this time, and the part in hand. */
  readonly intervalMs: number;
  readonly segments: ReadonlySet<OpenSegment>;
  /** Has the rows of what was synced say so, all in one call. */
  readonly file: (progress: readonly SegmentProgress[]) => Promise<void>;
}

/** Syncs the open segments of one volume every interval, a share of them at each tick. */
export class SyncSchedule {
  readonly #options: SyncScheduleOptions;
  readonly #timer: Disposable;
  #round: Promise<void> | undefined;

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
      for (const segment of waiting) await segment.sync();
    };
    await Promise.all(Array.from({ length: maximumConcurrentSyncs }, worker));
    // A segment that is ending has the last word on its row.
    const progress = due.filter((segment) => !segment.isEnding).map((segment) => segment.progress());
    if (progress.length > 0) await this.#options.file(progress);
  }
}

/**
 * Whichever will be over the interval by the next tick, and as many of the next as spread all of them evenly: cameras that
 * started together do not sync together for ever.
 */
function dueSegments({ clock, intervalMs, segments }: SyncScheduleOptions): OpenSegment[] {
  const nowMs = clock.monotonicMs();
  const tickMs = intervalMs / ticksPerInterval;
  const share = Math.ceil(segments.size / ticksPerInterval);
  return [...segments]
    .filter((segment) => segment.needsSync(nowMs - 0.75 * intervalMs))
    .toSorted((one, other) => one.lastSyncMonotonicMs - other.lastSyncMonotonicMs)
    .filter((segment, place) => place < share || segment.lastSyncMonotonicMs <= nowMs - intervalMs + tickMs);
}
