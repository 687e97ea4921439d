import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { PlayAccount } from '../../shared/engine-api/index.ts';
import type { StreamDirectory } from '../camera/index.ts';
import type { SendLimits } from '../live/index.ts';
import type { Attempts } from '../platform/attempts.ts';

export interface ConnectionLimits extends SendLimits {
  /** Without a request, RTCP, or media taken for so long, a session is over; players are told (RFC 2326 §12.37). */
  readonly sessionTimeoutMs: number;
  /** For a connection without a session. */
  readonly idleTimeoutMs: number;
  /** How long a camera may take to answer a DESCRIBE. */
  readonly describeTimeoutMs: number;
  /** How long the last bytes may take when we end a connection. */
  readonly closeTimeoutMs: number;
}

/** What happens on connections, to be counted. */
export interface ConnectionCounters {
  countDroppedFrame(): void;
  countTooSlow(): void;
  countUnauthorized(): void;
  countSentBytes(byteLength: number): void;
}

/** What every connection works with. */
export interface ConnectionContext {
  readonly streams: StreamDirectory;
  readonly attempts: Attempts;
  readonly accounts: () => readonly PlayAccount[];
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: ConnectionLimits;
  readonly counters: ConnectionCounters;
}
