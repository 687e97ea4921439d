import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { EngineApi } from '../../src/engine/http/engine-api.ts';
import { FlvChannel, GopBudget, GopCache, LiveCounters, StreamFanout } from '../../src/engine/live/index.ts';
import type { Sample } from '../../src/engine/media/sample.ts';
import { enginePaths, liveCloseCodes } from '../../src/shared/engine-api/index.ts';
import { manualClock } from '../unit/engine/live/manual-clock.ts';
import { syntheticDescription } from '../unit/engine/recording/synthetic-stream.ts';
import { HttpFixture, playedEngine, unforeseen } from './engine-http-fixture.ts';
import { quietLog } from './storage-fixture.ts';

const pictureBytes = 100_000;
const tooSlowAfterMs = 10_000;

/** 25 pictures a second, a group a second: 20 Mbit/s unless told. */
function picture(index: number, byteLength = pictureBytes): Sample {
  const dts90k = index * 3_600;
  return {
    track: 'video',
    data: new Uint8Array(byteLength).fill(index),
    dts90k,
    pts90k: dts90k,
    isSync: index % 25 === 0,
    arrivalMonotonicMs: dts90k / 90,
    utcMs: dts90k / 90,
  };
}

/** A channel with a stream of its own behind a real server. */
class ChannelFixture implements AsyncDisposable {
  readonly stream: StreamFanout;
  readonly counters = new LiveCounters();
  readonly #clock = manualClock();
  readonly #http: HttpFixture;
  readonly #queues: (() => number)[] = [];

  static async open(maximumQueuedBytes: number): Promise<ChannelFixture> {
    let openLive: EngineApi['openLive'] | undefined;
    const http = await HttpFixture.open(() =>
      playedEngine({ openLive: (target, sink) => openLive?.(target, sink) ?? unforeseen() }),
    );
    const fixture = new ChannelFixture(http);
    const { stream, counters } = fixture;
    const limits = { maximumQueuedBytes, tooSlowAfterMs };
    const channel = new FlvChannel({ stream, counters, clock: fixture.#clock, log: quietLog, limits });
    openLive = (_target, sink) => {
      fixture.#queues.push(() => sink.bufferedBytes());
      return channel.addViewer(sink);
    };
    return fixture;
  }

  private constructor(http: HttpFixture) {
    this.#http = http;
    const maximumBytes = 4 * 1024 ** 2;
    this.stream = new StreamFanout({
      cache: new GopCache({ maximumBytes, budget: new GopBudget(maximumBytes) }),
      log: quietLog,
    });
  }

  /** The longest of the queues. */
  queuedBytes(): number {
    return Math.max(...this.#queues.map((queued) => queued()));
  }

  /** Time passes for the channel and for the server. */
  advance(byMs: number): void {
    this.#clock.advance(byMs);
    this.#http.clock.advance(byMs);
  }

  async openSocket(): Promise<WebSocket> {
    const url = `wss://127.0.0.1:${this.#http.port}${enginePaths.live('gate', 'main')}`;
    const headers = { authorization: `Bearer ${this.#http.token}` };
    const socket = new WebSocket(url, { rejectUnauthorized: false, headers });
    socket.on('error', () => undefined);
    await once(socket, 'open');
    return socket;
  }

  openHttp(): Promise<IncomingMessage> {
    return this.#http.open(enginePaths.liveFlv('gate', 'main'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#http[Symbol.asyncDispose]();
  }
}

/** Reads everything, and knows how much. */
class GoodViewer {
  readonly #socket: WebSocket;
  #receivedBytes = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (message: Buffer) => {
      this.#receivedBytes += message.byteLength;
    });
  }

  async received(byteLength: number): Promise<void> {
    while (this.#receivedBytes < byteLength) await once(this.#socket, 'message');
  }
}

it('keeps viewers that read nothing to their bound, lets them go, and serves the others every picture', async () => {
  const maximumQueuedBytes = 1_000_000;
  await using fixture = await ChannelFixture.open(maximumQueuedBytes);
  const { stream, counters } = fixture;
  const goodSocket = await fixture.openSocket();
  const good = new GoodViewer(goodSocket);
  const stuckSockets = await Promise.all(Array.from({ length: 5 }, () => fixture.openSocket()));
  for (const socket of stuckSockets) socket.pause();
  const stuckResponses = await Promise.all(Array.from({ length: 3 }, () => fixture.openHttp()));
  for (const response of stuckResponses) response.on('error', () => undefined).pause();
  expect(stream.memberCount).toBe(9);

  stream.onDescription(syntheticDescription(false));
  let longestQueueBytes = 0;
  const pictures = 25 * 30;
  for (let index = 0; index < pictures; index += 1) {
    fixture.advance(40);
    stream.onSample(picture(index));
    longestQueueBytes = Math.max(longestQueueBytes, fixture.queuedBytes());
    // The good one reads as fast as pictures come.
    await good.received((index + 1) * pictureBytes);
  }

  expect(longestQueueBytes).toBeGreaterThan(maximumQueuedBytes / 2);
  expect(longestQueueBytes).toBeLessThan(maximumQueuedBytes + 2 * pictureBytes);
  expect({ ...counters.totals, framesDropped: counters.totals.framesDropped > 8 * 200 }).toEqual({
    framesDropped: true,
    viewersClosedAsTooSlow: 8,
    viewersRefused: 0,
  });
  expect([goodSocket.readyState, stream.memberCount]).toEqual([WebSocket.OPEN, 1]);
  // What they did not take is let go as well.
  fixture.advance(5_000);
  await expect.poll(() => fixture.queuedBytes()).toBe(0);
  goodSocket.terminate();
  for (const socket of stuckSockets) socket.terminate();
});

it('keeps a viewer that reads slowly, though its answers to pings come late, and drops pictures for it', async () => {
  await using fixture = await ChannelFixture.open(5 * 1024 ** 2);
  const { stream, counters } = fixture;
  const goodSocket = await fixture.openSocket();
  const good = new GoodViewer(goodSocket);
  const slow = await fixture.openSocket();
  slow.pause();
  const closed = once(slow, 'close');
  stream.onDescription(syntheticDescription(false));
  // Two minutes, of which it takes every fifth picture at most.
  for (let index = 0; index < 25 * 120 && slow.readyState === WebSocket.OPEN; index += 1) {
    fixture.advance(40);
    stream.onSample(picture(index));
    await good.received((index + 1) * pictureBytes);
    if (index % 5 !== 0) continue;
    const heard = Promise.race([once(slow, 'message'), closed]);
    slow.resume();
    await heard;
    slow.pause();
  }

  expect(slow.readyState).toBe(WebSocket.OPEN);
  expect({ ...counters.totals, framesDropped: counters.totals.framesDropped > 500 }).toEqual({
    framesDropped: true,
    viewersClosedAsTooSlow: 0,
    viewersRefused: 0,
  });
  for (const socket of [goodSocket, slow]) socket.terminate();
});

it('tells a viewer that takes nothing of a slow stream that it is too slow, and counts it', async () => {
  const slowPictureBytes = 2_500;
  await using fixture = await ChannelFixture.open(5 * 1024 ** 2);
  const { stream, counters } = fixture;
  const goodSocket = await fixture.openSocket();
  const good = new GoodViewer(goodSocket);
  const stuck = await fixture.openSocket();
  stuck.pause();
  stream.onDescription(syntheticDescription(false));
  let index = 0;
  // First the network between the two fills up, which takes some megabytes.
  for (; stream.memberCount === 2; index += 1) {
    fixture.advance(40);
    stream.onSample(picture(index, slowPictureBytes));
    await good.received((index + 1) * slowPictureBytes);
  }

  expect(counters.totals).toMatchObject({ viewersClosedAsTooSlow: 1, viewersRefused: 0 });
  expect(counters.totals.framesDropped).toBeGreaterThan(200);
  const closed = once(stuck, 'close');
  stuck.resume();
  expect((await closed)[0]).toBe(liveCloseCodes.tooSlow);
  expect(goodSocket.readyState).toBe(WebSocket.OPEN);
  goodSocket.terminate();
});
