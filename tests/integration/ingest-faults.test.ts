/** Ingest over real sockets against servers that misbehave. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { createStreamIngest, rtspSource } from '../../src/engine/ingest/index.ts';
import type { IngestLimits, RtspSourceLimits, StreamIngest } from '../../src/engine/ingest/index.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { SlabPool } from '../../src/engine/media/slab-pool.ts';
import { healthyScript, IDR, SLICE } from '../unit/engine/ingest/scripted-camera.ts';
import type { Script } from '../unit/engine/ingest/scripted-camera.ts';
import { frame } from '../unit/engine/rtsp/collecting-reader.ts';
import { fragments, rtpPacket } from '../unit/engine/rtsp/rtp-packets.ts';
import { WaitingSubscriber } from './ingest-subscriber.ts';
import { MemoryLog } from './memory-log.ts';

const PASSWORD = 'correct horse %40 battery';

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly nextConnection: () => Promise<unknown>;
  /** How often somebody connected. */
  readonly connections: () => number;
  readonly requests: readonly string[];
}

/** Answers requests by a script; `onPlay` gets the socket when PLAY has been answered. */
async function serve(script: Script, onPlay: (socket: Socket) => void = () => undefined): Promise<Server> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      for (const text of bytes.toString('utf8').split(/(?<=\r\n\r\n)/)) {
        const [, method = '', uri = ''] = /^(\w+) (\S+)/.exec(text) ?? [];
        const sequence = /CSeq: (\d+)/.exec(text)?.[1] ?? '';
        requests.push(method);
        const answer = script({ method, uri, sequence, text });
        if (answer !== undefined) socket.write(answer.replace('\r\n', `\r\nCSeq: ${sequence}\r\n`));
        if (method === 'PLAY') onPlay(socket);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `rtsp://127.0.0.1:${port}/live`,
    nextConnection: () => once(server, 'connection'),
    connections: () => connections,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Running extends AsyncDisposable {
  readonly ingest: StreamIngest;
  readonly subscriber: WaitingSubscriber;
  readonly log: MemoryLog;
}

function run(url: string, limits: Partial<IngestLimits & RtspSourceLimits> = {}): Running {
  const subscriber = new WaitingSubscriber();
  const log = new MemoryLog();
  const clock = createSystemClock();
  const ingest = createStreamIngest({
    openSource: rtspSource({
      slabPool: new SlabPool({ maximumIdleBytes: 1024 ** 2 }),
      url,
      credentials: { username: 'admin', password: PASSWORD },
      clock,
      log,
      limits,
    }),
    clock,
    log,
    limits: { firstDelayMs: 50, longestDelayMs: 100, ...limits },
  });
  ingest.subscribe(subscriber);
  ingest.start();
  return { ingest, subscriber, log, [Symbol.asyncDispose]: () => ingest.stop() };
}

function picture(sequence: number, nal: Buffer): Buffer {
  return frame(0, rtpPacket({ sequence, timestamp: sequence * 3_600, payload: nal, marker: true }));
}

it('a wrong password is told once and not tried again soon', async () => {
  const challenge = 'Digest realm="camera", nonce="0123", algorithm=SHA-256, qop="auth"';
  await using server = await serve(
    () =>
      `RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: ${challenge}\r\nWWW-Authenticate: Basic realm="camera"\r\n\r\n`,
  );
  await using running = run(server.url);
  const { ingest, subscriber, log } = running;
  await subscriber.until(() => subscriber.interruptions.length > 0);
  const detail = `${new URL(server.url).host} refused the user name or the password.`;
  expect(subscriber.interruptions).toEqual([{ kind: 'refused-credentials', detail }]);
  const { state } = ingest.status();
  expect(state).toMatchObject({ kind: 'waiting', reason: 'refused-credentials', detail });
  expect(state.kind === 'waiting' && state.retryAtUtcMs - state.sinceUtcMs).toBeGreaterThanOrEqual(24_000);
  expect([server.connections(), server.requests]).toEqual([1, ['OPTIONS', 'OPTIONS']]);
  expect(log.text).not.toContain(PASSWORD);
  expect(log.text).not.toContain(encodeURIComponent(PASSWORD));
});

it('a camera that answers garbage is left, and tried again', async () => {
  await using garbage = await serve(() => '\u0000\u0001no RTSP at all $$$$'.repeat(60_000));
  await using running = run(garbage.url, { requestTimeoutMs: 5_000 });
  const { subscriber } = running;
  await subscriber.until(() => subscriber.interruptions.length > 0);
  await garbage.nextConnection();
  expect(subscriber.interruptions).toEqual([
    { kind: 'protocol', detail: 'The camera sent 1 MiB that is no RTSP.' },
  ]);
});

it('a camera that never answers is left after a while', async () => {
  await using server = await serve(() => undefined);
  await using running = run(server.url, { requestTimeoutMs: 200 });
  const { subscriber } = running;
  await subscriber.until(() => subscriber.interruptions.length > 0);
  expect(subscriber.interruptions).toEqual([
    { kind: 'silent', detail: 'The camera did not answer OPTIONS within 0.2 s.' },
  ]);
});

it('a camera that falls silent after PLAY is hung up with TEARDOWN and tried again', async () => {
  await using server = await serve(healthyScript(), (socket) => socket.write(picture(1, IDR)));
  await using running = run(server.url, { silenceTimeoutMs: 500 });
  const { subscriber, ingest } = running;
  await subscriber.until(() => subscriber.video.length === 2);
  expect(subscriber.interruptions).toEqual([
    { kind: 'silent', detail: 'The camera has sent no video for 0.5 s.' },
  ]);
  expect(server.requests.slice(0, 6)).toEqual([
    'OPTIONS',
    'DESCRIBE',
    'SETUP',
    'PLAY',
    'TEARDOWN',
    'OPTIONS',
  ]);
  expect(ingest.status()).toMatchObject({ state: { kind: 'streaming' }, framesReceived: 2, reconnects: 1 });
});

it('a connection closed in the middle of a frame costs that frame, and the timeline goes on', async () => {
  await using server = await serve(healthyScript(), (socket) => {
    const [start = Buffer.alloc(0)] = fragments(SLICE, 8);
    const cut = frame(0, rtpPacket({ sequence: 3, timestamp: 10_800, payload: start })).subarray(0, 9);
    // The pieces of the first picture arrive in reads of their own.
    for (const byte of picture(1, IDR)) socket.write(Buffer.from([byte]));
    socket.write(picture(2, SLICE));
    socket.end(cut);
  });
  await using running = run(server.url);
  const { subscriber } = running;
  await subscriber.until(() => subscriber.video.length >= 6);
  const kinds = subscriber.video.slice(0, 6).map(({ isSync }) => isSync);
  expect(kinds).toEqual([true, false, true, false, true, false]);
  expect(new Set(subscriber.interruptions.map(({ kind }) => kind))).toEqual(new Set(['closed-by-camera']));
  expect(new Set(subscriber.descriptions.map(({ generation }) => generation))).toEqual(new Set([1]));
  const times = subscriber.video.map(({ dts90k }) => dts90k);
  expect(times).toEqual([...new Set(times)].toSorted((left, right) => left - right));
});

it('a port where nothing listens is told as such, and found again when something does', async () => {
  const first = await serve(healthyScript());
  const { url } = first;
  await first[Symbol.asyncDispose]();
  await using running = run(url);
  const { subscriber } = running;
  await subscriber.until(() => subscriber.interruptions.length > 0);
  expect(subscriber.interruptions).toEqual([
    {
      kind: 'refused',
      detail: `${new URL(url).host} refused the connection: nothing listens on that port.`,
    },
  ]);
  const again = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('RTSP/1.0 503 Later\r\nCSeq: 1\r\n\r\n');
  });
  again.listen(Number(new URL(url).port), '127.0.0.1');
  await once(again, 'listening');
  await once(again, 'connection');
  again.close();
});

it('stopping in the middle of an attempt leaves no socket and no timer', async () => {
  await using server = await serve(() => undefined);
  const { ingest, subscriber } = run(server.url);
  await ingest.stop();
  expect(ingest.status().state).toEqual({ kind: 'idle' });
  expect(subscriber.interruptions).toEqual([{ kind: 'stopped', detail: 'The stream was stopped.' }]);
});
