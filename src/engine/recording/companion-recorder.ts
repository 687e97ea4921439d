import type { CameraId } from '../../shared/engine-api/index.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { Sample } from '../media/sample.ts';
import type { SegmentContent, SegmentStore, SegmentWriter } from '../storage/index.ts';
import {
  CompanionAssembler,
  type CompanionEvent,
  type CompanionLimits,
  type CompanionPlace,
  type CompanionTracks,
} from './companion-assembler.ts';

export interface CompanionRecorderOptions {
  readonly cameraId: CameraId;
  readonly content: Exclude<SegmentContent, 'main'>;
  readonly store: SegmentStore;
  readonly log: Log;
  readonly limits: CompanionLimits & { readonly maximumQueuedBytes: number };
}

/**
 * Writes one companion track beside the video. It never holds the video up: what the disk does not take is dropped and counted,
 * up to the next segment.
 */
export class CompanionRecorder {
  readonly #options: CompanionRecorderOptions;
  readonly #assembler: CompanionAssembler;
  readonly #queue: CompanionEvent[] = [];
  #queuedBytes = 0;
  #samplesDropped = 0;
  #writer: SegmentWriter | undefined;
  #draining: Promise<void> | undefined;

  constructor(options: CompanionRecorderOptions) {
    this.#options = options;
    this.#assembler = new CompanionAssembler(options.limits);
  }

  get samplesDropped(): number {
    return this.#samplesDropped + this.#assembler.samplesDropped;
  }

  /** A segment of the video begins; this track's file goes with it. */
  cut(place: CompanionPlace, tracks: CompanionTracks): void {
    this.#accept(this.#assembler.cut(place, tracks));
  }

  add(sample: Sample): void {
    this.#accept(this.#assembler.add(sample));
  }

  /** The stream stopped, or has this track no more. */
  end(): void {
    this.#accept(this.#assembler.end());
  }

  /** The video's segment was given up, and with it what is held for this file. */
  discard(): void {
    this.#assembler.discardSegment();
    this.#dropWaiting();
  }

  /** What waits is thrown away, and the file ends with what the disk has taken. */
  #dropWaiting(): void {
    this.#dropQueue();
    this.#queue.push({ kind: 'end' });
    this.#draining ??= this.#drain();
  }

  /** Resolves when everything has been given to the disk. */
  async drained(): Promise<void> {
    await this.#draining;
  }

  #accept(events: readonly CompanionEvent[]): void {
    for (const event of events) {
      if (event.kind === 'part') this.#queuedBytes += event.part.byteLength;
      this.#queue.push(event);
    }
    if (this.#queuedBytes > this.#options.limits.maximumQueuedBytes) {
      this.#assembler.discard();
      this.#dropWaiting();
    }
    if (this.#queue.length > 0) this.#draining ??= this.#drain();
  }

  #dropQueue(): void {
    for (const event of this.#queue.splice(0)) {
      if (event.kind !== 'part') continue;
      this.#queuedBytes -= event.part.byteLength;
      this.#samplesDropped += event.part.sampleCount;
      event.part.release();
    }
  }

  async #drain(): Promise<void> {
    for (;;) {
      const event = this.#queue.shift();
      if (event === undefined) break;
      await this.#attempt(event);
      if (event.kind === 'part') this.#queuedBytes -= event.part.byteLength;
    }
    this.#draining = undefined;
  }

  /** A mistake of ours costs one file, and nothing else. */
  async #attempt(event: CompanionEvent): Promise<void> {
    const { cameraId, content, log } = this.#options;
    try {
      await this.#perform(event);
    } catch (error) {
      log.error({ cameraId, content, error }, 'Recording broke off because of an internal error.');
      const samplesLost = event.kind === 'part' ? event.part.sampleCount : 0;
      await this.#giveUp('Recording broke off because of an internal error; see the log.', samplesLost).catch(
        (again: unknown) => log.error({ cameraId, content, error: again }, 'A file could not be given up.'),
      );
    }
  }

  async #perform(event: CompanionEvent): Promise<void> {
    switch (event.kind) {
      case 'start':
        return this.#begin(event);
      case 'part': {
        const { part } = event;
        const writer = this.#writer;
        if (writer === undefined) {
          this.#samplesDropped += part.sampleCount;
          part.release();
          return;
        }
        const outcome = await writer.append({ ...part, videoFrames: part.sampleCount });
        if (outcome.kind === 'failed') await this.#giveUp(outcome.failure.detail, part.sampleCount);
        return;
      }
      case 'end': {
        const outcome = await this.#writer?.finish();
        if (outcome?.kind === 'failed') await this.#giveUp(outcome.failure.detail, 0);
        this.#writer = undefined;
        return;
      }
    }
  }

  async #begin({ place, tracks }: Extract<CompanionEvent, { readonly kind: 'start' }>): Promise<void> {
    const { cameraId, content, store } = this.#options;
    const outcome = await store.begin({
      cameraId,
      content,
      tracks,
      startUtcMs: place.utcMs,
      startMonotonicMs: place.arrivalMonotonicMs,
      mediaStart90k: 0,
    });
    if (outcome.kind === 'done') this.#writer = outcome.value;
    else this.#tell(outcome.failure.detail);
  }

  /** Until the next segment begins, what comes is dropped. */
  async #giveUp(detail: string, samplesLost: number): Promise<void> {
    this.#samplesDropped += samplesLost;
    this.#tell(detail);
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.abandon();
  }

  #tell(detail: string): void {
    const { cameraId, content, log } = this.#options;
    log.warn(
      { cameraId, content, detail },
      'A track beside the video is not written up to the next segment.',
    );
  }
}
