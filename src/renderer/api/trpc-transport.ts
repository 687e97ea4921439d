import { TRPCClientError, createTRPCUntypedClient, createWSClient, wsLink } from '@trpc/client';
import { z } from 'zod';
import { Failure, deskPaths, rpcCloseCodes } from '../../shared/contract/index.ts';
import { setConnection, useConnection } from './connection.ts';
import type { Transport } from './transport.ts';

/** What every error of the desk carries; see the contract's `Failure`. */
const ErrorData = z.object({ failure: Failure });

const lost: Failure = {
  code: 'unreachable',
  message: 'The connection to the desk was lost before it answered.',
  remedy: 'Try again once the page is connected.',
};

function failureOf(error: unknown): Failure {
  if (!(error instanceof TRPCClientError)) return lost;
  const carried = ErrorData.safeParse(error.data);
  return carried.success ? carried.data.failure : lost;
}

const refused: Failure = {
  code: 'unauthorized',
  message: 'The desk no longer knows this page.',
  remedy: 'Start Belvedere again; it opens the page for you.',
};

/** The first retry at once, then 0.25 s to 4 s: a desk that restarts is back within a second or two. */
const retryDelayMs = (attempt: number): number => (attempt === 0 ? 0 : Math.min(250 * 2 ** attempt, 4000));

export interface TrpcTransportOptions {
  readonly origin: string;
  readonly token: string;
  readonly nowMs: () => number;
  /** The desk does not take the token. */
  readonly onRefused: () => void;
}

/** tRPC over one WebSocket, kept open; reports to `useConnection`. */
export function createTrpcTransport(
  options: TrpcTransportOptions,
): Transport & { readonly close: () => void } {
  let attempt = 0;
  const expire = (): void => {
    if (useConnection.getState().connection.kind === 'expired') return;
    setConnection({ kind: 'expired', failure: refused });
    options.onRefused();
    void socket.close();
  };
  const socket = createWSClient({
    url: `${options.origin.replace(/^http/, 'ws')}${deskPaths.rpc}`,
    connectionParams: () => ({ token: options.token }),
    retryDelayMs,
    keepAlive: { enabled: true, intervalMs: 5000, pongTimeoutMs: 4000 },
    onClose: (cause) => {
      if (cause?.code === rpcCloseCodes.unauthorized) expire();
    },
  });
  const states = socket.connectionState.subscribe({
    next: ({ state }) => {
      const before = useConnection.getState().connection;
      if (before.kind === 'expired' || state === 'idle') return;
      if (state === 'pending') {
        attempt = 0;
        setConnection({ kind: 'connected' });
      } else if (before.kind !== 'connecting') {
        attempt += 1;
        const sinceMs = before.kind === 'reconnecting' ? before.sinceMs : options.nowMs();
        setConnection({ kind: 'reconnecting', sinceMs, attempt });
      }
    },
  });
  const client = createTRPCUntypedClient({ links: [wsLink({ client: socket })] });
  const told = (error: unknown): Failure => {
    const failure = failureOf(error);
    if (failure.code === 'unauthorized') expire();
    return failure;
  };

  return {
    async call(kind, path, input) {
      try {
        return { kind: 'ok', value: await client[kind](path, input) };
      } catch (error) {
        return { kind: 'failed', failure: told(error) };
      }
    },
    subscribe(path, input, listener) {
      const subscription = client.subscription(path, input, {
        onData: (event) => {
          listener.onEvent(event);
        },
        onError: (error) => {
          listener.onFailure(told(error));
        },
      });
      return () => {
        subscription.unsubscribe();
      };
    },
    close() {
      states.unsubscribe();
      void socket.close();
    },
  };
}
