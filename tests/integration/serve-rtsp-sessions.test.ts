/** What the RTSP server says to players, good and bad, request by request. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JoinableStream } from '../../src/engine/live/index.ts';
import type { H264Track, Sample, StreamSubscriber } from '../../src/engine/media/sample.ts';
import { Attempts } from '../../src/engine/platform/attempts.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { createRtspServer } from '../../src/engine/rtsp-server/index.ts';
import type { RtspServer } from '../../src/engine/rtsp-server/index.ts';
import { ServeUpdate } from '../../src/shared/engine-api/index.ts';
import type { PlayersStatus, ServeConfig } from '../../src/shared/engine-api/index.ts';
import { MemoryLog } from './memory-log.ts';
import { RawPlayer, playAccount } from './raw-rtsp-player.ts';
import { freePort } from './serve-fixture.ts';

const clock = createSystemClock();
const video: H264Track = {
  kind: 'video',
  codec: 'h264',
  sps: Buffer.from('Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA', 'base64'),
  pps: Buffer.from('aO48gA==', 'base64'),
  width: 704,
  height: 480,
};
/** After the first wrong password. */
const firstDelayMs = 50;
const PICTURE_BYTES = 50_000;

/** A camera whose pictures come when the test says so. */
class ManualStream implements JoinableStream {
  readonly members = new Set<StreamSubscriber>();
  isDescribed = true;
  #count = 0;

  join(subscriber: StreamSubscriber): Disposable {
    this.members.add(subscriber);
    if (this.isDescribed) subscriber.onDescription({ generation: 1, video });
    return { [Symbol.dispose]: () => void this.members.delete(subscriber) };
  }

  send({ isSync = true, byteLength = 100 } = {}): void {
    const data = Buffer.alloc(byteLength, 0x41);
    data.writeUInt32BE(byteLength - 4);
    const time90k = this.#count * 3_600;
    this.#count += 1;
    const times = { dts90k: time90k, pts90k: time90k, arrivalMonotonicMs: 0, utcMs: 1_000 };
    const sample: Sample = { track: 'video', data, isSync, ...times };
    for (const member of this.members) member.onSample(sample);
  }
}

let stream: ManualStream;
let server: RtspServer;
let port: number;
let log: MemoryLog;
const players: RawPlayer[] = [];

function open(address?: string): RawPlayer {
  const player = new RawPlayer(port, address);
  players.push(player);
  return player;
}

function config(change: object = {}): ServeConfig {
  const parsed = ServeUpdate.parse({ rtsp: { enabled: true, port }, ...change });
  return { ...parsed, accounts: [playAccount] };
}

/** Asks until the status is as wanted; the test's own time limit is the deadline. */
async function untilStatus(wanted: (status: PlayersStatus) => boolean): Promise<PlayersStatus> {
  for (;;) {
    const status = server.status();
    if (wanted(status)) return status;
    // The server has no event for this.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

beforeEach(async () => {
  stream = new ManualStream();
  log = new MemoryLog();
  port = await freePort();
  server = createRtspServer({
    streams: { find: (cameraId) => (cameraId === 'gate' ? stream : undefined) },
    attempts: new Attempts(clock, { firstDelayMs }),
    host: '127.0.0.1',
    clock,
    log,
    limits: {
      maximumQueuedBytes: 1_000_000,
      tooSlowAfterMs: 300,
      sessionTimeoutMs: 2_000,
      idleTimeoutMs: 1_000,
      describeTimeoutMs: 300,
    },
  });
  await server.apply(config());
});

afterEach(async () => {
  for (const player of players.splice(0)) player.socket.destroy();
  await server.stop();
});

describe('a session', () => {
  it('goes from OPTIONS to TEARDOWN', async () => {
    const player = open();
    expect(await player.ask('OPTIONS', '*')).toMatchObject({ status: 200 });
    const described = await player.logIn();
    expect([described.status, described.headers.get('content-base'), described.body]).toEqual([
      200,
      [`rtsp://127.0.0.1:${port}/gate/main/`],
      expect.stringContaining('a=rtpmap:96 H264/90000'),
    ]);
    const setUp = await player.ask('SETUP', '/gate/main/video', [
      'Transport: RTP/AVP/TCP;unicast;interleaved=4-5',
    ]);
    const [header = ''] = setUp.headers.get('session') ?? [];
    expect(header).toMatch(/^[0-9a-f]{32};timeout=2$/);
    expect(setUp.headers.get('transport')?.[0]).toMatch(
      /^RTP\/AVP\/TCP;unicast;interleaved=4-5;ssrc=[0-9A-F]{8};mode="PLAY"$/,
    );
    player.session = header.split(';')[0] ?? '';
    const play = await player.ask('PLAY', '/gate/main');
    expect([play.status, play.headers.get('rtp-info')?.[0]]).toEqual([
      200,
      expect.stringMatching(/^url=rtsp:\/\/127\.0\.0\.1:\d+\/gate\/main\/video;seq=\d+$/),
    ]);
    stream.send();
    // A sender report, two parameter sets and the picture.
    await player.untilFrames(4);
    expect((await player.ask('GET_PARAMETER', '/gate/main')).status).toBe(200);
    expect((await player.ask('PAUSE', '/gate/main')).status).toBe(200);
    expect([stream.members.size, server.status().playing]).toEqual([0, 0]);
    expect((await player.ask('PLAY', '/gate/main')).status).toBe(200);
    expect([stream.members.size, server.status().playing]).toEqual([1, 1]);
    expect((await player.ask('TEARDOWN', '/gate/main')).status).toBe(200);
    expect([stream.members.size, (await player.ask('PLAY', '/gate/main')).status]).toEqual([0, 454]);
  });

  it.each([
    { what: 'an unknown camera', method: 'DESCRIBE', path: '/hall/main', status: 404 },
    { what: 'no stream', method: 'DESCRIBE', path: '/gate', status: 404 },
    {
      what: 'the whole stream at once',
      method: 'SETUP',
      path: '/gate/main',
      header: 'Transport: RTP/AVP/TCP;interleaved=0-1',
      status: 459,
    },
    {
      what: 'a track that is not there',
      method: 'SETUP',
      path: '/gate/main/audio',
      header: 'Transport: RTP/AVP/TCP',
      status: 404,
    },
    {
      what: 'UDP',
      method: 'SETUP',
      path: '/gate/main/video',
      header: 'Transport: RTP/AVP;unicast;client_port=5000-5001',
      status: 461,
    },
    { what: 'PLAY without a session', method: 'PLAY', path: '/gate/main', status: 454 },
    { what: 'another session', method: 'PLAY', path: '/gate/main', header: 'Session: 1234', status: 454 },
    { what: 'a method for publishers', method: 'ANNOUNCE', path: '/gate/main', status: 405 },
    {
      what: 'an extension',
      method: 'DESCRIBE',
      path: '/gate/main',
      header: 'Require: onvif-replay',
      status: 551,
    },
  ])('refuses $what', async ({ method, path, header, status }) => {
    const player = open();
    await player.logIn();
    const response = await player.ask(method, path, header === undefined ? [] : [header]);
    expect(response.status).toBe(status);
  });

  it('says 503 for a camera that does not answer, and asks it no longer', async () => {
    stream.isDescribed = false;
    const player = open();
    expect((await player.logIn()).status).toBe(503);
    expect(stream.members.size).toBe(0);
  });

  it('lets go of the stream when the player goes away', async () => {
    const player = open();
    await player.play();
    expect(stream.members.size).toBe(1);
    player.socket.destroy();
    await untilStatus(({ connections }) => connections === 0);
    expect(stream.members.size).toBe(0);
  });

  it('ends when nothing is heard of the player, and not while it takes pictures', async () => {
    const [silent, idle, taking] = [open(), open(), open()];
    await Promise.all([silent.setUp(), taking.play()]);
    const sending = setInterval(() => stream.send(), 100);
    await Promise.all([silent.closed, idle.closed]);
    clearInterval(sending);
    expect(await untilStatus(({ connections }) => connections < 2)).toMatchObject({
      connections: 1,
      playing: 1,
    });
    expect(taking.socket.destroyed).toBe(false);
  });

  it('ends for who asks and asks and never says who it is: places are limited', async () => {
    const player = open();
    const asking = setInterval(() => void player.ask('OPTIONS', '*').catch(() => undefined), 200);
    await player.closed;
    clearInterval(asking);
    expect(await untilStatus(({ connections }) => connections === 0)).toMatchObject({ connections: 0 });
  });

  it.each([
    ['another protocol', 'GET / HTTP/1.1\r\n\r\n', 'RTSP/1.0 400 Bad Request'],
    ['too much', `OPTIONS * RTSP/1.0\r\nX: ${'x'.repeat(10_000)}`, 'RTSP/1.0 413 Request Entity Too Large'],
  ])('ends at once when the player speaks %s', async (_what, text, answer) => {
    const player = open();
    const received: Buffer[] = [];
    player.socket.on('data', (bytes) => received.push(bytes));
    player.socket.write(text);
    await player.closed;
    expect(Buffer.concat(received).toString().split('\r\n')[0]).toBe(answer);
  });
});

describe('a player that does not read', () => {
  it('loses pictures, then the connection; its queue is bounded, and others get every picture', async () => {
    const [slow, quick] = [open(), open()];
    await Promise.all([slow.play(), quick.play()]);
    slow.socket.pause();
    let sent = 0;
    let packets = 0;
    // Two parameter sets, and fragments of a slice without its length and header.
    const packetsAPicture = 2 + Math.ceil((PICTURE_BYTES - 5) / 1_398);
    while (server.status().closedAsTooSlow === 0) {
      stream.send({ byteLength: PICTURE_BYTES });
      sent += 1;
      packets += packetsAPicture;
      await quick.untilFrames(packets);
      // Pictures come one after the other, not all in one turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const status = server.status();
    expect(status).toMatchObject({ closedAsTooSlow: 1, playing: 1 });
    expect(status.framesDropped).toBeGreaterThan(0);
    expect(status.framesDropped).toBeLessThan(sent);
    slow.socket.resume();
    await slow.closed;
    expect(stream.members.size).toBe(1);
  });
});

describe('who may play', () => {
  it('needs the password; whoever guesses waits, is counted, and loses the connection', async () => {
    const player = open();
    const beganMs = performance.now();
    expect((await player.logIn('guess')).status).toBe(401);
    await player.logIn('guess 2').catch(() => undefined);
    await player.logIn('guess 3').catch(() => undefined);
    await player.closed;
    expect(performance.now() - beganMs).toBeGreaterThan(3 * firstDelayMs);
    expect(server.status().unauthorized).toBe(3);
    expect(log.text).not.toContain('guess');
    expect(log.text.match(/wrong user or password was refused. {"address":"127.0.0.1"}/g)).toHaveLength(3);
  });

  it('is not guessed faster on many connections, from elsewhere not held up, and let in after the wait', async () => {
    const beganMs = performance.now();
    const answers = await Promise.all(Array.from({ length: 4 }, () => open().logIn('guess')));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    // The second waits for what the first cost, the third for twice as much, and so on.
    expect(performance.now() - beganMs).toBeGreaterThan(7 * firstDelayMs);
    const elsewhereMs = performance.now();
    expect((await open('127.0.0.2').logIn()).status).toBe(200);
    expect(performance.now() - elsewhereMs).toBeLessThan(8 * firstDelayMs);
    expect((await open().logIn()).status).toBe(200);
  });

  it('loses the connection when the account goes, and nobody else does', async () => {
    const player = open();
    await player.play();
    await server.apply(config({ limits: { players: 5, playersPerAddress: 5 } }));
    expect((await player.ask('GET_PARAMETER', '/gate/main')).status).toBe(200);
    await server.apply({ ...config(), accounts: [{ ...playAccount, password: 'another' }] });
    await player.closed;
    expect(stream.members.size).toBe(0);
  });

  it('comes from an allowed network, and not in too great numbers', async () => {
    await server.apply(
      config({ allowedNetworks: ['127.0.0.0/30'], limits: { players: 3, playersPerAddress: 2 } }),
    );
    const outside = open('127.0.0.9');
    await outside.closed;
    await Promise.all([open('127.0.0.1').logIn(), open('127.0.0.1').logIn(), open('127.0.0.2').logIn()]);
    await open('127.0.0.1').closed;
    await open('127.0.0.2').closed;
    expect(server.status()).toMatchObject({ connections: 3, refusedNetwork: 1, refusedLimit: 2 });
    await server.apply(config({ allowedNetworks: ['10.0.0.0/8'] }));
    await untilStatus(({ connections }) => connections === 0);
  });
});

describe('the port', () => {
  it('is waited for while another program has it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    if (typeof address !== 'object' || address === null) throw new Error('No port is taken.');
    await server.apply(config({ rtsp: { enabled: true, port: address.port } }));
    expect(server.status().listener).toEqual({
      kind: 'waiting',
      reason: 'port-in-use',
      detail: `Port ${address.port} at 127.0.0.1 is in use by another program. Stop that program or choose another port for RTSP.`,
      sinceUtcMs: expect.any(Number),
      retryAtUtcMs: expect.any(Number),
    });
    other.close();
    await untilStatus(({ listener }) => listener.kind === 'listening');
    ({ port } = address);
    expect((await open().logIn()).status).toBe(200);
  });

  it('that is not of this machine is a state, too', async () => {
    await server.apply(config({ rtsp: { enabled: true, port, host: '192.0.2.1' } }));
    expect(server.status().listener).toMatchObject({ kind: 'waiting', reason: 'address-unusable' });
  });

  it('is closed, players too, when RTSP is not to be served', async () => {
    const player = open();
    await player.play();
    await server.apply(config({ rtsp: { enabled: false } }));
    await player.closed;
    expect(server.status()).toMatchObject({ listener: { kind: 'off' } });
    await open().closed;
    expect((await untilStatus(({ connections }) => connections === 0)).refusedLimit).toBe(0);
  });
});

it('lets go of who asks and asks and reads no answer, before it is known who that is', async () => {
  const player = open();
  await untilStatus(({ connections }) => connections === 1);
  player.socket.pause();
  // What the player is said not to have comes back to it in full.
  const request = `OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: ${'x'.repeat(7_000)}\r\n\r\n`;
  const isOver = (): boolean => log.text.includes('A connection to a player ends.');
  // The system's own buffers between the two take some of it.
  for (let count = 0; count < 3_000 && !isOver(); count += 1)
    await new Promise((resolve) => player.socket.write(request, resolve));
  await untilStatus(({ connections }) => connections === 0);
  expect(log.text).toContain('The player asks and reads no answers.');
});
