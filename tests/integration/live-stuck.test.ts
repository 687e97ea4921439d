import { once } from 'node:events';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { FlvChannel, GopBudget, GopCache, LiveCounters, StreamFanout } from '../../src/engine/live/index.ts';
import type { Sample } from '../../src/engine/media/sample.ts';
import { enginePaths } from '../../src/shared/engine-api/index.ts';
import { manualClock } from '../unit/engine/live/manual-clock.ts';
import { syntheticDescription } from '../unit/engine/recording/synthetic-stream.ts';
import { HttpFixture, playedEngine } from './engine-http-fixture.ts';
import { quietLog } from './storage-fixture.ts';

const pictureBytes = 100_000;
const maximumQueuedBytes = 1_000_000;
const tooSlowAfterMs = 10_000;

/** 25 pictures a second, a group a second: 20 Mbit/s. */
function picture(index: number): Sample {
  const dts90k = index * 3_600;
  return {
    track: 'video',
    data: new Uint8Array(pictureBytes).fill(index),
    dts90k,
    pts90k: dts90k,
    isSync: index % 25 === 0,
    arrivalMonotonicMs: dts90k / 90,
    utcMs: dts90k / 90,
  };
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
  const clock = manualClock();
  const cache = new GopCache({ maximumBytes: 4 * 1024 ** 2, budget: new GopBudget(4 * 1024 ** 2) });
  const stream = new StreamFanout({ cache, log: quietLog });
  const counters = new LiveCounters();
  const limits = { maximumQueuedBytes, tooSlowAfterMs };
  const channel = new FlvChannel({ stream, counters, clock, log: quietLog, limits });
  const queues: (() => number)[] = [];
  await using fixture = await HttpFixture.open(() =>
    playedEngine({
      openLive: (_target, sink) => {
        queues.push(() => sink.bufferedBytes());
        return channel.addViewer(sink);
      },
    }),
  );
  const headers = { authorization: `Bearer ${fixture.token}` };
  const openSocket = async (): Promise<WebSocket> => {
    const url = `wss://127.0.0.1:${fixture.port}${enginePaths.live('gate', 'main')}`;
    const socket = new WebSocket(url, { rejectUnauthorized: false, headers });
    socket.on('error', () => undefined);
    await once(socket, 'open');
    return socket;
  };
  const goodSocket = await openSocket();
  const good = new GoodViewer(goodSocket);
  const stuckSockets = await Promise.all(Array.from({ length: 5 }, openSocket));
  for (const socket of stuckSockets) socket.pause();
  const stuckResponses = await Promise.all(
    Array.from({ length: 3 }, () => fixture.open(enginePaths.liveFlv('gate', 'main'))),
  );
  for (const response of stuckResponses) response.on('error', () => undefined).pause();
  expect(stream.memberCount).toBe(9);

  stream.onDescription(syntheticDescription(false));
  let longestQueueBytes = 0;
  const pictures = 25 * 30;
  for (let index = 0; index < pictures; index += 1) {
    clock.advance(40);
    stream.onSample(picture(index));
    longestQueueBytes = Math.max(longestQueueBytes, ...queues.map((queued) => queued()));
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
  fixture.clock.advance(5_000);
  await expect.poll(() => Math.max(...queues.map((queued) => queued()))).toBe(0);
  goodSocket.terminate();
  for (const socket of stuckSockets) socket.terminate();
});
