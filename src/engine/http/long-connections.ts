import type { Clock } from '../../shared/domain/clock.ts';
import { liveCloseCodes } from '../../shared/engine-api/index.ts';
import type { TokenRegistry } from '../platform/tokens.ts';

const limits = {
  connections: 512,
  /** A connection whose token was revoked is let go at the latest after this time and the registry's own delay. */
  tokenCheckPeriodMs: 5_000,
} as const;

/** A connection that outlives the request which opened it. */
export interface LongConnection {
  /** `undefined` where no token was needed. */
  readonly tokenId: string | undefined;
  /** `code` is one of `liveCloseCodes`. The connection disposes of its entry itself, whether its peer answers or not. */
  close(code: number, reason: string): void;
}

/** Counts, bounds and, when their token is revoked or the engine stops, ends long connections. */
export interface LongConnections {
  /** `undefined` when there are too many already. Disposing takes it off the list. */
  add(connection: LongConnection): Disposable | undefined;
  readonly maximum: number;
  readonly count: number;
  start(): void;
  /** Ends them all with 1001. */
  stop(): void;
}

export function createLongConnections(tokens: TokenRegistry, clock: Clock): LongConnections {
  const open = new Set<LongConnection>();
  let watch: Disposable | undefined;

  const closeRevoked = async (): Promise<void> => {
    if (open.size === 0) return;
    await tokens.freshen();
    for (const connection of open) {
      if (connection.tokenId !== undefined && !tokens.isValid(connection.tokenId))
        connection.close(liveCloseCodes.unauthorized, 'The token was revoked.');
    }
  };

  return {
    maximum: limits.connections,
    get count() {
      return open.size;
    },
    add(connection) {
      if (open.size >= limits.connections) return undefined;
      open.add(connection);
      return { [Symbol.dispose]: () => void open.delete(connection) };
    },
    start() {
      watch = clock.every(limits.tokenCheckPeriodMs, () => void closeRevoked());
    },
    stop() {
      watch?.[Symbol.dispose]();
      for (const connection of open) connection.close(liveCloseCodes.shuttingDown, 'The engine is stopping.');
    },
  };
}
