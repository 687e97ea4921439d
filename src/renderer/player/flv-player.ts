import type Mpegts from 'mpegts.js';
import { createFlvSocketLoader } from './flv-socket-loader.ts';

/** Why a player ended by itself. */
export type PlayerEnd =
  /** The WebSocket closed with this code, RFC 6455 §7.4; 1006 when there was no handshake. */
  | { readonly kind: 'closed'; readonly code: number }
  /** The browser cannot decode it. `detail` is for the log. */
  | { readonly kind: 'undecodable'; readonly detail: string };

/** One stream to play. */
export interface FlvStream {
  /** `ws://...`, FLV in binary messages. */
  readonly url: string;
  /** Undefined where the stream is to tell. */
  readonly hasAudio: boolean | undefined;
  /** The WebSocket handshake is over. */
  readonly onConnected: () => void;
  /** Each time the stream describes itself: why there is no sound although the camera sends some; undefined when there is. */
  readonly onSoundObstacle: (detail: string | undefined) => void;
  readonly onEnd: (end: PlayerEnd) => void;
}

export interface FlvPlayer {
  readonly receivedBytes: () => number;
  readonly destroy: () => void;
}

/**
 * Measured: about 260 ms from the engine's send to the picture with 9 to 16 tiles, where mpegts.js's defaults take
 * 1.9 s. liveSync plays a little faster to catch up; chasing jumps when a hidden page fell far behind, which liveSync
 * alone would take half a minute for.
 */
const tunedForLive = {
  isLive: true,
  lazyLoad: false,
  enableWorker: false,
  enableStashBuffer: false,
  liveSync: true,
  liveSyncMaxLatency: 0.5,
  liveSyncTargetLatency: 0.25,
  liveSyncPlaybackRate: 1.3,
  liveBufferLatencyChasing: true,
  liveBufferLatencyMaxLatency: 1,
  liveBufferLatencyMinRemain: 0.3,
  autoCleanupSourceBuffer: true,
  autoCleanupMaxBackwardDuration: 30,
  autoCleanupMinBackwardDuration: 10,
} as const satisfies Mpegts.Config;

/** Plays one live FLV WebSocket in `element`. The library is fetched when the first tile opens. */
export async function openFlvPlayer(element: HTMLVideoElement, stream: FlvStream): Promise<FlvPlayer> {
  const { default: mpegts } = await import('mpegts.js');
  mpegts.LoggingControl.enableAll = false;
  let ended = false;
  let receivedBytes = 0;
  const end = (reason: PlayerEnd): void => {
    if (ended) return;
    ended = true;
    stream.onEnd(reason);
  };
  const player = mpegts.createPlayer(
    {
      type: 'flv',
      isLive: true,
      hasVideo: true,
      ...(stream.hasAudio === undefined ? {} : { hasAudio: stream.hasAudio }),
      url: stream.url,
    },
    {
      ...tunedForLive,
      customLoader: createFlvSocketLoader(mpegts, {
        onConnected: stream.onConnected,
        onBytes: (byteLength) => {
          receivedBytes += byteLength;
        },
        onClosed: (code) => {
          end({ kind: 'closed', code });
        },
      }),
    },
  );
  player.on(mpegts.Events.ERROR, (type: unknown, detail: unknown) => {
    if (type === mpegts.ErrorTypes.MEDIA_ERROR) end({ kind: 'undecodable', detail: String(detail) });
  });
  player.on(mpegts.Events.METADATA_ARRIVED, (metadata: unknown) => {
    stream.onSoundObstacle(soundObstacleOf(metadata));
  });
  player.attachMediaElement(element);
  player.load();
  // A tile that closes before its first frame interrupts play(); that is no failure.
  Promise.resolve(player.play()).catch(() => undefined);

  return {
    receivedBytes: () => receivedBytes,
    destroy() {
      ended = true;
      player.destroy();
    },
  };
}

/** What the engine adds to `onMetaData`. */
function soundObstacleOf(metadata: unknown): string | undefined {
  if (typeof metadata !== 'object' || metadata === null || !('soundobstacle' in metadata)) return undefined;
  const { soundobstacle } = metadata;
  return typeof soundobstacle === 'string' ? soundobstacle : undefined;
}
