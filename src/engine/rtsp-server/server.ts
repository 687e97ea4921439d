import type { Socket } from 'node:net';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { PlayersStatus, ServeConfig } from '../../shared/engine-api/index.ts';
import type { StreamDirectory } from '../camera/index.ts';
import { PlayerConnection } from './connection.ts';
import type { ConnectionLimits } from './context.ts';
import type { Attempts } from '../platform/attempts.ts';
import { Listener } from '../platform/listener.ts';
import { Networks, plainAddress } from '../platform/networks.ts';

/** Serves the streams of an engine to RTSP players: `rtsp://NODE:PORT/CAMERA/main|sub`, over TCP, with a play account. */
export interface RtspServer {
  /** Resolves when the port was tried; a port that cannot be had is tried again. Players whom it still allows notice nothing. */
  apply(config: ServeConfig): Promise<void>;
  status(): PlayersStatus;
  stop(): Promise<void>;
}

interface RtspServerOptions {
  readonly streams: StreamDirectory;
  /** Shared with the other servers that know the same accounts. */
  readonly attempts: Attempts;
  /** To listen at unless the configuration names another address. */
  readonly host: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<ConnectionLimits>;
}

const defaultLimits: ConnectionLimits = {
  /** More than most groups of pictures, which go out at once. */
  maximumQueuedBytes: 4 * 1024 ** 2,
  maximumQueuedMs: 15_000,
  tooSlowAfterMs: 10_000,
  sessionTimeoutMs: 60_000,
  idleTimeoutMs: 15_000,
  describeTimeoutMs: 10_000,
  closeTimeoutMs: 1_000,
};

const CHECK_PERIOD_MS = 1_000;

export function createRtspServer(options: RtspServerOptions): RtspServer {
  const { streams, attempts, host, clock, log } = options;
  const connections = new Map<Socket, { readonly player: PlayerConnection; readonly address: string }>();
  const counts = {
    sentBytes: 0,
    framesDropped: 0,
    closedAsTooSlow: 0,
    refusedNetwork: 0,
    refusedLimit: 0,
    unauthorized: 0,
  };
  let config: ServeConfig | undefined;
  let networks = new Networks([]);

  const context = {
    streams,
    attempts,
    clock,
    log,
    limits: { ...defaultLimits, ...options.limits },
    accounts: () => config?.accounts ?? [],
    counters: {
      countDroppedFrame: () => void (counts.framesDropped += 1),
      countTooSlow: () => void (counts.closedAsTooSlow += 1),
      countUnauthorized: () => void (counts.unauthorized += 1),
      countSentBytes: (byteLength: number) => void (counts.sentBytes += byteLength),
    },
  };

  const isBeyondLimits = (address: string): boolean => {
    const { players, playersPerAddress } = config?.limits ?? { players: 0, playersPerAddress: 0 };
    if (connections.size >= players) return true;
    let ofAddress = 0;
    for (const connection of connections.values()) if (connection.address === address) ofAddress += 1;
    return ofAddress >= playersPerAddress;
  };

  const accept = (socket: Socket): void => {
    const address = plainAddress(socket.remoteAddress ?? '');
    if (!networks.include(address)) {
      counts.refusedNetwork += 1;
      log.debug({ address }, 'A player outside the allowed networks was refused.');
      socket.destroy();
      return;
    }
    if (isBeyondLimits(address)) {
      counts.refusedLimit += 1;
      log.debug({ address }, 'A player beyond the limits was refused.');
      socket.destroy();
      return;
    }
    connections.set(socket, { player: new PlayerConnection(socket, address, context), address });
    socket.once('close', () => connections.delete(socket));
  };

  const listener = new Listener({ name: 'RTSP', clock, log, onConnection: accept });
  const check = clock.every(CHECK_PERIOD_MS, () => {
    for (const { player } of connections.values()) player.checkLife();
  });

  const endWhom = (isOver: (address: string) => boolean, reason: string): void => {
    for (const { player, address } of connections.values()) if (isOver(address)) player.close(reason);
  };

  return {
    async apply(next) {
      config = next;
      networks = new Networks(next.allowedNetworks);
      if (!next.rtsp.enabled) endWhom(() => true, 'RTSP is not served any more.');
      endWhom((address) => !networks.include(address), 'The network is not allowed any more.');
      for (const { player } of connections.values()) player.checkAccount();
      await listener.moveTo(
        next.rtsp.enabled ? { host: next.rtsp.host ?? host, port: next.rtsp.port } : undefined,
      );
    },
    status: () => ({
      listener: listener.state(),
      connections: connections.size,
      playing: [...connections.values()].filter(({ player }) => player.isPlaying).length,
      ...counts,
    }),
    async stop() {
      check[Symbol.dispose]();
      endWhom(() => true, 'The engine is stopping.');
      await listener.moveTo(undefined);
      for (const socket of connections.keys()) socket.destroy();
    },
  };
}
