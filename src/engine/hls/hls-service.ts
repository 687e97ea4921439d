import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { CameraId, StreamName } from '../../shared/engine-api/index.ts';
import type { StreamDirectory } from '../camera/index.ts';
import { HlsStream, defaultHlsStreamLimits } from './hls-stream.ts';
import type { HlsStreamLimits } from './hls-stream.ts';

export interface HlsLimits extends HlsStreamLimits {
  /** Streams that are segmented at the same time. */
  readonly maximumStreams: number;
  /** A stream that nobody asked about for this long is segmented no more. */
  readonly idleAfterMs: number;
  /** How long the first request waits for the first segment. */
  readonly firstSegmentTimeoutMs: number;
}

export const defaultHlsLimits: HlsLimits = {
  ...defaultHlsStreamLimits,
  maximumStreams: 16,
  idleAfterMs: 30_000,
  firstSegmentTimeoutMs: 12_000,
};

const CHECK_PERIOD_MS = 5_000;

export type PlaylistOutcome =
  | { readonly kind: 'playlist'; readonly text: string }
  | { readonly kind: 'unknown-stream' }
  | { readonly kind: 'switched-off' }
  | { readonly kind: 'too-many'; readonly maximumStreams: number; readonly idleMs: number }
  /** The camera has sent no whole segment yet. */
  | { readonly kind: 'not-ready' };

export interface HlsStatus {
  readonly streams: number;
  readonly bytes: number;
  /** Requests that wait for the first segment of a stream. */
  readonly waiting: number;
}

interface HlsServiceOptions {
  readonly directory: StreamDirectory;
  /** As it is configured now. */
  readonly isEnabled: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<HlsLimits>;
}

interface Running {
  readonly stream: HlsStream;
  lastAskedMonotonicMs: number;
}

/** Streams as HLS (RFC 8216), each begun with the first request for its playlist and ended when nobody asks any more. */
export class HlsService {
  readonly #options: HlsServiceOptions;
  readonly #limits: HlsLimits;
  readonly #running = new Map<string, Running>();
  #checking: Disposable | undefined;

  constructor(options: HlsServiceOptions) {
    this.#options = options;
    this.#limits = { ...defaultHlsLimits, ...options.limits };
  }

  start(): void {
    this.#checking = this.#options.clock.every(CHECK_PERIOD_MS, () => this.#endIdle());
  }

  stop(): void {
    this.#checking?.[Symbol.dispose]();
    for (const { stream } of this.#running.values()) stream.close();
    this.#running.clear();
  }

  /** Waits for the first segment, up to a limit. */
  async playlist(cameraId: CameraId, streamName: StreamName): Promise<PlaylistOutcome> {
    if (!this.#options.isEnabled()) return { kind: 'switched-off' };
    const running = this.#ask(cameraId, streamName) ?? this.#begin(cameraId, streamName);
    if (running === 'unknown-stream') return { kind: running };
    if (running === 'too-many') {
      const { maximumStreams, idleAfterMs } = this.#limits;
      return { kind: running, maximumStreams, idleMs: idleAfterMs };
    }
    const { stream } = running;
    if (stream.playlist() === undefined) await this.#firstSegment(stream);
    const text = stream.playlist();
    return text === undefined || stream.hasEnded ? { kind: 'not-ready' } : { kind: 'playlist', text };
  }

  /** A file that the stream's playlist names; undefined when it is gone. */
  file(cameraId: CameraId, streamName: StreamName, name: string): Uint8Array | undefined {
    return this.#options.isEnabled() ? this.#ask(cameraId, streamName)?.stream.file(name) : undefined;
  }

  status(): HlsStatus {
    const streams = [...this.#running.values()];
    return {
      streams: streams.length,
      bytes: streams.reduce((sum, { stream }) => sum + stream.byteLength, 0),
      waiting: streams.reduce((sum, { stream }) => sum + stream.waitingCount, 0),
    };
  }

  #ask(cameraId: CameraId, streamName: StreamName): Running | undefined {
    const key = keyOf(cameraId, streamName);
    const running = this.#running.get(key);
    if (running === undefined) return undefined;
    if (running.stream.hasEnded) {
      this.#running.delete(key);
      return undefined;
    }
    running.lastAskedMonotonicMs = this.#options.clock.monotonicMs();
    return running;
  }

  #begin(cameraId: CameraId, streamName: StreamName): Running | 'unknown-stream' | 'too-many' {
    const { directory, clock, log } = this.#options;
    const source = directory.find(cameraId, streamName);
    if (source === undefined) return 'unknown-stream';
    if (this.#running.size >= this.#limits.maximumStreams) return 'too-many';
    const running = {
      stream: new HlsStream({ stream: source, clock, limits: this.#limits }),
      lastAskedMonotonicMs: clock.monotonicMs(),
    };
    this.#running.set(keyOf(cameraId, streamName), running);
    log.info({ camera: cameraId, stream: streamName }, 'HLS begins.');
    return running;
  }

  async #firstSegment(stream: HlsStream): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using waiting = new DisposableStack();
    waiting.use(stream.onNextSegment(resolve));
    waiting.use(this.#options.clock.after(this.#limits.firstSegmentTimeoutMs, resolve));
    await promise;
  }

  #endIdle(): void {
    const { clock, log } = this.#options;
    for (const [key, { stream, lastAskedMonotonicMs }] of this.#running) {
      const isIdle = clock.monotonicMs() - lastAskedMonotonicMs >= this.#limits.idleAfterMs;
      if (!isIdle && !stream.hasEnded) continue;
      stream.close();
      this.#running.delete(key);
      log.info({ stream: key }, 'HLS ends: nobody asks for it.');
    }
  }
}

function keyOf(cameraId: CameraId, streamName: StreamName): string {
  return `${cameraId}/${streamName}`;
}
