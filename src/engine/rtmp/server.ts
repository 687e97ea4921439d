import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { CameraConfig, RtmpStatus, ServeConfig } from '../../shared/engine-api/index.ts';
import type { Attempts } from '../platform/attempts.ts';
import { Listener } from '../platform/listener.ts';
import { Networks, plainAddress } from '../platform/networks.ts';
import { receiveInPlace } from '../platform/static-receive.ts';
import { RtmpConnection } from './connection.ts';
import { defaultRtmpLimits } from './context.ts';
import type { OpenLive, RtmpContext, RtmpLimits } from './context.ts';
import type { PublishPointConfig, PublishPoints } from './publish-points.ts';

export interface RtmpServerConfig {
  readonly serve: ServeConfig;
  /** While one of them pushes, the port is open, whether players are served or not. */
  readonly cameras: readonly Pick<CameraConfig, 'main' | 'sub' | 'streamKey'>[];
}

/** Takes the streams that cameras push, and serves players: RTMP on one port. */
export interface RtmpServer {
  /** Resolves when the port was tried; a port that cannot be had is tried again. Connections that may stay notice nothing. */
  apply(config: RtmpServerConfig): Promise<void>;
  status(): RtmpStatus;
  stop(): Promise<void>;
}

export interface RtmpServerOptions {
  readonly points: PublishPoints;
  readonly openLive: OpenLive;
  /** Shared with the other servers that know the same accounts. */
  readonly attempts: Attempts;
  /** To listen at unless the configuration names another address. */
  readonly host: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<RtmpLimits>;
}

const CHECK_PERIOD_MS = 1_000;
/** A process that was held up for longer says nothing of its peers. */
const LATEST_CHECK_MS = 3_000;

export function createRtmpServer(options: RtmpServerOptions): RtmpServer {
  const { points, openLive, attempts, host, clock, log } = options;
  const limits = { ...defaultRtmpLimits, ...options.limits };
  const connections = new Map<Socket, RtmpConnection>();
  const counts = {
    sentBytes: 0,
    closedAsTooSlow: 0,
    refusedNetwork: 0,
    refusedLimit: 0,
    unauthorized: 0,
    wrongKeys: 0,
  };
  let config: RtmpServerConfig | undefined;
  let networks = new Networks([]);

  const playing = (isCounted: (connection: RtmpConnection) => boolean): number => {
    let count = 0;
    for (const connection of connections.values())
      if (connection.isPlaying && isCounted(connection)) count += 1;
    return count;
  };

  const context: RtmpContext = {
    points,
    openLive,
    clock,
    log,
    limits,
    attempts,
    playRules: () => {
      const serve = config?.serve;
      const { players, playersPerAddress } = serve?.limits ?? { players: 0, playersPerAddress: 0 };
      return {
        accounts: serve?.rtmp.enabled === true ? serve.accounts : [],
        mayJoin: (address) =>
          playing(() => true) < players &&
          playing((connection) => connection.address === address) < playersPerAddress,
      };
    },
    counters: {
      countWrongKey: () => void (counts.wrongKeys += 1),
      countUnauthorized: () => void (counts.unauthorized += 1),
      countRefusedLimit: () => void (counts.refusedLimit += 1),
      countSentBytes: (byteLength) => void (counts.sentBytes += byteLength),
      countTooSlow: () => void (counts.closedAsTooSlow += 1),
    },
  };

  const isBeyondLimits = (address: string): boolean => {
    if (connections.size >= limits.maximumConnections) return true;
    let ofAddress = 0;
    for (const connection of connections.values()) if (connection.address === address) ofAddress += 1;
    return ofAddress >= limits.maximumConnectionsPerAddress;
  };

  const accept = (accepted: Socket): void => {
    const address = plainAddress(accepted.remoteAddress ?? '');
    if (!networks.include(address)) {
      counts.refusedNetwork += 1;
      accepted.destroy();
      return;
    }
    if (isBeyondLimits(address)) {
      counts.refusedLimit += 1;
      log.debug({ address }, 'An RTMP connection beyond the limits was refused.');
      accepted.destroy();
      return;
    }
    const socket = receiveInPlace(accepted, (bytes, length) => connection.receive(bytes, length));
    const connection = new RtmpConnection(socket, address, context);
    connections.set(socket, connection);
    socket.once('close', () => connections.delete(socket));
  };

  const listener = new Listener({ name: 'RTMP', clock, log, onConnection: accept });
  let checkedMonotonicMs = clock.monotonicMs();
  const check = clock.every(CHECK_PERIOD_MS, () => {
    const nowMonotonicMs = clock.monotonicMs();
    const wasStill = nowMonotonicMs - checkedMonotonicMs > LATEST_CHECK_MS;
    checkedMonotonicMs = nowMonotonicMs;
    // What the cameras have sent meanwhile has yet to be read.
    if (wasStill) return;
    for (const connection of connections.values()) connection.checkLife(nowMonotonicMs);
  });

  const endWhom = (isOver: (connection: RtmpConnection) => boolean, reason: string): void => {
    for (const connection of connections.values()) if (isOver(connection)) connection.close(reason);
  };

  return {
    async apply(next) {
      const { serve } = next;
      const publishPoints = next.cameras.flatMap(publishPointsOf);
      config = next;
      networks = new Networks(serve.allowedNetworks);
      points.configure(publishPoints);
      const { accounts } = context.playRules();
      endWhom(({ address }) => !networks.include(address), 'The network is not allowed any more.');
      endWhom(
        ({ playRequest: request }) =>
          request !== undefined &&
          !accounts.some(
            ({ username, password }) => username === request.username && password === request.password,
          ),
        'The account is not allowed any more.',
      );
      const isWanted = serve.rtmp.enabled || publishPoints.length > 0;
      await listener.moveTo(isWanted ? { host: serve.rtmp.host ?? host, port: serve.rtmp.port } : undefined);
    },
    status: () => ({
      listener: listener.state(),
      connections: connections.size,
      playing: playing(() => true),
      publishing: points.publishers,
      takeovers: points.takeovers,
      ...counts,
    }),
    async stop() {
      check[Symbol.dispose]();
      for (const connection of connections.values()) connection.close('The engine is stopping.', 'stopped');
      await listener.moveTo(undefined);
      await Promise.all(Array.from(connections.keys(), closeAtOnce));
    },
  };
}

function publishPointsOf({
  main,
  sub,
  streamKey,
}: RtmpServerConfig['cameras'][number]): PublishPointConfig[] {
  return [main, sub].flatMap((address) =>
    typeof address === 'object' ? [{ name: address.push, key: streamKey }] : [],
  );
}

async function closeAtOnce(socket: Socket): Promise<void> {
  const closed = once(socket, 'close');
  socket.destroy();
  await closed;
}
