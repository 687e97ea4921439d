import type { CameraId, RecordingState } from '../../shared/engine-api/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { mainFileTracks } from '../media/fmp4/index.ts';
import type { Interruption, Sample, StreamDescription, StreamSubscriber } from '../media/sample.ts';
import type { Outcome, SegmentStore, SegmentWriter, StorageFailure } from '../storage/index.ts';
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
}

export const defaultRecorderLimits: RecorderLimits = {
  partDurationMs: 1000,
  maximumPartBytes: 4 * 1024 ** 2,
  segmentDurationMs: 60_000,
  maximumQueuedBytes: 16 * 1024 ** 2,
  hangAfterMs: 10_000,
};

export interface RecorderOptions {
  readonly cameraId: CameraId;
  readonly store: SegmentStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<RecorderLimits>;
}

export interface RecorderStatus {
  readonly state: RecordingState;
  /** Since the engine's start. */
  readonly bytesRecorded: number;
  readonly framesRecorded: number;
  /** Pictures that came and were not recorded, because the disk was full, faulty or too slow. */
  readonly framesDropped: number;
  /** Frames of sound that came too late for their segment. */
  readonly soundsDropped: number;
  readonly queuedBytes: number;
}

/** Records one stream of one camera. */
export interface Recorder extends StreamSubscriber {
  status(): RecorderStatus;
  /** Writes what is held, finishes the segment, and waits for the disk, up to `hangAfterMs`. Samples after this are ignored. */
  stop(): Promise<void>;
}

export function createRecorder(options: RecorderOptions): Recorder {
  return new SegmentRecorder(options);
}

/** `paused`: until a sync picture comes, the queue is half empty and the volume is well. */
type Intake = 'open' | 'paused' | 'closing' | 'closed';

class SegmentRecorder implements Recorder {
  readonly #options: RecorderOptions;
  readonly #limits: RecorderLimits;
  readonly #assembler: PartAssembler;
  readonly #queue: AssemblyEvent[] = [];
  #intake: Intake = 'open';
  #state: RecordingState = { kind: 'waiting-for-stream' };
  #writer: SegmentWriter | undefined;
  #draining: Promise<void> | undefined;
  #waitingSinceMonotonicMs: number | undefined;
  #queuedBytes = 0;
  #bytesRecorded = 0;
  #framesRecorded = 0;
  #framesDropped = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#limits = { ...defaultRecorderLimits, ...options.limits };
    const { segmentDurationMs } = this.#limits;
    this.#assembler = new PartAssembler({
      ...this.#limits,
      staggerMs: staggerMs(options.cameraId, segmentDurationMs),
    });
  }

  onDescription(description: StreamDescription): void {
    this.#assembler.describe(description);
  }

  onSample(sample: Sample): void {
    if (this.#intake === 'closing' || this.#intake === 'closed') return;
    if (this.#intake === 'paused' && !this.#mayResumeWith(sample)) {
      if (sample.track === 'video') this.#framesDropped += 1;
      return;
    }
    this.#intake = 'open';
    this.#accept(this.#assembler.add(sample));
  }

  onInterruption(_interruption: Interruption): void {
    if (this.#intake === 'open') this.#accept(this.#assembler.end());
  }

  status(): RecorderStatus {
    return {
      state: this.#intake === 'closed' ? { kind: 'off' } : (this.#hang() ?? this.#state),
      bytesRecorded: this.#bytesRecorded,
      framesRecorded: this.#framesRecorded,
      framesDropped: this.#framesDropped,
      soundsDropped: this.#assembler.soundsDropped,
      queuedBytes: this.#queuedBytes,
    };
  }

  async stop(): Promise<void> {
    if (this.#intake === 'open') this.#accept(this.#assembler.end());
    this.#intake = 'closing';
    await this.#drained();
    this.#intake = 'closed';
  }

  /** A disk that hangs does not keep the engine from stopping: what it has not taken by then is lost. */
  async #drained(): Promise<void> {
    const { clock, cameraId, log } = this.#options;
    const { promise: patienceEnds, resolve } = Promise.withResolvers<'hangs'>();
    const timer = clock.after(this.#limits.hangAfterMs, () => resolve('hangs'));
    const outcome = await Promise.race([this.#draining, patienceEnds]);
    timer[Symbol.dispose]();
    if (outcome !== 'hangs') return;
    log.error(
      { cameraId, queuedBytes: this.#queuedBytes },
      'Stopped recording without waiting for the disk any longer.',
    );
  }

  #mayResumeWith(sample: Sample): boolean {
    return (
      sample.track === 'video' &&
      sample.isSync &&
      this.#queuedBytes <= this.#limits.maximumQueuedBytes / 2 &&
      this.#options.store.obstacle() === undefined
    );
  }

  #accept(events: readonly AssemblyEvent[]): void {
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

  /** The disk is too slow: what does not fit is dropped, and the segment ends where it does. */
  #overflow(part: AssembledPart): void {
    const { cameraId, log, clock } = this.#options;
    const lost = part.videoFrames + this.#assembler.discard();
    part.release();
    this.#framesDropped += lost;
    this.#intake = 'paused';
    this.#queue.push({ kind: 'segment-end', because: 'stopped' });
    this.#state = {
      kind: 'halted',
      reason: 'disk-error',
      detail: `The disk is too slow: ${this.#queuedBytes} bytes wait for it. Use a faster disk or fewer cameras.`,
      sinceUtcMs: clock.utcMs(),
    };
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
      const outcome = await this.#perform(operation);
      this.#waitingSinceMonotonicMs = undefined;
      if (operation.kind === 'part') this.#queuedBytes -= operation.part.byteLength;
      if (outcome.kind === 'failed') await this.#halt(outcome.failure, operation);
    }
    this.#draining = undefined;
  }

  #perform(operation: AssemblyEvent): Promise<Outcome<void>> {
    if (operation.kind === 'segment-start') return this.#begin(operation.start);
    return operation.kind === 'part' ? this.#append(operation.part) : this.#end(operation.because);
  }

  async #begin({ description, ...place }: SegmentStart): Promise<Outcome<void>> {
    const { cameraId, store, clock } = this.#options;
    const outcome = await store.begin({
      cameraId,
      content: 'main',
      tracks: mainFileTracks(description),
      ...place,
    });
    if (outcome.kind === 'failed') return outcome;
    this.#writer = outcome.value;
    const sinceUtcMs = this.#state.kind === 'recording' ? this.#state.sinceUtcMs : clock.utcMs();
    this.#state = { kind: 'recording', sinceUtcMs, segmentId: outcome.value.segmentId };
    return { kind: 'done', value: undefined };
  }

  async #append(part: AssembledPart): Promise<Outcome<void>> {
    const outcome = await (this.#writer?.append(part) ?? nothingToWriteTo());
    if (outcome.kind === 'done') {
      this.#bytesRecorded += part.byteLength;
      this.#framesRecorded += part.videoFrames;
    }
    return outcome;
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
  async #halt({ reason, detail }: StorageFailure, failed: AssemblyEvent): Promise<void> {
    const { clock } = this.#options;
    const sinceUtcMs = this.#state.kind === 'halted' ? this.#state.sinceUtcMs : clock.utcMs();
    this.#state = { kind: 'halted', reason, detail, sinceUtcMs };
    if (this.#intake === 'open') this.#intake = 'paused';
    const waiting = this.#queue.splice(0).filter((operation) => operation.kind === 'part');
    for (const { part } of waiting) part.release();
    const lost = failed.kind === 'part' ? [failed, ...waiting] : waiting;
    this.#queuedBytes = 0;
    this.#framesDropped +=
      lost.reduce((sum, { part }) => sum + part.videoFrames, 0) + this.#assembler.discard();
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.abandon();
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

/** The assembler starts a segment before its parts: without a writer this is a bug. */
function nothingToWriteTo(): never {
  throw new Error('A part or an end came before the start of a segment.');
}
