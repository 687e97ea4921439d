import type { Clock } from '../../shared/domain/clock.ts';
import { SendQueue } from '../live/index.ts';
import type { JoinableStream, SendLimits } from '../live/index.ts';
import type { Interruption, Sample, StreamDescription, StreamSubscriber } from '../media/sample.ts';
import { payloadFormats } from './payload/index.ts';
import type { PayloadFormat } from './payload/index.ts';
import type { RtpSender } from './rtp-sender.ts';

/** Where the player's packets go. */
export interface PlayerSink {
  send(bytes: Uint8Array): void;
  /** Accepted by `send` and not on the network yet. */
  bufferedBytes(): number;
}

interface PlayerOptions {
  /** Of the tracks that were set up. */
  readonly senders: readonly RtpSender[];
  readonly sink: PlayerSink;
  readonly clock: Clock;
  readonly limits: SendLimits;
  readonly onFrameDropped: () => void;
  /** At most once, and not after `end`. */
  readonly onEnded: (because: PlayEnd) => void;
}

export interface PlayEnd {
  readonly kind: 'too-slow' | 'stream-changed' | 'stream-ended';
  readonly detail: string;
}

interface Track {
  readonly sender: RtpSender;
  /** Of the last sender report. */
  reportedMonotonicMs: number;
  /** Of the first packet after PLAY. */
  firstTimestamp: number | undefined;
}

/** Often enough to follow a clock, seldom enough to be a trifle. */
const REPORT_PERIOD_MS = 5_000;

/**
 * One playing session. The group of pictures in hand goes out at once; whoever reads too slowly loses pictures up to the next
 * sync picture, and is let go when it does not catch up.
 */
export class Player implements StreamSubscriber {
  readonly #options: PlayerOptions;
  readonly #queue: SendQueue;
  readonly #tracks: ReadonlyMap<Sample['track'], Track>;
  #membership: Disposable | undefined;
  #isEnded = false;

  constructor(options: PlayerOptions) {
    this.#options = options;
    this.#queue = new SendQueue({ ...options.sink, close: () => undefined }, options.limits);
    this.#tracks = new Map(
      options.senders.map((sender) => [
        sender.format.kind,
        { sender, reportedMonotonicMs: Number.NEGATIVE_INFINITY, firstTimestamp: undefined },
      ]),
    );
  }

  open(stream: JoinableStream): void {
    this.#membership = stream.join(this);
    if (this.#isEnded) this.#membership[Symbol.dispose]();
  }

  end(): void {
    this.#isEnded = true;
    this.#membership?.[Symbol.dispose]();
  }

  /** The RTP timestamp of the first packet of a track, when there was one already (RFC 2326 §12.33). */
  firstTimestamp(track: Sample['track']): number | undefined {
    return this.#tracks.get(track)?.firstTimestamp;
  }

  onDescription(description: StreamDescription): void {
    const formats = payloadFormats(description);
    for (const { sender } of this.#tracks.values()) {
      const format = formats.find(({ kind }) => kind === sender.format.kind);
      if (format === undefined || !continues(sender.format, format)) {
        this.#finish('stream-changed', 'The camera sends other tracks now; ask for their description again.');
        return;
      }
      sender.adopt(format);
    }
  }

  onSample(sample: Sample): void {
    const track = this.#tracks.get(sample.track);
    if (track === undefined || this.#isEnded) return;
    const isVideo = sample.track === 'video';
    // Without pictures every sample is one to begin with.
    const startsGroup = this.#tracks.has('video') ? isVideo && sample.isSync : true;
    const nowMonotonicMs = this.#options.clock.monotonicMs();
    const verdict = this.#queue.judge(startsGroup, nowMonotonicMs);
    if (isVideo && (verdict === 'drop' || verdict === 'too-slow')) this.#options.onFrameDropped();
    switch (verdict) {
      case 'send':
        this.#send(track, sample, nowMonotonicMs);
        return;
      case 'skip':
      case 'drop':
        return;
      case 'too-slow':
        this.#finish('too-slow', 'The player reads too slowly for this stream.');
        return;
    }
  }

  onInterruption({ kind, detail }: Interruption): void {
    this.#queue.pause();
    if (kind === 'stopped') this.#finish('stream-ended', detail);
  }

  #send(track: Track, sample: Sample, nowMonotonicMs: number): void {
    if (nowMonotonicMs - track.reportedMonotonicMs >= REPORT_PERIOD_MS) {
      track.reportedMonotonicMs = nowMonotonicMs;
      this.#queue.send(track.sender.senderReport(sample), nowMonotonicMs);
    }
    track.firstTimestamp ??= track.sender.timestampOf(sample.pts90k);
    const packets = track.sender.write(sample);
    if (packets !== undefined) this.#queue.send(packets, nowMonotonicMs);
    // What refers to a picture that RTP cannot carry cannot be decoded.
    else if (sample.track === 'video') this.#queue.pause();
  }

  #finish(kind: PlayEnd['kind'], detail: string): void {
    if (this.#isEnded) return;
    this.end();
    this.#options.onEnded({ kind, detail });
  }
}

/** Whether a player that was told the one format understands the other. Parameter sets of video come in band. */
function continues(told: PayloadFormat, next: PayloadFormat): boolean {
  return (
    told.payloadType === next.payloadType &&
    told.encoding === next.encoding &&
    (told.kind === 'video' || told.parameters === next.parameters)
  );
}
