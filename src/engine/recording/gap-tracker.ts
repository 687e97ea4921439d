import type { Clock } from '../../shared/domain/clock.ts';
import { gapReason, gapSplit, gapToleranceMs, isGap } from '../../shared/domain/gaps.ts';
import type { Log } from '../../shared/domain/log.ts';
import { evidenceTextLimit } from '../../shared/engine-api/index.ts';
import type { CameraId, GapEvidence } from '../../shared/engine-api/index.ts';
import type { CameraPast, GapLog } from '../storage/index.ts';
import { GapWriter, type KeptGap } from './gap-writer.ts';

/** A moment on the wall clock and on the clock that nobody can set. */
export interface Moment {
  readonly utcMs: number;
  readonly monotonicMs: number;
}

/** A stretch of footage that is on disk. */
export interface FootagePiece {
  readonly start: Moment;
  readonly end: Moment;
}

/** Why footage is missing, as a recorder knows it. */
export type GapCause =
  | Extract<GapEvidence, { kind: 'interruption' | 'stopped' }>
  | Omit<Extract<GapEvidence, { kind: 'storage' }>, 'framesDropped'>;

/** Who ends a recording on purpose. */
export type StoppedBy = Extract<GapEvidence, { kind: 'stopped' }>['by'];

/** What one gap can have; `merged` ones are made of several. */
type KnownEvidence = Exclude<GapEvidence, { kind: 'merged' }>;

export interface GapTrackerOptions {
  readonly cameraId: CameraId;
  readonly gapLog: GapLog;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Knows where one camera's footage is missing and why, through all its recorders and over restarts of the engine: a gap opens
 * when footage stops, is written down once it is longer than is tolerated, and ends with the next footage.
 *
 *     covered --missing--> suspected --tolerance--> open --footage--> covered
 */
export class GapTracker {
  readonly #options: GapTrackerOptions;
  readonly #writer: GapWriter;
  /** When the present recording began: from then on footage should come. */
  #recordingSinceUtcMs: number;
  /** Where the first footage or gap begins that was told: what is older is the past. */
  #presentSinceUtcMs: number | undefined;
  /** Where the newest footage ends. */
  #covered: Moment | undefined;
  #cause: GapCause | undefined;
  #framesDropped = 0;
  #open: KeptGap | undefined;
  #suspicion: Disposable | undefined;
  #past: Promise<void> | undefined;
  #isPastKnown = false;
  /** While the index has not told the past. */
  #retry: Disposable | undefined;
  #isPastOverdue = false;
  /** While the past is not known: what this run has told itself. */
  readonly #own = new Set<KeptGap>();
  /** A camera's next recorder may begin before the former has stopped. */
  #recorders = 0;

  constructor(options: GapTrackerOptions) {
    this.#options = options;
    this.#writer = new GapWriter(options);
    this.#recordingSinceUtcMs = options.clock.utcMs();
  }

  /**
   * A recorder begins; resolves when what was before is known, which should be before its first segment, or the index has not
   * told it in time: footage does not wait for that. Never rejects.
   */
  begin(): Promise<void> {
    this.#recorders += 1;
    this.#recordingSinceUtcMs = this.#options.clock.utcMs();
    this.#past ??= this.#readPast();
    return this.#inTime(this.#past);
  }

  footage({ start, end }: FootagePiece): void {
    this.#suspicion?.[Symbol.dispose]();
    this.#suspicion = undefined;
    this.#presentSinceUtcMs ??= start.utcMs;
    if (this.#open !== undefined) this.#close(this.#open, start.utcMs);
    else if (this.#covered !== undefined) this.#noteHole(this.#covered, start);
    this.#covered = end;
    this.#cause = undefined;
    this.#framesDropped = 0;
  }

  /** The disk did not keep what was told of as footage, from there on. */
  lost(from: Moment): void {
    if (this.#covered === undefined || from.utcMs >= this.#covered.utcMs) return;
    this.#covered = from;
    if (this.#open === undefined) return;
    this.#open.startUtcMs = Math.min(this.#open.startUtcMs, from.utcMs);
    this.#writer.save(this.#open);
  }

  /** Within a segment no picture came for a while. */
  stalled(startUtcMs: number, endUtcMs: number): void {
    this.#keep({ startUtcMs, endUtcMs: Math.max(startUtcMs, endUtcMs), evidence: { kind: 'stall' } });
  }

  /** From now on there is no footage. The first cause counts, until there is some again. */
  missing(cause: GapCause): void {
    if (this.#open !== undefined) this.#split(this.#open, cause);
    else if (this.#cause === undefined) this.#suspect(cause);
  }

  /** Pictures were there and thrown away, since the newest footage. */
  dropped(frames: number): void {
    this.#framesDropped += frames;
  }

  /** Nobody records any more. Resolves when that is written down; the caller's patience is its own. */
  async stopped(by: StoppedBy): Promise<void> {
    await this.#past;
    this.#recorders -= 1;
    if (this.#retry !== undefined && this.#recorders === 0) {
      this.#retry[Symbol.dispose]();
      this.#retry = undefined;
      this.#past = undefined;
    }
    const cause = { kind: 'stopped', by } as const;
    this.missing(cause);
    this.#confirm();
    await this.#writer.written();
  }

  async #inTime(past: Promise<void>): Promise<void> {
    const { promise: patienceEnds, resolve } = Promise.withResolvers<void>();
    const patience = this.#options.clock.after(pastPatienceMs, resolve);
    await Promise.race([past, patienceEnds]);
    patience[Symbol.dispose]();
  }

  async #readPast(): Promise<void> {
    const { cameraId, gapLog, clock, log } = this.#options;
    this.#retry = undefined;
    try {
      this.#recall(await gapLog.past(cameraId, this.#presentSinceUtcMs));
      this.#isPastOverdue = false;
      this.#isPastKnown = true;
      this.#own.clear();
    } catch (error) {
      if (this.#recorders === 0) {
        this.#past = undefined;
        return;
      }
      if (!this.#isPastOverdue)
        log.error(
          { cameraId, error },
          'What was before the start is not known yet: the index does not answer.',
        );
      this.#isPastOverdue = true;
      this.#retry = clock.after(retryAfterMs, () => void this.#readPast());
    }
  }

  /** Goes on with the gap that the engine's end left, or makes the one of an end without warning. */
  #recall(past: CameraPast): void {
    const { lastFootage } = past;
    const isOwn = [...this.#own].some(({ id }) => id !== undefined && id === past.openGap?.id);
    const { openGap, resumedUtcMs } = isOwn ? noGap : past;
    const presentSinceUtcMs = this.#presentSinceUtcMs;
    const followedByUtcMs = resumedUtcMs ?? presentSinceUtcMs;
    if (openGap !== undefined) {
      const known = this.#writer.known(openGap);
      if (followedByUtcMs === undefined) {
        this.#open = known;
        return;
      }
      this.#writer.save({ ...known, endUtcMs: Math.max(known.startUtcMs, followedByUtcMs) });
    }
    const isCoveredByGap = openGap !== undefined && resumedUtcMs === undefined;
    if (lastFootage === undefined || isCoveredByGap) return;
    const { endUtcMs: startUtcMs, bootId } = lastFootage;
    const { bootId: currentBootId } = this.#options.gapLog;
    const evidence = {
      kind: 'ended',
      former: { bootId },
      current: { bootId: currentBootId },
      isSameBoot: bootId === currentBootId,
    } as const;
    if (presentSinceUtcMs === undefined)
      this.#open = this.#keep({ startUtcMs, endUtcMs: undefined, evidence });
    else if (isGap({ lengthMs: presentSinceUtcMs - startUtcMs, framesDropped: 0, evidence }))
      this.#keep({ startUtcMs, endUtcMs: presentSinceUtcMs, evidence });
  }

  #suspect(cause: GapCause): void {
    this.#cause = cause;
    this.#suspicion = this.#options.clock.after(gapToleranceMs, () => this.#confirm());
  }

  /** What is suspected becomes a gap. */
  #confirm(): void {
    this.#suspicion?.[Symbol.dispose]();
    this.#suspicion = undefined;
    if (this.#open !== undefined || this.#cause === undefined) return;
    const startUtcMs = this.#covered?.utcMs ?? this.#recordingSinceUtcMs;
    this.#open = this.#keep({ startUtcMs, endUtcMs: undefined, evidence: evidenceOf(this.#cause) });
  }

  #split(open: KeptGap, cause: GapCause): void {
    const where = gapSplit(open.reason, gapReason(evidenceOf(cause)));
    if (where === 'nowhere') return;
    const splitUtcMs = where === 'now' ? this.#options.clock.utcMs() : this.#recordingSinceUtcMs;
    const startUtcMs = Math.max(open.startUtcMs, splitUtcMs);
    this.#close(open, startUtcMs);
    this.#open = this.#keep({ startUtcMs, endUtcMs: undefined, evidence: evidenceOf(cause) });
  }

  /** A gap that turns out to be none is forgotten. */
  #close(open: KeptGap, endUtcMs: number): void {
    this.#open = undefined;
    open.endUtcMs = Math.max(open.startUtcMs, endUtcMs);
    if (open.evidence.kind === 'storage')
      open.evidence = { ...open.evidence, framesDropped: this.#framesDropped };
    const lengthMs = open.endUtcMs - open.startUtcMs;
    const { evidence } = open;
    if (isGap({ lengthMs, framesDropped: this.#framesDropped, evidence })) this.#writer.save(open);
    else this.#writer.forget(open);
  }

  /** Both clocks must agree that time passed: one of them may have been set, or a picture may have been on its way for long. */
  #noteHole(covered: Moment, start: Moment): void {
    const lengthMs = Math.min(start.utcMs - covered.utcMs, start.monotonicMs - covered.monotonicMs);
    const evidence = this.#withDropped(
      this.#cause === undefined ? { kind: 'stall' } : evidenceOf(this.#cause),
    );
    if (!isGap({ lengthMs, framesDropped: this.#framesDropped, evidence })) return;
    const endUtcMs = Math.max(covered.utcMs, start.utcMs);
    this.#keep({ startUtcMs: covered.utcMs, endUtcMs, evidence });
  }

  #withDropped(evidence: KnownEvidence): KnownEvidence {
    return evidence.kind === 'storage' ? { ...evidence, framesDropped: this.#framesDropped } : evidence;
  }

  #keep(gap: {
    readonly startUtcMs: number;
    readonly endUtcMs: number | undefined;
    readonly evidence: KnownEvidence;
  }): KeptGap {
    const kept: KeptGap = { id: undefined, ...gap, reason: gapReason(gap.evidence) };
    this.#presentSinceUtcMs ??= gap.startUtcMs;
    if (!this.#isPastKnown) this.#own.add(kept);
    this.#writer.save(kept);
    return kept;
  }
}

const noGap = { openGap: undefined, resumedUtcMs: undefined } as const;
const retryAfterMs = 5000;
/** What comes meanwhile fits into the recorder's memory. */
const pastPatienceMs = 5000;

function evidenceOf(cause: GapCause): KnownEvidence {
  switch (cause.kind) {
    case 'storage':
      return { ...cause, detail: bounded(cause.detail), framesDropped: 0 };
    case 'interruption':
      return { ...cause, detail: bounded(cause.detail) };
    case 'stopped':
      return cause;
  }
}

function bounded(text: string): string {
  return text.slice(0, evidenceTextLimit);
}

/** A gap tracker for every camera, each for as long as the camera is configured. */
export class GapKeeper {
  readonly #options: Omit<GapTrackerOptions, 'cameraId'>;
  readonly #trackers = new Map<CameraId, GapTracker>();

  constructor(options: Omit<GapTrackerOptions, 'cameraId'>) {
    this.#options = options;
  }

  of(cameraId: CameraId): GapTracker {
    const known = this.#trackers.get(cameraId);
    if (known !== undefined) return known;
    const tracker = new GapTracker({ ...this.#options, cameraId });
    this.#trackers.set(cameraId, tracker);
    return tracker;
  }

  /** The camera is not configured any more, and its recorder has stopped. */
  forget(cameraId: CameraId): void {
    this.#trackers.delete(cameraId);
  }
}
