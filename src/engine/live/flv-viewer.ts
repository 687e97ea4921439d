import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { liveCloseCodes } from '../../shared/engine-api/index.ts';
import { flvSound } from '../media/flv/index.ts';
import type { Interruption, Sample, StreamDescription, StreamSubscriber } from '../media/sample.ts';
import type { FlvEncoder, SharedTag } from './flv-encoder.ts';
import { SendQueue } from './send-queue.ts';
import type { SendLimits } from './send-queue.ts';
import type { JoinableStream } from './stream-fanout.ts';
import type { ViewerSink } from './viewer-sink.ts';

export interface FlvViewerLimits extends SendLimits {
  /** How long a viewer stays while the camera is gone. */
  readonly lingerMs: number;
}

interface FlvViewerOptions {
  readonly sink: ViewerSink;
  readonly encoder: FlvEncoder;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: FlvViewerLimits;
  /** When it is closed from here, whatever the reason. */
  readonly onClosed: (because: 'too-slow' | 'stream') => void;
  readonly onFrameDropped: () => void;
}

/**
 * One viewer of a stream, as FLV. When parameters change and the tracks stay the same kinds, it gets new sequence headers
 * before the sync picture (mpegts.js then makes a new initialization segment). When sound appears or goes, it is closed with
 * `streamEnded`, for the file header has said which tracks there are.
 */
export class FlvViewer implements StreamSubscriber {
  readonly #options: FlvViewerOptions;
  readonly #queue: SendQueue;
  /** What the viewer has been told. */
  #description: StreamDescription | undefined;
  /** What it will be told with the sync picture that comes. */
  #nextDescription: StreamDescription | undefined;
  /** The group in hand while it is put together: it is preceded by its size. */
  #greeting: { readonly tags: Uint8Array[]; firstTimestampMs: number } | undefined;
  #membership: Disposable | undefined;
  #linger: Disposable | undefined;
  #isClosed = false;

  constructor(options: FlvViewerOptions) {
    this.#options = options;
    this.#queue = new SendQueue(options.sink, options.limits);
  }

  /** Sends the group in hand at once, and then what comes. */
  open(stream: JoinableStream): void {
    this.#beginLinger();
    this.#greeting = { tags: [], firstTimestampMs: 0 };
    this.#membership = stream.join(this);
    if (this.#isClosed) this.end();
    else this.#sendGreeting();
  }

  /** The viewer left, or was told to. */
  end(): void {
    this.#isClosed = true;
    this.#endLinger();
    this.#membership?.[Symbol.dispose]();
  }

  onDescription(description: StreamDescription): void {
    if (description.generation !== this.#description?.generation) this.#nextDescription = description;
  }

  onSample(sample: Sample): void {
    const description = this.#nextDescription ?? this.#description;
    if (description === undefined) return;
    const content = this.#options.encoder.contentOf(sample, description);
    switch (content.kind) {
      case 'tag':
        this.#endLinger();
        this.#adopt(content.tag.timestampMs);
        if (!this.#isClosed) this.#offer(sample, content.tag);
        return;
      case 'nothing':
        return;
      case 'too-large':
        // What refers to it cannot be decoded.
        this.#options.log.warn(
          { byteLength: sample.data.byteLength },
          'A sample is too large for FLV and is skipped.',
        );
        this.#queue.pause();
        return;
      case 'clock-ended':
        this.#close(liveCloseCodes.streamEnded, 'The stream reached the end of its clock; open again.');
        return;
    }
  }

  onInterruption(interruption: Interruption): void {
    this.#queue.pause();
    if (interruption.kind === 'stopped') this.#close(liveCloseCodes.streamEnded, interruption.detail);
    else this.#beginLinger();
  }

  #adopt(timestampMs: number): void {
    const next = this.#nextDescription;
    if (next === undefined) return;
    const { encoder, clock } = this.#options;
    const nowMonotonicMs = clock.monotonicMs();
    const before = this.#description;
    this.#description = next;
    this.#nextDescription = undefined;
    if (before === undefined && this.#greeting !== undefined) {
      this.#greeting.firstTimestampMs = timestampMs;
      return;
    }
    if (before === undefined) this.#queue.send(encoder.fileHeader(next), nowMonotonicMs);
    else if ((flvSound(before) === undefined) !== (flvSound(next) === undefined)) {
      this.#close(liveCloseCodes.streamEnded, 'Sound was switched on or off at the camera; open again.');
      return;
    }
    this.#queue.send(encoder.configuration(next, timestampMs), nowMonotonicMs);
    this.#queue.pause();
  }

  #offer(sample: Sample, tag: SharedTag): void {
    const isVideo = sample.track === 'video';
    const nowMonotonicMs = this.#options.clock.monotonicMs();
    const verdict = this.#queue.judge(isVideo && sample.isSync, nowMonotonicMs);
    if (isVideo && (verdict === 'drop' || verdict === 'too-slow')) this.#options.onFrameDropped();
    switch (verdict) {
      case 'send':
        if (this.#greeting === undefined) this.#queue.send(tag.bytes(), nowMonotonicMs);
        else this.#greeting.tags.push(tag.bytes());
        return;
      case 'skip':
      case 'drop':
        return;
      case 'too-slow':
        this.#options.onClosed('too-slow');
        this.#hangUp(liveCloseCodes.tooSlow, 'The connection is too slow for this stream.');
        return;
    }
  }

  #sendGreeting(): void {
    const greeting = this.#greeting;
    const description = this.#description;
    this.#greeting = undefined;
    if (greeting === undefined || description === undefined) return;
    const { encoder, clock } = this.#options;
    const nowMonotonicMs = clock.monotonicMs();
    const { tags, firstTimestampMs } = greeting;
    const groupBytes = tags.reduce((sum, { byteLength }) => sum + byteLength, 0);
    this.#queue.send(encoder.greeting(description, firstTimestampMs, groupBytes), nowMonotonicMs);
    for (const tag of tags) this.#queue.send(tag, nowMonotonicMs);
  }

  #beginLinger(): void {
    const { clock, limits } = this.#options;
    this.#linger ??= clock.after(limits.lingerMs, () =>
      this.#close(liveCloseCodes.streamEnded, 'The camera sends nothing.'),
    );
  }

  #endLinger(): void {
    this.#linger?.[Symbol.dispose]();
    this.#linger = undefined;
  }

  #close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#options.onClosed('stream');
    this.#hangUp(code, reason);
  }

  #hangUp(code: number, reason: string): void {
    this.end();
    this.#options.sink.close(code, reason);
  }
}
