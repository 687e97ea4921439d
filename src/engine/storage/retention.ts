import {
  chooseDeletions,
  isWithinReach,
  retentionDemands,
  type RetentionChoice,
  type RetentionDemand,
  type RetentionFacts,
  type RetentionRules,
} from '../../shared/domain/retention.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { CameraId, CameraRetention, VolumeConfig } from '../../shared/engine-api/index.ts';
import { FootageRemoval, type RemovalPlace } from './footage-removal.ts';
import type { LockedTotal, SegmentIndex, SegmentRow } from './segment-index.ts';
import { SteadyClock } from './steady-clock.ts';
import type { Volume, VolumeSpace } from './volume.ts';

/** Rows looked at, and at most deleted, in one go. */
const pageSize = 32;
/** So that one look at a volume far over its quota ends; the next goes on. */
const maximumDeletionsPerLook = 512;
/** What is too old is looked for less often than what is too much. */
const ageLookIntervalMs = 60_000;
/** Locks change seldom, and there may be many. */
const lockLookIntervalMs = 60_000;
/** Nothing is too old by a clock that was set a moment ago: a node without a battery starts with any date, and is put right later. */
const trustedAfterMs = 3_600_000;
/** How far the newest footage may lie ahead of the clock. */
const clockToleranceMs = 60_000;

export interface RetentionTarget {
  readonly volume: Volume;
  readonly volumeId: string;
  readonly config: VolumeConfig;
  readonly space: VolumeSpace;
  /** What must be free for footage to be written. */
  readonly neededBytes: number;
  /** Room that is needed although bytes seem to be free: there are limits for a user, and for the number of files. */
  readonly unseenBytes?: number;
}

export interface RetentionOutcome {
  /** Of this engine on the volume, afterwards. */
  readonly storedBytes: number;
  readonly deletedBytes: number;
  /** What keeps deleting from making the room that is needed. */
  readonly obstacle?: 'locks' | 'other-files' | undefined;
}

export interface RetentionOptions {
  readonly index: SegmentIndex;
  readonly clock: Clock;
  readonly log: Log;
  readonly headroomBytes: number;
  readonly cameraRules: () => ReadonlyMap<CameraId, CameraRetention>;
  /** What a camera has elsewhere counts only while it could be deleted. */
  readonly isAnswering: (volumeId: string) => boolean;
  /** Resolves when the index knows what is locked. Rejects with its error. */
  readonly locksAreFiled?: (() => Promise<void>) | undefined;
}

/** Keeps volumes and cameras within their limits, oldest footage first. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #removal: FootageRemoval;
  readonly #steadyClock: SteadyClock;
  /** By volume: when old footage was last looked for. */
  readonly #lastAgeLookMonotonicMs = new Map<string, number>();
  #locked: { readonly totals: readonly LockedTotal[]; readonly askedMonotonicMs: number } | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#removal = new FootageRemoval(options);
    this.#steadyClock = new SteadyClock(options.clock);
  }

  /** Rejects with the volume's error or the index's. */
  async apply(target: RetentionTarget): Promise<RetentionOutcome> {
    const { clock, locksAreFiled } = this.#options;
    const { volume, volumeId, config } = target;
    const place = { volume, volumeId, volumeName: config.name };
    await locksAreFiled?.();
    await this.#removal.resume(place);
    const rules = this.#rules(target);
    const met = new Set<string>();
    const isAgeDue = this.#isAgeDue(volumeId);
    let deletedBytes = 0;
    let deletions = 0;
    let isExhausted = false;
    for (;;) {
      const look: Look = { target, rules, deletedBytes, nowUtcMs: clock.utcMs() };
      const standing = await this.#standing(look);
      const demand = retentionDemands(standing.facts, rules).find(
        (candidate) => !met.has(keyOf(candidate)) && (isAgeDue || candidate.until.kind === 'bytes'),
      );
      if (demand === undefined || deletions >= maximumDeletionsPerLook)
        return outcomeOf(standing, { rules, deletedBytes, isExhausted });
      const choice = await this.#choose(demand, { ...look, order: standing.order });
      const { marked, removed } = await this.#delete(choice, { demand, place });
      deletions += marked.length;
      deletedBytes += removed.reduce((sum, { byteLength }) => sum + byteLength, 0);
      // Where a file did not go, another goes in its place.
      const isShort = choice.rest !== undefined || removed.length < marked.length;
      if (marked.length > 0 && isShort) continue;
      met.add(keyOf(demand));
      if (choice.rest !== undefined && demand.reason === 'free-space') isExhausted = true;
    }
  }

  /** From the oldest page that the demand concerns. */
  async #choose(demand: RetentionDemand, look: OrderedLook): Promise<RetentionChoice<Retained>> {
    if (demand.reason === 'camera-bytes') return this.#chooseAcrossVolumes(demand, look);
    const { target, rules, nowUtcMs, order } = look;
    const { volumeId } = target;
    const page = await this.#options.index.oldest({
      volumeId,
      cameraId: demand.cameraId,
      order,
      limit: pageSize,
    });
    return chooseDeletions(demand, page.map(retained), { rules, nowUtcMs });
  }

  /**
   * A camera's oldest footage may lie elsewhere: then it goes when that volume is looked at. Each volume chooses the same, and
   * takes its own of it.
   */
  async #chooseAcrossVolumes(demand: RetentionDemand, look: OrderedLook): Promise<RetentionChoice<Retained>> {
    const { index, isAnswering } = this.#options;
    const { target, rules, nowUtcMs, order } = look;
    const deletions: Retained[] = [];
    const early: Retained[] = [];
    let rest: RetentionDemand | undefined = demand;
    let after: SegmentRow | undefined;
    for (let rows = 0; rows < maximumDeletionsPerLook && deletions.length === 0; rows += pageSize) {
      const page = await index.oldest({ cameraId: demand.cameraId, order, after, limit: pageSize });
      const candidates = page.filter((row) => row.volumeId === target.volumeId || isAnswering(row.volumeId));
      const choice: RetentionChoice<Retained> = chooseDeletions(rest, candidates.map(retained), {
        rules,
        nowUtcMs,
      });
      deletions.push(...choice.deletions.filter(({ row }) => row.volumeId === target.volumeId));
      early.push(...choice.early.filter(({ row }) => row.volumeId === target.volumeId));
      rest = choice.rest;
      after = page.at(-1);
      if (rest === undefined || page.length < pageSize) break;
    }
    return { deletions, early, rest };
  }

  async #delete(
    { deletions, early }: RetentionChoice<Retained>,
    { demand, place }: { readonly demand: RetentionDemand; readonly place: RemovalPlace },
  ): Promise<{ readonly marked: readonly SegmentRow[]; readonly removed: readonly SegmentRow[] }> {
    const { log } = this.#options;
    if (deletions.length === 0) return { marked: [], removed: [] };
    const { reason } = demand;
    const outcome = await this.#removal.run(
      deletions.map(({ row }) => row),
      { reason, place },
    );
    for (const cameraId of new Set(early.map((segment) => segment.cameraId))) {
      log.warn(
        { cameraId, volume: place.volumeName, reason },
        'Footage was deleted that is younger than the minimum of its camera. Add space, or lower what is kept of other cameras.',
      );
    }
    return outcome;
  }

  #rules({ config, neededBytes }: RetentionTarget): RetentionRules {
    const { headroomBytes, cameraRules } = this.#options;
    const { reserveBytes, quotaBytes, maximumDays } = config;
    return {
      volume: { reserveBytes, neededBytes, headroomBytes, quotaBytes, maximumDays },
      cameras: cameraRules(),
    };
  }

  async #standing({ target, deletedBytes, nowUtcMs }: Look): Promise<Standing> {
    const { index, isAnswering } = this.#options;
    const { volumeId, space, unseenBytes = 0 } = target;
    const totals = await index.totals();
    const locked = await this.#lockedTotals();
    const here = totals.filter((total) => total.volumeId === volumeId);
    const cameraBytes = new Map(here.map(({ cameraId }) => [cameraId, 0]));
    const add = ({ cameraId, volumeId: where, byteLength }: LockedTotal, sign: 1 | -1): void => {
      const sum = cameraBytes.get(cameraId);
      if (sum !== undefined && (where === volumeId || isAnswering(where)))
        cameraBytes.set(cameraId, sum + sign * byteLength);
    };
    for (const total of totals) add(total, 1);
    for (const total of locked) add(total, -1);
    const storedBytes = bytesOf(here);
    const lockedBytes = bytesOf(locked.filter((total) => total.volumeId === volumeId));
    const newestUtcMs = Math.max(...here.map((total) => total.newestUtcMs));
    return {
      storedBytes,
      facts: {
        nowUtcMs,
        // Not every file system says at once what deleting has freed: within one look we count ourselves.
        freeBytes: space.freeBytes + deletedBytes,
        unseenBytes: unseenBytes - deletedBytes,
        deletableBytes: storedBytes - lockedBytes,
        cameraBytes,
      },
      // Footage of the future: the clock was set back, and what is recorded now seems to be the oldest.
      order: newestUtcMs > nowUtcMs + clockToleranceMs ? 'recorded' : 'start',
    };
  }

  /**
   * As they were a moment ago: what is locked since then changes no sum, and what is unlocked may go later. Whatever they say, the
   * mark of a deletion looks at the locks themselves.
   */
  async #lockedTotals(): Promise<readonly LockedTotal[]> {
    const { index, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#locked === undefined || nowMs - this.#locked.askedMonotonicMs >= lockLookIntervalMs)
      this.#locked = { totals: await index.lockedTotals(), askedMonotonicMs: nowMs };
    return this.#locked.totals;
  }

  #isAgeDue(volumeId: string): boolean {
    const isTrusted = this.#steadyClock.steadyForMs() >= trustedAfterMs;
    const nowMs = this.#options.clock.monotonicMs();
    const lastMs = this.#lastAgeLookMonotonicMs.get(volumeId);
    if (!isTrusted || (lastMs !== undefined && nowMs - lastMs < ageLookIntervalMs)) return false;
    this.#lastAgeLookMonotonicMs.set(volumeId, nowMs);
    return true;
  }
}

interface Look {
  readonly target: RetentionTarget;
  readonly rules: RetentionRules;
  readonly nowUtcMs: number;
  /** In this look so far. */
  readonly deletedBytes: number;
}

interface OrderedLook extends Look {
  readonly order: Standing['order'];
}

/** How a volume stands. */
interface Standing {
  readonly storedBytes: number;
  readonly facts: RetentionFacts;
  /** What "oldest" means: see `OldestQuery`. */
  readonly order: 'start' | 'recorded';
}

function outcomeOf(
  { storedBytes, facts }: Standing,
  {
    rules,
    deletedBytes,
    isExhausted,
  }: { readonly rules: RetentionRules; readonly deletedBytes: number; readonly isExhausted: boolean },
): RetentionOutcome {
  const isPossibleWithoutLocks = isWithinReach({ ...facts, deletableBytes: storedBytes }, rules.volume);
  if (!isPossibleWithoutLocks) return { storedBytes, deletedBytes, obstacle: 'other-files' };
  const isHeld = isExhausted || !isWithinReach(facts, rules.volume);
  return { storedBytes, deletedBytes, obstacle: isHeld ? 'locks' : undefined };
}

function bytesOf(totals: readonly LockedTotal[]): number {
  return totals.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

interface Retained {
  readonly row: SegmentRow;
  readonly cameraId: CameraId;
  readonly startUtcMs: number;
  readonly endUtcMs: number;
  readonly byteLength: number;
}

function retained(row: SegmentRow): Retained {
  const { cameraId, startUtcMs, duration90k, byteLength } = row;
  return { row, cameraId, startUtcMs, endUtcMs: startUtcMs + duration90k / 90, byteLength };
}

function keyOf({ reason, cameraId = '' }: RetentionDemand): string {
  return `${reason} ${cameraId}`;
}
