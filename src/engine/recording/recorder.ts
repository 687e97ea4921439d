import type { CameraId, RecordingState } from '../../shared/engine-api/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import { stallToleranceMs } from '../../shared/domain/gaps.ts';
import type { Log } from '../../shared/domain/log.ts';
import { mainFileTracks } from '../media/fmp4/index.ts';
import type { Interruption, Sample, StreamDescription, StreamSubscriber } from '../media/sample.ts';
import { failed } from '../storage/index.ts';
import type { Outcome, SegmentStore, SegmentWriter, StorageFailure } from '../storage/index.ts';
import type { GapCause, GapTracker, Moment, StoppedBy } from './gap-tracker.ts';
import { Companions } from './companions.ts';
import {
  PartAssembler,
  type AssembledPart,
  type AssemblyEvent,
  type SegmentStart,
} from './part-assembler.ts';
import { staggerMs } from './stagger.ts';

export interface RecorderLimits {
  readonly partDurationMs: number;
  readonly maximumPartBytes: number;
  readonly segmentDurationMs: number;
  /** Parts waiting for the disk; beyond it frames are dropped up to a sync picture. */
  readonly maximumQueuedBytes: number;
  /** A disk that has not answered for this long is reported as faulty. */
  readonly hangAfterMs: number;
  /** Stopping waits for the disk and the index for so long. */
  readonly stopPatienceMs: number;
}

export const defaultRecorderLimits: RecorderLimits = {
  partDurationMs: 1000,
  maximumPartBytes: 4 * 1024 ** 2,
  segmentDurationMs: 60_000,
  maximumQueuedBytes: 16 * 1024 ** 2,
  hangAfterMs: 10_000,
  stopPatienceMs: 1_000,
};

export interface RecorderOptions {
  readonly cameraId: CameraId;
  readonly store: SegmentStore;
  /** Where the camera's missing footage is accounted for. */
  readonly gaps?: GapTracker;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<RecorderLimits>;
}

export interface RecorderStatus {
  readonly state: RecordingState;
  /** Written since the engine's start; only grows, although a failed sync may take some of it back. */
  readonly bytesRecorded: number;
  /** Pictures in files since the engine's start. */
  readonly framesRecorded: number;
  /** Pictures that came and are in no file, because the disk was full, faulty or too slow. */
  readonly framesDropped: number;
  /** Frames of sound that came too late for their segment, and samples beside the video that the disk did not take. */
  readonly soundsDropped: number;
  readonly queuedBytes: number;
}

/** Records one stream of one camera. */
export interface Recorder extends StreamSubscriber {
  status(): RecorderStatus;
  /**
   * Writes what is held, finishes the segment, and waits for the disk, up to `stopPatienceMs`. Samples after this are ignored.
   * `by`: who wants it, for the gap that begins here.
   */
  stop(by?: StoppedBy): Promise<void>;
}

export function createRecorder(options: RecorderOptions): Recorder {
  return new SegmentRecorder(options);
}

/** What is done in order: what the assembler makes, and what is to be said of footage that is missing. */
type Operation =
  | AssemblyEvent
  | { readonly kind: 'missing'; readonly cause: GapCause }
  /** Pictures that were thrown away before those that follow. */
  | { readonly kind: 'dropped'; readonly frames: number };

/** `paused`: until a sync picture comes, the queue is half empty and the volume is well. */
type Intake = 'open' | 'paused' | 'closing' | 'closed';

class SegmentRecorder implements Recorder {
  readonly #options: RecorderOptions;
  readonly #limits: RecorderLimits;
  readonly #assembler: PartAssembler;
  readonly #companions: Companions;
  readonly #queue: Operation[] = [];
  #intake: Intake = 'open';
  #state: RecordingState = { kind: 'waiting-for-stream' };
  #writer: SegmentWriter | undefined;
  #draining: Promise<void> | undefined;
  #waitingSinceMonotonicMs: number | undefined;
  #queuedBytes = 0;
  #bytesRecorded = 0;
  #framesRecorded = 0;
  #framesDropped = 0;
  /** Of these, those that no gap has been told of. */
  #unexplainedFrames = 0;
  /** The place in time of the segment being written, and the length of it that is. */
  #segment: { readonly start: Moment; duration90k: number; frameCount: number } | undefined;
  /** Overwritten for each picture. */
  #previousPicture: { dts90k: number; utcMs: number; intervalMs: number } | undefined;
  readonly #pastIsKnown: Promise<void> | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#limits = { ...defaultRecorderLimits, ...options.limits };
    const { segmentDurationMs } = this.#limits;
    this.#assembler = new PartAssembler({
      ...this.#limits,
      staggerMs: staggerMs(options.cameraId, segmentDurationMs),
    });
    this.#companions = new Companions({ ...options, limits: this.#limits });
    this.#pastIsKnown = options.gaps?.begin();
  }

  onDescription(description: StreamDescription): void {
    this.#assembler.describe(description);
    this.#companions.describe(description);
  }

  onSample(sample: Sample): void {
    if (this.#intake === 'closing' || this.#intake === 'closed') return;
    if (this.#intake === 'paused' && !this.#mayResumeWith(sample)) {
      if (sample.track === 'video') this.#drop(1);
      return;
    }
    if (this.#intake === 'paused') this.#resume();
    if (sample.track === 'video') this.#watchForStall(sample);
    this.#accept(this.#assembler.add(sample));
    this.#companions.add(sample, this.#assembler.segmentPlace);
  }

  onInterruption({ kind, detail }: Interruption): void {
    this.#previousPicture = undefined;
    if (this.#intake === 'open') this.#endSegment();
    this.#enqueue({ kind: 'missing', cause: { kind: 'interruption', interruption: kind, detail } });
  }

  status(): RecorderStatus {
    return {
      state: this.#intake === 'closed' ? { kind: 'off' } : (this.#hang() ?? this.#stateNow()),
      bytesRecorded: this.#bytesRecorded,
      framesRecorded: this.#framesRecorded,
      framesDropped: this.#framesDropped,
      soundsDropped: this.#assembler.soundsDropped + this.#companions.samplesDropped,
      queuedBytes: this.#queuedBytes,
    };
  }

  async stop(by: StoppedBy = 'configuration'): Promise<void> {
    if (this.#intake === 'open') this.#endSegment();
    this.#intake = 'closing';
    await this.#finished(by);
    this.#intake = 'closed';
  }

  /** A disk that hangs does not keep the engine from stopping: what it has not taken by then is lost. */
  async #finished(by: StoppedBy): Promise<void> {
    const { clock, cameraId, log, gaps } = this.#options;
    const { promise: patienceEnds, resolve } = Promise.withResolvers<'hangs'>();
    const timer = clock.after(this.#limits.stopPatienceMs, () => resolve('hangs'));
    const drained = await Promise.race([this.#drained(), patienceEnds]);
    if (drained === 'hangs') {
      log.error(
        { cameraId, queuedBytes: this.#queuedBytes },
        'Stopped recording without waiting for the disk any longer.',
      );
      this.#dropQueue();
      this.#companions.discard();
    }
    await Promise.race([gaps?.stopped(by), patienceEnds]);
    timer[Symbol.dispose]();
  }

  #mayResumeWith(sample: Sample): boolean {
    return (
      sample.track === 'video' &&
      sample.isSync &&
      this.#queuedBytes <= this.#limits.maximumQueuedBytes / 2 &&
      this.#options.store.obstacle() === undefined
    );
  }

  async #drained(): Promise<void> {
    await this.#draining;
    await this.#companions.drained();
  }

  #endSegment(): void {
    this.#accept(this.#assembler.end());
    this.#companions.end();
  }

  #accept(events: readonly AssemblyEvent[]): void {
    // Most samples make no part.
    if (events.length === 0 && this.#queue.length === 0) return;
    for (const event of events) {
      if (
        event.kind === 'part' &&
        this.#queuedBytes + event.part.byteLength > this.#limits.maximumQueuedBytes
      ) {
        this.#overflow(event.part);
        return;
      }
      if (event.kind === 'part') this.#queuedBytes += event.part.byteLength;
      this.#queue.push(event);
    }
    if (this.#queue.length > 0) this.#draining ??= this.#drain();
  }

  #enqueue(operation: Operation): void {
    // The first of those that are not planned counts until there is footage again: while a disk hangs, they do not pile up.
    if (this.#queue.at(-1)?.kind === 'missing' && isUnplanned(operation)) return;
    this.#queue.push(operation);
    this.#draining ??= this.#drain();
  }

  #drop(frames: number): void {
    this.#framesDropped += frames;
    this.#unexplainedFrames += frames;
  }

  #resume(): void {
    this.#intake = 'open';
    if (this.#unexplainedFrames === 0) return;
    this.#queue.push({ kind: 'dropped', frames: this.#unexplainedFrames });
    this.#unexplainedFrames = 0;
  }

  /** Everything that waits is thrown away. */
  #dropQueue(): void {
    for (const operation of this.#queue.splice(0)) {
      if (operation.kind === 'part') {
        this.#queuedBytes -= operation.part.byteLength;
        operation.part.release();
        this.#drop(operation.part.videoFrames);
      }
      // No footage followed them after all.
      if (operation.kind === 'dropped') this.#unexplainedFrames += operation.frames;
    }
  }

  /** A connection may stand and bring nothing for a while. */
  #watchForStall({ dts90k, utcMs }: Sample): void {
    const previous = this.#previousPicture;
    if (previous === undefined) {
      this.#previousPicture = { dts90k, utcMs, intervalMs: Infinity };
      return;
    }
    const intervalMs = (dts90k - previous.dts90k) / 90;
    const usualMs = previous.intervalMs;
    const isStall = intervalMs > stallToleranceMs(usualMs);
    previous.dts90k = dts90k;
    previous.utcMs = utcMs;
    if (isStall) this.#options.gaps?.stalled(utcMs - intervalMs + usualMs, utcMs);
    else previous.intervalMs = intervalMs;
  }

  /** The disk is too slow: what does not fit is dropped, and the segment ends where it does. */
  #overflow(part: AssembledPart): void {
    const { cameraId, log, clock } = this.#options;
    const lost = part.videoFrames + this.#assembler.discard();
    part.release();
    this.#drop(lost);
    this.#pause();
    const reason = 'disk-error';
    const detail = `The disk is too slow: ${this.#queuedBytes} bytes wait for it. Use a faster disk or fewer cameras.`;
    this.#queue.push({ kind: 'segment-end', because: 'stopped' });
    this.#queue.push({ kind: 'missing', cause: { kind: 'storage', failure: reason, detail } });
    this.#state = { kind: 'halted', reason, detail, sinceUtcMs: clock.utcMs() };
    log.warn(
      { cameraId, queuedBytes: this.#queuedBytes, framesDropped: lost },
      'The disk is too slow: dropping frames.',
    );
  }

  async #drain(): Promise<void> {
    for (;;) {
      const operation = this.#queue.shift();
      if (operation === undefined) break;
      this.#waitingSinceMonotonicMs = this.#options.clock.monotonicMs();
      const outcome = await this.#attempt(operation);
      this.#waitingSinceMonotonicMs = undefined;
      if (operation.kind === 'part') this.#queuedBytes -= operation.part.byteLength;
      if (outcome.kind === 'failed') await this.#halt(outcome.failure, operation);
    }
    this.#draining = undefined;
  }

  /** A mistake of ours halts one camera's recording, up to the next sync picture, and no other's. */
  async #attempt(operation: Operation): Promise<Outcome<void>> {
    try {
      return await this.#perform(operation);
    } catch (error) {
      const { cameraId, log } = this.#options;
      log.error({ cameraId, error }, 'Recording broke off because of an internal error.');
      return failed({
        reason: 'disk-error',
        detail: 'Recording broke off because of an internal error; see the log.',
      });
    }
  }

  async #perform(operation: Operation): Promise<Outcome<void>> {
    switch (operation.kind) {
      case 'segment-start':
        return this.#begin(operation.start);
      case 'part':
        return this.#append(operation.part);
      case 'segment-end':
        return this.#end(operation.because);
      case 'missing':
        this.#options.gaps?.missing(operation.cause);
        return { kind: 'done', value: undefined };
      case 'dropped':
        this.#options.gaps?.dropped(operation.frames);
        return { kind: 'done', value: undefined };
    }
  }

  #pause(): void {
    if (this.#intake === 'open') this.#intake = 'paused';
    this.#companions.discard();
    this.#previousPicture = undefined;
  }

  async #begin({ description, ...place }: SegmentStart): Promise<Outcome<void>> {
    const { cameraId, store, clock } = this.#options;
    await this.#pastIsKnown;
    const outcome = await store.begin({
      cameraId,
      content: 'main',
      tracks: mainFileTracks(description),
      ...place,
    });
    if (outcome.kind === 'failed') return outcome;
    this.#writer = outcome.value;
    this.#segment = {
      start: { utcMs: place.startUtcMs, monotonicMs: place.startMonotonicMs },
      duration90k: 0,
      frameCount: 0,
    };
    // What waited is still written while new pictures are dropped: that is no recording.
    if (this.#intake !== 'paused') {
      const sinceUtcMs = this.#state.kind === 'recording' ? this.#state.sinceUtcMs : clock.utcMs();
      this.#state = { kind: 'recording', sinceUtcMs };
    }
    return { kind: 'done', value: undefined };
  }

  async #append(part: AssembledPart): Promise<Outcome<void>> {
    if (this.#writer === undefined) part.release();
    const outcome = await (this.#writer?.append(part) ?? nothingToWriteTo());
    if (outcome.kind === 'done') {
      this.#bytesRecorded += part.byteLength;
      this.#framesRecorded += part.videoFrames;
      this.#noteFootage(part);
    }
    return outcome;
  }

  #noteFootage({ segmentDuration90k: duration90k, videoFrames }: AssembledPart): void {
    const segment = this.#segment;
    if (segment === undefined) return;
    segment.frameCount += videoFrames;
    if (duration90k <= segment.duration90k) return;
    this.#options.gaps?.footage({
      start: later(segment.start, segment.duration90k),
      end: later(segment.start, duration90k),
    });
    segment.duration90k = duration90k;
  }

  /** What was written and does not count, because a sync failed. */
  #takeBack({ kept }: SegmentWriter): void {
    const segment = this.#segment;
    if (segment === undefined || kept.frameCount >= segment.frameCount) return;
    const frames = segment.frameCount - kept.frameCount;
    this.#framesRecorded -= frames;
    this.#drop(frames);
    this.#options.gaps?.lost(later(segment.start, kept.duration90k));
    this.#segment = undefined;
  }

  async #end(because: 'cut' | 'stopped'): Promise<Outcome<void>> {
    const outcome = await (this.#writer?.finish() ?? nothingToWriteTo());
    if (outcome.kind === 'done') {
      this.#writer = undefined;
      if (because === 'stopped' && this.#state.kind === 'recording')
        this.#state = { kind: 'waiting-for-stream' };
    }
    return outcome;
  }

  /** Everything that waits is lost and counted; recording resumes with a sync picture once the volume is well. */
  async #halt({ reason, detail }: StorageFailure, operation: Operation): Promise<void> {
    const { cameraId, clock, gaps, log } = this.#options;
    const sinceUtcMs = this.#state.kind === 'halted' ? this.#state.sinceUtcMs : clock.utcMs();
    this.#state = { kind: 'halted', reason, detail, sinceUtcMs };
    this.#pause();
    if (operation.kind === 'part') this.#drop(operation.part.videoFrames);
    this.#dropQueue();
    this.#drop(this.#assembler.discard());
    const writer = this.#writer;
    this.#writer = undefined;
    if (writer !== undefined) this.#takeBack(writer);
    gaps?.missing({ kind: 'storage', failure: reason, detail });
    try {
      await writer?.abandon();
    } catch (error) {
      log.error({ cameraId, error }, 'A segment could not be given up because of an internal error.');
    }
  }

  #stateNow(): RecordingState {
    const segmentId = this.#writer?.segmentId;
    return this.#state.kind === 'recording' && segmentId !== undefined
      ? { ...this.#state, segmentId }
      : this.#state;
  }

  #hang(): RecordingState | undefined {
    const { clock } = this.#options;
    if (this.#waitingSinceMonotonicMs === undefined) return undefined;
    const waitedMs = clock.monotonicMs() - this.#waitingSinceMonotonicMs;
    if (waitedMs < this.#limits.hangAfterMs) return undefined;
    return {
      kind: 'halted',
      reason: 'disk-error',
      detail: `The disk has not answered for ${Math.floor(waitedMs / 1000)} s. Check it and its connection.`,
      sinceUtcMs: clock.utcMs() - waitedMs,
    };
  }
}

function later({ utcMs, monotonicMs }: Moment, by90k: number): Moment {
  return { utcMs: utcMs + by90k / 90, monotonicMs: monotonicMs + by90k / 90 };
}

function isUnplanned(operation: Operation): boolean {
  if (operation.kind !== 'missing') return false;
  const { cause } = operation;
  return cause.kind === 'interruption' && cause.interruption !== 'stopped';
}

/** The assembler starts a segment before its parts: without a writer this is a bug. */
function nothingToWriteTo(): never {
  throw new Error('A part or an end came before the start of a segment.');
}
