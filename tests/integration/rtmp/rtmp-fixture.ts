import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createStreamIngest, PUSH_INGEST_LIMITS, rtmpPushSource } from '../../../src/engine/ingest/index.ts';
import type { StreamIngest } from '../../../src/engine/ingest/index.ts';
import { SlabPool } from '../../../src/engine/media/slab-pool.ts';
import { Attempts } from '../../../src/engine/platform/attempts.ts';
import { createSystemClock } from '../../../src/engine/platform/clock.ts';
import { createRtmpServer, PublishPoints } from '../../../src/engine/rtmp/index.ts';
import type { OpenLive, RtmpLimits, RtmpServer } from '../../../src/engine/rtmp/index.ts';
import { liveCloseCodes, ServeUpdate } from '../../../src/shared/engine-api/index.ts';
import type { Clock } from '../../../src/shared/domain/clock.ts';
import type { PlayAccount } from '../../../src/shared/engine-api/index.ts';
import { WaitingSubscriber } from '../ingest-subscriber.ts';
import { MemoryLog } from '../memory-log.ts';

export const PUSH_NAME = 'gate-main';
export const PUSH_KEY = 'key-of-the-gate';

export interface PushedStream {
  readonly ingest: StreamIngest;
  readonly subscriber: WaitingSubscriber;
}

export interface RunningServer extends AsyncDisposable {
  readonly server: RtmpServer;
  readonly points: PublishPoints;
  readonly port: number;
  readonly log: MemoryLog;
  readonly slabPool: SlabPool;
  /** Takes what is pushed to a name. */
  take(name?: string): PushedStream;
}

/** A real server on loopback, at a port of its own. */
export async function startRtmpServer({
  limits,
  accounts = [],
  openLive = () => ({
    kind: 'refused',
    code: liveCloseCodes.cameraUnknown,
    reason: 'There is no such camera.',
  }),
  names = [PUSH_NAME],
  players = 10,
  clock = createSystemClock(),
}: {
  readonly limits?: Partial<RtmpLimits>;
  readonly accounts?: readonly PlayAccount[];
  readonly openLive?: OpenLive;
  readonly names?: readonly string[];
  /** How many may play at once. */
  readonly players?: number;
  readonly clock?: Clock;
} = {}): Promise<RunningServer> {
  const log = new MemoryLog();
  const slabPool = new SlabPool({ maximumIdleBytes: 1024 ** 2 });
  const points = new PublishPoints({ slabPool, maxAccessUnitBytes: 4 * 1024 ** 2 });
  const server = createRtmpServer({
    points,
    attempts: new Attempts(clock),
    openLive,
    host: '127.0.0.1',
    clock,
    log,
    ...(limits === undefined ? {} : { limits }),
  });
  const ingests: StreamIngest[] = [];
  await server.apply({
    serve: {
      ...ServeUpdate.parse({}),
      rtmp: { enabled: true, port: 0 },
      limits: { players, playersPerAddress: players },
      accounts,
    },
    cameras: names.map((name) => ({ main: { push: name }, streamKey: PUSH_KEY })),
  });
  const { listener } = server.status();
  if (listener.kind !== 'listening')
    throw new Error(`The server does not listen: ${JSON.stringify(listener)}`);
  return {
    server,
    points,
    port: listener.port,
    log,
    slabPool,
    take(name = PUSH_NAME) {
      const ingest = createStreamIngest({
        openSource: rtmpPushSource({ points, name, clock }),
        clock,
        log,
        limits: PUSH_INGEST_LIMITS,
      });
      const subscriber = new WaitingSubscriber();
      ingest.subscribe(subscriber);
      ingest.start();
      ingests.push(ingest);
      return { ingest, subscriber };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(ingests.map((ingest) => ingest.stop()));
      await server.stop();
    },
  };
}

export interface Tool extends AsyncDisposable {
  readonly process: ChildProcess;
  /** Resolves when it has ended by itself, with its exit code and what it said. */
  ended(): Promise<{ readonly code: number | null; readonly output: string }>;
}

/** Starts a program that is killed at the end of the test at the latest. */
export function startTool(file: string, args: readonly string[]): Tool {
  const process = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const exited = once(process, 'exit');
  return {
    process,
    async ended() {
      const [code] = await exited;
      return { code: typeof code === 'number' ? code : null, output };
    },
    async [Symbol.asyncDispose]() {
      process.kill('SIGKILL');
      await exited;
    },
  };
}

/** A port of loopback that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
