import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { CameraId, PlayAccount, StreamName } from '../../shared/engine-api/index.ts';
import type { Admission, ViewerSink, WantedSound } from '../live/index.ts';
import type { Attempts } from '../platform/attempts.ts';
import type { PublishPoints } from './publish-points.ts';

export interface RtmpLimits {
  readonly maxAccessUnitBytes: number;
  /** From connecting until something is published or played. */
  readonly admissionTimeoutMs: number;
  /** A publisher that sends no media for so long is gone. */
  readonly idleTimeoutMs: number;
  /** A player that pauses and says nothing for so long is gone. */
  readonly pauseTimeoutMs: number;
  /** How long the last bytes may take when we end a connection. */
  readonly closeTimeoutMs: number;
  /** Unsent bytes of a connection that does not play: whoever does not take these is gone. */
  readonly maximumUnsentBytes: number;
  /** Of all kinds, and from one address. */
  readonly maximumConnections: number;
  readonly maximumConnectionsPerAddress: number;
}

export const defaultRtmpLimits: RtmpLimits = {
  maxAccessUnitBytes: 4 * 1024 ** 2,
  admissionTimeoutMs: 15_000,
  idleTimeoutMs: 10_000,
  pauseTimeoutMs: 60_000,
  closeTimeoutMs: 1_000,
  maximumUnsentBytes: 64 * 1024,
  maximumConnections: 1_024,
  maximumConnectionsPerAddress: 512,
};

/** What a player wants to see and hear. */
export interface PlayTarget {
  readonly cameraId: CameraId;
  readonly stream: StreamName;
  readonly sound: WantedSound;
}

/** Opens a stream as FLV for a player: `CameraSet.openLive`. */
export type OpenLive = (target: PlayTarget, sink: ViewerSink) => Admission;

/** Who may play now. */
export interface PlayRules {
  readonly accounts: readonly PlayAccount[];
  /** Whether one more may play from this address. */
  readonly mayJoin: (address: string) => boolean;
}

/** What happens on connections, to be counted. */
export interface RtmpCounters {
  countWrongKey(): void;
  countUnauthorized(): void;
  countRefusedLimit(): void;
  countSentBytes(byteLength: number): void;
  countTooSlow(): void;
}

/** What every connection works with. */
export interface RtmpContext {
  readonly points: PublishPoints;
  readonly attempts: Attempts;
  readonly openLive: OpenLive;
  readonly playRules: () => PlayRules;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: RtmpLimits;
  readonly counters: RtmpCounters;
}
