/** Slaves that do everything wrong, and what a relayed stream makes of it. */
import { X509Certificate, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { FlvChannel, GopBudget, GopCache, LiveCounters, StreamFanout } from '../../src/engine/live/index.ts';
import { createStreamIngest, relaySource } from '../../src/engine/ingest/index.ts';
import type { StreamIngest } from '../../src/engine/ingest/index.ts';
import { writeConfigurationTags, writeFlvHeader, writeSampleTag } from '../../src/engine/media/flv/index.ts';
import { SlabPool } from '../../src/engine/media/slab-pool.ts';
import type { Interruption, Sample, StreamDescription } from '../../src/engine/media/sample.ts';
import { certificatePin, selfSignedCertificatePem } from '../../src/engine/platform/certificate.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import type { Clock } from '../../src/shared/domain/clock.ts';
import { enginePaths, liveCloseCodes } from '../../src/shared/engine-api/index.ts';
import { runsWhole } from '../support/sampling.ts';
import { damaged } from '../fuzz/mutate.ts';
import { accessUnit, counting, sampleOf } from '../unit/engine/rtsp-server/written-packets.ts';
import { WaitingSubscriber } from './ingest-subscriber.ts';
import { MemoryLog } from './memory-log.ts';
import { seededRandom } from './seeded-random.ts';

const RUNS = runsWhole ? 500 : 20;
const token = 't'.repeat(43);
const systemClock = createSystemClock();
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
const cert = selfSignedCertificatePem(privateKey, Date.now());
const pin = certificatePin(new X509Certificate(cert));

const description: StreamDescription = {
  generation: 1,
  video: {
    kind: 'video',
    codec: 'h264',
    sps: Buffer.from('Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA', 'base64'),
    pps: Buffer.from('aO48gA==', 'base64'),
    width: 704,
    height: 480,
  },
};

/** A live stream of one group of 25 pictures. */
function liveStream(described = description): Buffer {
  const pictures = Array.from({ length: 25 }, (_, index) => {
    const isSync = index === 0;
    const data = accessUnit(counting(200, isSync ? 0x65 : 0x41, 0x88));
    const dts90k = index * 3_600;
    return writeSampleTag(sampleOf('video', data, { isSync, dts90k, pts90k: dts90k }), 0, 'h264').chunks;
  });
  const configuration = writeConfigurationTags(described, 0).flatMap(({ chunks }) => chunks);
  return Buffer.concat([writeFlvHeader(described), ...configuration, ...pictures.flat()]);
}

/** 25 pictures a second, one every two seconds to begin with. */
function livePicture(index: number, byteLength: number): Sample {
  const isSync = index % 50 === 0;
  const data = accessUnit(counting(byteLength, isSync ? 0x65 : 0x41, 0x88));
  return sampleOf('video', data, { isSync, dts90k: index * 3_600, pts90k: index * 3_600 });
}

/** A slave's stream with a megabyte in hand, of which every 30 ms so much arrives as 100 Mbit/s carry of it, or less. */
function streamOverSlowLink(viewer: WebSocket, { picturesInAll }: { readonly picturesInAll: number }): void {
  const picturesAtOnce = 48;
  const budget = new GopBudget(4 * 1024 ** 2);
  const log = new MemoryLog();
  const stream = new StreamFanout({
    cache: new GopCache({ maximumBytes: budget.maximumBytes, budget }),
    log,
  });
  const channel = new FlvChannel({ stream, counters: new LiveCounters(), clock: systemClock, log });
  stream.onDescription(description);
  for (let index = 0; index < picturesAtOnce; index += 1) stream.onSample(livePicture(index, 20_000));
  const underway: Uint8Array[] = [];
  const sink = { send: (bytes: Uint8Array) => void underway.push(bytes), bufferedBytes: () => 0 };
  channel.addViewer({ ...sink, close: () => viewer.close() });
  let sent = picturesAtOnce;
  const camera = setInterval(() => {
    stream.onSample(livePicture(sent, 2_000));
    sent += 1;
    if (sent === picturesInAll) clearInterval(camera);
  }, 40);
  const link = setInterval(() => {
    for (const message of underway.splice(0, 6)) viewer.send(message);
    if (sent === picturesInAll && underway.length === 0) clearInterval(link);
  }, 30);
  viewer.once('close', () => {
    clearInterval(camera);
    clearInterval(link);
  });
}

interface Slave extends AsyncDisposable {
  readonly address: string;
  /** What the upgrade requests said. */
  readonly requests: { readonly path: string | undefined; readonly authorization: string | undefined }[];
}

async function listening(server: Server | TcpServer): Promise<Slave> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = addressOf(server.address());
  return {
    address: `127.0.0.1:${port}`,
    requests: [],
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An engine that takes every token and does as it is told with whoever comes. */
async function startSlave(serve: (viewer: WebSocket) => void): Promise<Slave> {
  const server = createServer({ key, cert });
  const webSockets = new WebSocketServer({ noServer: true });
  const slave = await listening(server);
  server.on('upgrade', (request, socket, head) => {
    slave.requests.push({ path: request.url, authorization: request.headers.authorization });
    webSockets.handleUpgrade(request, socket, head, serve);
  });
  return slave;
}

interface Relay extends AsyncDisposable {
  readonly subscriber: WaitingSubscriber;
  readonly ingest: StreamIngest;
  readonly log: MemoryLog;
  readonly slabPool: SlabPool;
}

function relayFrom(address: string): Relay {
  const subscriber = new WaitingSubscriber();
  const log = new MemoryLog();
  const slabPool = new SlabPool({ maximumIdleBytes: 1024 ** 2 });
  let elapsedMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + elapsedMs };
  const slave = { id: 'rec-1', address, certificatePin: pin, scope: 'peer', token } as const;
  const ingest = createStreamIngest({
    openSource: relaySource({ slave, cameraId: 'gate', stream: 'sub', slabPool, clock, log }),
    clock,
    log,
  });
  ingest.subscribe(subscriber);
  // Some time after the configuration.
  elapsedMs = 10_000;
  ingest.start();
  return { subscriber, ingest, log, slabPool, [Symbol.asyncDispose]: () => ingest.stop() };
}

async function firstInterruption({ subscriber }: Relay): Promise<Interruption | undefined> {
  await subscriber.until(() => subscriber.interruptions.length > 0);
  return subscriber.interruptions[0];
}

describe('a relayed stream', () => {
  it('asks for the stream with its token, and passes on what comes', async () => {
    await using slave = await startSlave((viewer) => viewer.send(liveStream()));
    await using relay = relayFrom(slave.address);
    await relay.subscriber.until(() => relay.subscriber.video.length === 25);
    expect(slave.requests).toEqual([
      { path: enginePaths.live('gate', 'sub'), authorization: `Bearer ${token}` },
    ]);
    const times = relay.subscriber.video.map(({ dts90k }) => dts90k);
    expect(times.slice(1).map((time, index) => time - (times[index] ?? 0))).toEqual(
      Array.from({ length: 24 }, () => 3_600),
    );
    expect(relay.subscriber.descriptions).toMatchObject([{ video: { width: 704, height: 480 } }]);
    expect(relay.log.text).not.toContain(token);
  });

  it('keeps its pace though what a slave sends at once takes a quarter of a second', async () => {
    const picturesInAll = 100;
    await using slave = await startSlave((viewer) => streamOverSlowLink(viewer, { picturesInAll }));
    await using relay = relayFrom(slave.address);
    const { video } = relay.subscriber;
    await relay.subscriber.until(() => video.length === picturesInAll);
    const steps = video.slice(1).map(({ dts90k }, index) => dts90k - (video[index]?.dts90k ?? 0));
    // What is ahead of its arrival is held back for half a minute: that would be all live pictures.
    expect(steps.filter((step) => step !== 3_600).length).toBeLessThan(10);
  });

  it('tells why a camera is silent whose sound stays on the slave', async () => {
    const audio = { kind: 'audio', codec: 'pcma', sampleRate: 8_000, channels: 1 } as const;
    await using slave = await startSlave((viewer) => viewer.send(liveStream({ ...description, audio })));
    await using relay = relayFrom(slave.address);
    await relay.subscriber.until(() => relay.subscriber.video.length === 25);
    const [described] = relay.subscriber.descriptions;
    expect(described?.audio).toBeUndefined();
    expect(described?.audioIgnored).toMatch(/^The camera sends G\.711 A-law sound, which is recorded but/);
  });

  it.each<{ what: string; serve: (viewer: WebSocket) => void; expected: Interruption }>([
    {
      what: 'what is no FLV',
      serve: (viewer) => viewer.send(Buffer.alloc(1_000, 0x47)),
      expected: { kind: 'protocol', detail: 'Slave rec-1 sends what is no live stream.' },
    },
    {
      what: 'a tag without measure',
      serve: (viewer) =>
        viewer.send(
          Buffer.concat([writeFlvHeader(description), Buffer.from('09ffffff', 'hex'), Buffer.alloc(500)]),
        ),
      expected: { kind: 'protocol', detail: 'Slave rec-1 sends what is no live stream.' },
    },
    {
      what: 'a message without measure',
      serve: (viewer) => viewer.send(Buffer.alloc(7 * 1024 ** 2)),
      expected: {
        kind: 'protocol',
        detail: 'Slave rec-1 lost the connection (WS_ERR_UNSUPPORTED_MESSAGE_LENGTH).',
      },
    },
    {
      what: 'a cut connection',
      serve: (viewer) => viewer.terminate(),
      expected: { kind: 'unreachable', detail: 'Slave rec-1 lost the connection.' },
    },
    {
      what: 'a goodbye',
      serve: (viewer) => viewer.close(liveCloseCodes.shuttingDown, 'The engine is stopping.'),
      expected: {
        kind: 'closed-by-camera',
        detail: 'Slave rec-1 ended the stream: The engine is stopping.',
      },
    },
    {
      what: 'the news that the token was revoked',
      serve: (viewer) => viewer.close(liveCloseCodes.unauthorized),
      expected: {
        kind: 'refused-credentials',
        detail: 'Slave rec-1 refuses the token. Enrol another one and give it to this master.',
      },
    },
  ])('that gets $what is interrupted for that reason', async ({ serve, expected }) => {
    await using slave = await startSlave(serve);
    await using relay = relayFrom(slave.address);
    expect(await firstInterruption(relay)).toEqual(expected);
  });

  it('begins anew after a mistake of ours with what came', async () => {
    await using slave = await startSlave((viewer) => viewer.send(liveStream()));
    await using relay = relayFrom(slave.address);
    const take = vi.spyOn(relay.slabPool, 'take').mockImplementation(() => {
      throw new Error('a fault of the pool');
    });
    expect(await firstInterruption(relay)).toEqual({
      kind: 'protocol',
      detail: 'Slave rec-1 sent what could not be processed.',
    });
    take.mockRestore();
    await relay.subscriber.until(() => relay.subscriber.video.length === 25);
    expect(relay.log.text).toContain('Could not process what a slave sent; its stream begins anew.');
  });

  it('gives up a slave that says nothing at all, and one that does not answer the request', async () => {
    await using mute = await listening(createTcpServer(() => undefined));
    const server = createServer({ key, cert });
    server.on('upgrade', () => undefined);
    await using idle = await listening(server);
    await using first = relayFrom(mute.address);
    await using second = relayFrom(idle.address);
    expect(await Promise.all([firstInterruption(first), firstInterruption(second)])).toEqual([
      { kind: 'unreachable', detail: 'Slave rec-1 did not answer in time.' },
      { kind: 'unreachable', detail: 'Slave rec-1 did not answer in time.' },
    ]);
  });

  it('makes something or nothing of damaged streams, and always lets go of them', async () => {
    const random = seededRandom();
    for (let run = 0; run < RUNS; run += 1) {
      const bytes = damaged(liveStream(), () => random.next());
      await using slave = await startSlave((viewer) => {
        viewer.send(bytes);
        viewer.close(liveCloseCodes.streamEnded, 'Over.');
      });
      await using relay = relayFrom(slave.address);
      const interruption = await firstInterruption(relay);
      expect(
        ['protocol', 'closed-by-camera', 'unsupported'],
        `seed ${random.seed}, run ${run}: ${JSON.stringify(interruption)}`,
      ).toContain(interruption?.kind);
      expect(relay.subscriber.video.length).toBeLessThan(60);
    }
  });

  it('stops at once while it waits for a slave', async () => {
    await using mute = await listening(createTcpServer(() => undefined));
    const relay = relayFrom(mute.address);
    const beganMs = performance.now();
    await relay.ingest.stop();
    expect(performance.now() - beganMs).toBeLessThan(1_000);
  });
});

function addressOf(address: string | AddressInfo | null): AddressInfo {
  if (typeof address !== 'object' || address === null) throw new Error('The server does not listen.');
  return address;
}
