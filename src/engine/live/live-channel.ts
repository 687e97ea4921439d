import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { liveCloseCodes } from '../../shared/engine-api/index.ts';
import {
  flvTimestampMs,
  maximumSampleBytes,
  maximumTimestampMs,
  writeConfigurationTags,
  writeFlvHeader,
} from '../media/flv/index.ts';
import type { Interruption, Sample, StreamDescription, StreamSubscriber } from '../media/sample.ts';
import { GopCache } from './gop-cache.ts';
import { LiveTag } from './live-tag.ts';
import { Viewer } from './viewer.ts';
import type { ViewerSink } from './viewer-sink.ts';

export interface LiveLimits {
  /** For newcomers to start at once; 0 keeps nothing, and they wait for the next sync picture. */
  readonly gopCacheBytes: number;
  readonly maximumViewers: number;
  /** Unsent bytes of one viewer; at least the cache's size, or newcomers begin by dropping. */
  readonly maximumQueuedBytes: number;
  readonly tooSlowAfterMs: number;
  /** How long viewers stay while the camera is gone. */
  readonly lingerMs: number;
}

export const defaultLiveLimits: LiveLimits = {
  gopCacheBytes: 4 * 1024 ** 2,
  maximumViewers: 64,
  maximumQueuedBytes: 8 * 1024 ** 2,
  tooSlowAfterMs: 10_000,
  lingerMs: 30_000,
};

export interface LiveChannelOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<LiveLimits>;
}

export interface LiveStatus {
  readonly viewers: number;
  readonly gopCacheBytes: number;
  /** Pictures that viewers, present and past, missed because they were slow. */
  readonly framesDropped: number;
  readonly viewersClosedAsTooSlow: number;
  readonly viewersRefused: number;
}

export type Admission =
  /** Disposing ends the viewing; harmless after the channel closed the sink itself. */
  | { readonly kind: 'opened'; readonly viewer: Disposable }
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string };

/**
 * One stream to any number of viewers, as FLV. Each tag is made once and shared. Its time counts from the channel's first
 * sample, so a viewer's first tag may have any time: mpegts.js, ffmpeg and VLC count from the first they see.
 *
 * When parameters change and the tracks stay the same kinds, viewers get new sequence headers before the sync picture
 * (mpegts.js then makes a new initialization segment). When sound appears or goes, they are closed with `streamEnded`, for
 * the file header has said which tracks there are.
 */
export interface LiveChannel extends StreamSubscriber {
  addViewer(sink: ViewerSink): Admission;
  status(): LiveStatus;
  /** Closes every viewer; the channel can be used again. */
  close(code: number, reason: string): void;
}

export function createLiveChannel(options: LiveChannelOptions): LiveChannel {
  return new FlvChannel(options);
}

class FlvChannel implements LiveChannel {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: LiveLimits;
  readonly #cache: GopCache;
  readonly #viewers = new Set<Viewer>();
  /** What viewers have been told. */
  #description: StreamDescription | undefined;
  /** What they will be told with the sync picture that comes. */
  #nextDescription: StreamDescription | undefined;
  #origin90k: number | undefined;
  #isFlowing = false;
  #linger: Disposable | undefined;
  #framesDroppedByPastViewers = 0;
  #viewersClosedAsTooSlow = 0;
  #viewersRefused = 0;

  constructor({ clock, log, limits }: LiveChannelOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#limits = { ...defaultLiveLimits, ...limits };
    this.#cache = new GopCache(this.#limits.gopCacheBytes);
  }

  onDescription(description: StreamDescription): void {
    if (description.generation !== this.#description?.generation) this.#nextDescription = description;
  }

  onSample(sample: Sample): void {
    if (this.#nextDescription !== undefined && !this.#beginsGeneration(sample)) return;
    const origin90k = (this.#origin90k ??= sample.dts90k);
    const timestampMs = flvTimestampMs(sample.dts90k, origin90k);
    if (timestampMs < 0) return; // Sound from before the first picture.
    if (timestampMs > maximumTimestampMs) {
      this.#startOver();
      return;
    }
    this.#isFlowing = true;
    this.#endLinger();
    this.#adopt(this.#nextDescription, timestampMs);
    if (sample.data.byteLength > maximumSampleBytes) this.#skip(sample);
    else this.#distribute(new LiveTag(sample, origin90k));
  }

  onInterruption(interruption: Interruption): void {
    this.#isFlowing = false;
    this.#breakGroup();
    if (interruption.kind === 'stopped') this.close(liveCloseCodes.streamEnded, 'The stream was stopped.');
    else if (this.#viewers.size > 0) this.#beginLinger();
  }

  addViewer(sink: ViewerSink): Admission {
    const { maximumViewers } = this.#limits;
    if (this.#viewers.size >= maximumViewers) {
      this.#viewersRefused += 1;
      const reason = `This stream serves ${maximumViewers} viewers at most.`;
      return { kind: 'refused', code: liveCloseCodes.tooManyViewers, reason };
    }
    const viewer = new Viewer(sink, this.#limits);
    this.#viewers.add(viewer);
    if (!this.#isFlowing) this.#beginLinger();
    else if (this.#description !== undefined) this.#welcome(viewer, this.#description);
    return { kind: 'opened', viewer: { [Symbol.dispose]: () => this.#forget(viewer) } };
  }

  status(): LiveStatus {
    const dropped = Iterator.from(this.#viewers).reduce((sum, viewer) => sum + viewer.framesDropped, 0);
    return {
      viewers: this.#viewers.size,
      gopCacheBytes: this.#cache.byteLength,
      framesDropped: this.#framesDroppedByPastViewers + dropped,
      viewersClosedAsTooSlow: this.#viewersClosedAsTooSlow,
      viewersRefused: this.#viewersRefused,
    };
  }

  close(code: number, reason: string): void {
    this.#endLinger();
    for (const viewer of this.#viewers) this.#dismiss(viewer, code, reason);
  }

  #beginsGeneration(sample: Sample): boolean {
    return sample.track === 'video' && sample.isSync;
  }

  #adopt(description: StreamDescription | undefined, timestampMs: number): void {
    if (description === undefined) return;
    const before = this.#description;
    this.#description = description;
    this.#nextDescription = undefined;
    this.#cache.clear();
    if (before !== undefined && (before.audio === undefined) !== (description.audio === undefined))
      this.close(liveCloseCodes.streamEnded, 'Sound was switched on or off at the camera; open again.');
    const header = writeFlvHeader(description);
    const tags = configurationBytes(description, timestampMs);
    for (const viewer of this.#viewers) viewer.configure(header, tags);
  }

  #welcome(viewer: Viewer, description: StreamDescription): void {
    const group = this.#cache.tags;
    const [first] = group;
    viewer.configure(writeFlvHeader(description), configurationBytes(description, first?.timestampMs ?? 0));
    viewer.sendGroup(group);
  }

  /** Viewers first: what the cache lets go of again at once cannot be read any more. */
  #distribute(tag: LiveTag): void {
    if (this.#viewers.size > 0) this.#offer(tag);
    this.#cache.add(tag);
  }

  #offer(tag: LiveTag): void {
    const nowMonotonicMs = this.#clock.monotonicMs();
    for (const viewer of this.#viewers) {
      if (viewer.offer(tag, nowMonotonicMs)) continue;
      this.#viewersClosedAsTooSlow += 1;
      this.#dismiss(viewer, liveCloseCodes.tooSlow, 'The connection is too slow for this stream.');
    }
  }

  /** FLV cannot hold it, and what refers to it cannot be decoded. */
  #skip(sample: Sample): void {
    this.#log.warn(
      { byteLength: sample.data.byteLength },
      'A sample is too large for live viewing and is skipped.',
    );
    this.#breakGroup();
  }

  /** FLV's clock has run out after 24.8 days: viewers open again, and time starts anew with the next sync picture. */
  #startOver(): void {
    this.close(liveCloseCodes.streamEnded, 'The stream reached the end of its clock; open again.');
    this.#cache.clear();
    this.#origin90k = undefined;
    this.#nextDescription ??= this.#description;
  }

  #breakGroup(): void {
    this.#cache.clear();
    for (const viewer of this.#viewers) viewer.pause();
  }

  #beginLinger(): void {
    this.#linger ??= this.#clock.after(this.#limits.lingerMs, () => {
      this.#linger = undefined;
      this.close(liveCloseCodes.streamEnded, 'The camera sends nothing.');
    });
  }

  #endLinger(): void {
    this.#linger?.[Symbol.dispose]();
    this.#linger = undefined;
  }

  #dismiss(viewer: Viewer, code: number, reason: string): void {
    this.#forget(viewer);
    viewer.close(code, reason);
  }

  #forget(viewer: Viewer): void {
    if (this.#viewers.delete(viewer)) this.#framesDroppedByPastViewers += viewer.framesDropped;
  }
}

function configurationBytes(description: StreamDescription, timestampMs: number): Uint8Array {
  return Buffer.concat(writeConfigurationTags(description, timestampMs).flatMap((tag) => tag.chunks));
}
