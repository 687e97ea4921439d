import type { Failure } from '../../shared/contract/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { FlvPlayer, FlvStream, PlayerEnd } from './flv-player.ts';
import type { HandshakeQueue } from './handshake-queue.ts';

/** Why a tile shows no picture. */
export type TileProblem =
  /** The desk refused, in its own words. */
  | { readonly kind: 'refused'; readonly failure: Failure }
  | PlayerEnd
  /** Connected, but no frame came for `afterMs`. */
  | { readonly kind: 'no-picture'; readonly afterMs: number };

/** Where one tile stands. Times are the clock's monotonic ones. */
export type TileState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'playing' }
  /** Had a picture; it stands still since the last frame. */
  | { readonly kind: 'stalled'; readonly lastFrameMs: number }
  | { readonly kind: 'failed'; readonly problem: TileProblem; readonly retryAtMs: number };

/** Over the last second. */
export interface TileStatistics {
  readonly framesPerSecond: number;
  readonly droppedFrames: number;
  readonly bitrateBps: number;
  /** From the newest received frame to the one on the screen. */
  readonly bufferedMs: number;
  readonly width: number;
  readonly height: number;
}

export type LiveTicket =
  | {
      readonly kind: 'ok';
      readonly value: {
        readonly path: string;
        readonly hasAudio?: boolean | undefined;
        /** Why there is no sound although the camera sends some. */
        readonly soundObstacle?: string | undefined;
      };
    }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The part of the video element that tells how it plays. */
export type WatchedVideo = Pick<
  HTMLVideoElement,
  'buffered' | 'currentTime' | 'getVideoPlaybackQuality' | 'videoHeight' | 'videoWidth'
>;

export interface TileSessionOptions {
  readonly video: WatchedVideo;
  readonly clock: Clock;
  readonly queue: HandshakeQueue;
  /** `ws://127.0.0.1:PORT`, what the ticket's path belongs to. */
  readonly mediaOrigin: string;
  readonly openLive: () => Promise<LiveTicket>;
  readonly openPlayer: (stream: FlvStream) => Promise<FlvPlayer>;
  readonly onState: (state: TileState) => void;
  readonly onStatistics: (statistics: TileStatistics) => void;
  /** What the stream itself says of its sound: why there is none although the camera sends some. */
  readonly onSoundObstacle: (detail: string | undefined) => void;
}

export const tileTiming = {
  checkEveryMs: 500,
  /** A picture that stands longer than this is called a freeze. */
  stalledAfterMs: 2000,
  /** A stalled or silent stream is opened anew after this. */
  reopenAfterMs: 10_000,
  firstRetryMs: 1000,
  longestRetryMs: 15_000,
  /** Played for this long, a tile starts with short retries again. */
  steadyAfterMs: 10_000,
} as const;

/** 1, 2, 4, 8, 15, 15 ... seconds. */
export function retryDelayMs(failuresInARow: number): number {
  return Math.min(tileTiming.firstRetryMs * 2 ** (failuresInARow - 1), tileTiming.longestRetryMs);
}

/** Keeps one camera playing in `element` until `stop`: opens, watches for frames, opens again with growing pauses. */
export function startTileSession(options: TileSessionOptions): { readonly stop: () => void } {
  const { clock, onState } = options;
  let stopped = false;
  let failuresInARow = 0;
  let endAttempt: (() => void) | undefined;

  const attempt = (): void => {
    onState({ kind: 'opening' });
    endAttempt = runAttempt(options, {
      onPlaying: (sinceMs) => {
        if (clock.monotonicMs() - sinceMs > tileTiming.steadyAfterMs) failuresInARow = 0;
      },
      onProblem: (problem) => {
        endAttempt?.();
        if (stopped) return;
        failuresInARow += 1;
        const delayMs = retryDelayMs(failuresInARow);
        onState({ kind: 'failed', problem, retryAtMs: clock.monotonicMs() + delayMs });
        const retry = clock.after(delayMs, attempt);
        endAttempt = () => {
          retry[Symbol.dispose]();
        };
      },
    });
  };
  attempt();

  return {
    stop() {
      stopped = true;
      endAttempt?.();
    },
  };
}

interface AttemptEvents {
  /** Frames advance since `sinceMs`; told at every check. */
  readonly onPlaying: (sinceMs: number) => void;
  /** The attempt is over. Called at most once. */
  readonly onProblem: (problem: TileProblem) => void;
}

/** One ticket, one player, one watch over its frames. Returns what ends all three. */
function runAttempt(options: TileSessionOptions, events: AttemptEvents): () => void {
  const { onState } = options;
  const ending = new AbortController();
  let player: FlvPlayer | undefined;
  let watch: Disposable | undefined;

  const end = (): void => {
    ending.abort();
    watch?.[Symbol.dispose]();
    player?.destroy();
    player = undefined;
  };
  const problem = (reason: TileProblem): void => {
    if (!ending.signal.aborted) events.onProblem(reason);
  };

  const open = async (): Promise<void> => {
    const endTurn = await options.queue.enter(ending.signal);
    if (endTurn === undefined) return;
    ending.signal.addEventListener('abort', endTurn, { once: true });
    const ticket = await options.openLive();
    if (ending.signal.aborted) return;
    if (ticket.kind === 'failed') {
      problem({ kind: 'refused', failure: ticket.failure });
      return;
    }
    const opened = await options.openPlayer({
      url: `${options.mediaOrigin}${ticket.value.path}`,
      hasAudio: ticket.value.hasAudio,
      onConnected: endTurn,
      onSoundObstacle: (detail) => {
        if (!ending.signal.aborted) options.onSoundObstacle(detail);
      },
      onEnd: problem,
    });
    if (ending.signal.aborted) {
      opened.destroy();
      return;
    }
    player = opened;
    watch = watchFrames(options, opened, { onState, onPlaying: events.onPlaying, onProblem: problem });
  };
  void open();
  return end;
}

interface WatchEvents extends AttemptEvents {
  readonly onState: (state: TileState) => void;
}

/** Judges by frames, not by the player's events: only a frame that changes proves a live picture. */
function watchFrames(options: TileSessionOptions, player: FlvPlayer, events: WatchEvents): Disposable {
  const { video, clock } = options;
  let lastFrameMs = clock.monotonicMs();
  let playingSinceMs: number | undefined;
  let shown: TileState['kind'] = 'opening';
  const before = video.getVideoPlaybackQuality();
  let frames = before.totalVideoFrames;
  let previous = { atMs: lastFrameMs, frames, bytes: 0, dropped: before.droppedVideoFrames };

  return clock.every(tileTiming.checkEveryMs, () => {
    const nowMs = clock.monotonicMs();
    const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality();
    if (totalVideoFrames > frames) {
      lastFrameMs = nowMs;
      playingSinceMs ??= nowMs;
      events.onPlaying(playingSinceMs);
      if (shown !== 'playing') events.onState({ kind: 'playing' });
      shown = 'playing';
    } else if (nowMs - lastFrameMs > tileTiming.reopenAfterMs) {
      events.onProblem({ kind: 'no-picture', afterMs: nowMs - lastFrameMs });
      return;
    } else if (playingSinceMs !== undefined && nowMs - lastFrameMs > tileTiming.stalledAfterMs) {
      playingSinceMs = undefined;
      shown = 'stalled';
      events.onState({ kind: 'stalled', lastFrameMs });
    }
    frames = totalVideoFrames;

    const elapsedMs = nowMs - previous.atMs;
    if (elapsedMs < 1000) return;
    const bytes = player.receivedBytes();
    const { buffered, currentTime } = video;
    const end = buffered.length === 0 ? currentTime : buffered.end(buffered.length - 1);
    options.onStatistics({
      framesPerSecond: ((frames - previous.frames) * 1000) / elapsedMs,
      droppedFrames: droppedVideoFrames - previous.dropped,
      bitrateBps: ((bytes - previous.bytes) * 8000) / elapsedMs,
      bufferedMs: Math.max(0, end - currentTime) * 1000,
      width: video.videoWidth,
      height: video.videoHeight,
    });
    previous = { atMs: nowMs, frames, bytes, dropped: previous.dropped };
  });
}
