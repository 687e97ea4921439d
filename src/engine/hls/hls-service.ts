import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { defaultHlsMemoryMebibytes } from '../../shared/engine-api/index.ts';
import type { CameraId, ServeConfig, StreamName } from '../../shared/engine-api/index.ts';
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
  maximumStreams: 256,
  idleAfterMs: 30_000,
  firstSegmentTimeoutMs: 12_000,
};

const CHECK_PERIOD_MS = 5_000;

export type PlaylistOutcome =
  | { readonly kind: 'playlist'; readonly text: string }
  | { readonly kind: 'unknown-stream' }
  | { readonly kind: 'switched-off' }
  | { readonly kind: 'too-many'; readonly maximumStreams: number; readonly idleMs: number }
  /** What other streams need leaves no room. */
  | { readonly kind: 'no-memory'; readonly memoryMebibytes: number; readonly idleMs: number }
  /** The camera has sent no whole segment yet. */
  | { readonly kind: 'not-ready' };

export interface HlsStatus {
  readonly streams: number;
  readonly bytes: number;
  readonly limitBytes: number;
  /** Requests that wait for the first segment of a stream. */
  readonly waiting: number;
  /** Streams that were not begun because there were too many or there was no memory, and those that were ended for memory. */
  readonly refused: number;
  readonly ended: number;
}

interface HlsServiceOptions {
  readonly directory: StreamDirectory;
  /** As they are configured now. */
  readonly settings: () => ServeConfig['hls'];
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<HlsLimits>;
}

interface Running {
  readonly stream: HlsStream;
  lastAskedMonotonicMs: number;
}

/**
 * Streams as HLS (RFC 8216), each begun with the first request for its playlist and ended when nobody asks any more. All of
 * them share one bound in bytes. What others watch already goes before what somebody begins to watch.
 */
export class HlsService {
  readonly #options: HlsServiceOptions;
  readonly #limits: HlsLimits;
  readonly #running = new Map<string, Running>();
  #checking: Disposable | undefined;
  #refused = 0;
  #ended = 0;

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
    if (!this.#options.settings().enabled) return { kind: 'switched-off' };
    const running = this.#ask(cameraId, streamName) ?? this.#begin(cameraId, streamName);
    if (running === 'unknown-stream') return { kind: running };
    if (running === 'too-many' || running === 'no-memory') {
      this.#refused += 1;
      const { maximumStreams, idleAfterMs: idleMs } = this.#limits;
      if (running === 'too-many') return { kind: running, maximumStreams, idleMs };
      return { kind: running, memoryMebibytes: this.#memoryMebibytes, idleMs };
    }
    const { stream } = running;
    if (stream.playlist() === undefined) await this.#firstSegment(stream);
    const text = stream.playlist();
    return text === undefined || stream.hasEnded ? { kind: 'not-ready' } : { kind: 'playlist', text };
  }

  /** A file that the stream's playlist names; undefined when it is gone. */
  file(cameraId: CameraId, streamName: StreamName, name: string): Uint8Array | undefined {
    return this.#options.settings().enabled ? this.#ask(cameraId, streamName)?.stream.file(name) : undefined;
  }

  status(): HlsStatus {
    const streams = [...this.#running.values()];
    return {
      streams: streams.length,
      bytes: this.#bytes,
      limitBytes: this.#limitBytes,
      waiting: streams.reduce((sum, { stream }) => sum + stream.waitingCount, 0),
      refused: this.#refused,
      ended: this.#ended,
    };
  }

  get #bytes(): number {
    let bytes = 0;
    for (const { stream } of this.#running.values()) bytes += stream.byteLength;
    return bytes;
  }

  get #memoryMebibytes(): number {
    return this.#options.settings().memoryMebibytes ?? defaultHlsMemoryMebibytes;
  }

  get #limitBytes(): number {
    return this.#memoryMebibytes * 1024 ** 2;
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

  #begin(cameraId: CameraId, streamName: StreamName): Running | 'unknown-stream' | 'too-many' | 'no-memory' {
    const { directory, clock, log } = this.#options;
    const source = directory.find(cameraId, streamName);
    if (source === undefined) return 'unknown-stream';
    if (this.#running.size >= this.#limits.maximumStreams) return 'too-many';
    if (!this.#hasRoom()) return 'no-memory';
    const running = {
      stream: new HlsStream({
        stream: source,
        clock,
        limits: this.#limits,
        onGrowth: () => this.#keepToLimit(),
      }),
      lastAskedMonotonicMs: clock.monotonicMs(),
    };
    this.#running.set(keyOf(cameraId, streamName), running);
    log.info({ camera: cameraId, stream: streamName }, 'HLS begins.');
    return running;
  }

  /** Whether one more stream, like those there are, finds room when these are content with the least. */
  #hasRoom(): boolean {
    let leastBytes = 0;
    for (const { stream } of this.#running.values()) leastBytes += stream.leastByteLength;
    const bytesEach = leastBytes / Math.max(1, this.#running.size);
    return leastBytes + bytesEach <= this.#limitBytes;
  }

  #keepToLimit(): void {
    if (this.#bytes <= this.#limitBytes) return;
    for (const { stream } of this.#running.values()) stream.shrink();
    for (const [key, { stream }] of [...this.#running].toReversed()) {
      if (this.#bytes <= this.#limitBytes || this.#running.size === 1) return;
      this.#ended += 1;
      stream.close();
      this.#running.delete(key);
      this.#options.log.warn(
        { stream: key, memoryMebibytes: this.#memoryMebibytes },
        'HLS of the stream that was begun last ends: the memory for HLS is used up.',
      );
    }
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
