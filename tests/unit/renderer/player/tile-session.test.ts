import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FlvStream } from '../../../../src/renderer/player/flv-player.ts';
import { createHandshakeQueue } from '../../../../src/renderer/player/handshake-queue.ts';
import { retryDelayMs, startTileSession } from '../../../../src/renderer/player/tile-session.ts';
import type { LiveTicket, TileState, TileStatistics } from '../../../../src/renderer/player/tile-session.ts';
import type { Clock } from '../../../../src/shared/domain/clock.ts';

interface Timer {
  dueMs: number;
  readonly periodMs: number | undefined;
  readonly callback: () => void;
}

/** A clock that moves only when it is told to. */
class ManualClock implements Clock {
  #nowMs = 0;
  #timers: Timer[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }
  utcMs(): number {
    return this.#nowMs;
  }
  after(delayMs: number, callback: () => void): Disposable {
    return this.#schedule({ dueMs: this.#nowMs + delayMs, periodMs: undefined, callback });
  }
  every(periodMs: number, callback: () => void): Disposable {
    return this.#schedule({ dueMs: this.#nowMs + periodMs, periodMs, callback });
  }
  get pending(): number {
    return this.#timers.length;
  }
  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (;;) {
      const next = this.#timers.filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#nowMs = next.dueMs;
      if (next.periodMs === undefined) this.#timers = this.#timers.filter((timer) => timer !== next);
      else next.dueMs += next.periodMs;
      next.callback();
    }
    this.#nowMs = endMs;
  }
  #schedule(timer: Timer): Disposable {
    this.#timers.push(timer);
    return {
      [Symbol.dispose]: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }
}

const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A video element and player that show what the test says. */
class Stage {
  readonly clock = new ManualClock();
  readonly states: TileState[] = [];
  readonly statistics: TileStatistics[] = [];
  readonly streams: FlvStream[] = [];
  frames = 0;
  bytes = 0;
  destroyed = 0;
  ticket: LiveTicket = { kind: 'ok', value: { path: '/media/live?ticket=t', hasAudio: false } };

  start() {
    const frames = (): number => this.frames;
    return startTileSession({
      video: {
        buffered: { length: 1, start: () => 0, end: () => 10.25 },
        currentTime: 10,
        videoWidth: 640,
        videoHeight: 360,
        getVideoPlaybackQuality: () => ({
          totalVideoFrames: frames(),
          droppedVideoFrames: 0,
          corruptedVideoFrames: 0,
          creationTime: 0,
        }),
      },
      clock: this.clock,
      queue: createHandshakeQueue(),
      mediaOrigin: 'ws://127.0.0.1:1',
      openLive: async () => this.ticket,
      openPlayer: async (stream) => {
        this.streams.push(stream);
        stream.onConnected();
        return {
          receivedBytes: () => this.bytes,
          destroy: () => {
            this.destroyed += 1;
          },
        };
      },
      onState: (state) => this.states.push(state),
      onStatistics: (statistics) => this.statistics.push(statistics),
      onSoundObstacle: () => undefined,
    });
  }

  /** Half-second steps in which frames come. */
  play(forMs: number): void {
    for (let passedMs = 0; passedMs < forMs; passedMs += 500) {
      this.frames += 12;
      this.bytes += 31_250;
      this.clock.advance(500);
    }
  }
}

let stage = new Stage();
let session: { readonly stop: () => void } | undefined;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => {
  session?.stop();
  if (stage.clock.pending > 0) throw new Error('A timer was left behind.');
});

test('opens, plays, stalls when frames stop, plays again', async () => {
  session = stage.start();
  await settled();
  expect(stage.streams.map(({ url, hasAudio }) => ({ url, hasAudio }))).toEqual([
    { url: 'ws://127.0.0.1:1/media/live?ticket=t', hasAudio: false },
  ]);
  stage.play(2000);
  stage.clock.advance(2500);
  stage.play(500);
  expect(stage.states).toEqual([
    { kind: 'opening' },
    { kind: 'playing' },
    { kind: 'stalled', lastFrameMs: 2000 },
    { kind: 'playing' },
  ]);
});

test('tells rate, size and delay once a second', async () => {
  session = stage.start();
  await settled();
  stage.play(1000);
  expect(stage.statistics).toEqual([
    { framesPerSecond: 24, droppedFrames: 0, bitrateBps: 500_000, bufferedMs: 250, width: 640, height: 360 },
  ]);
});

test('a stream without a picture is given up and opened again', async () => {
  session = stage.start();
  await settled();
  stage.clock.advance(10_500);
  expect(stage.states.at(-1)).toEqual({
    kind: 'failed',
    problem: { kind: 'no-picture', afterMs: 10_500 },
    retryAtMs: 11_500,
  });
  expect(stage.destroyed).toBe(1);
  stage.clock.advance(1000);
  await settled();
  expect(stage.streams).toHaveLength(2);
  expect(stage.states.at(-1)).toEqual({ kind: 'opening' });
});

test('a refusal is shown in the desk’s words and retried with growing pauses', async () => {
  const failure = { code: 'not-assigned', message: 'This camera is on no node.' } as const;
  stage.ticket = { kind: 'failed', failure };
  session = stage.start();
  await settled();
  stage.clock.advance(1000);
  await settled();
  expect(stage.states).toEqual([
    { kind: 'opening' },
    { kind: 'failed', problem: { kind: 'refused', failure }, retryAtMs: 1000 },
    { kind: 'opening' },
    { kind: 'failed', problem: { kind: 'refused', failure }, retryAtMs: 3000 },
  ]);
});

test('after steady playing the pauses begin short again', async () => {
  session = stage.start();
  await settled();
  stage.streams[0]?.onEnd({ kind: 'closed', code: 4410 });
  stage.clock.advance(1000);
  await settled();
  stage.play(11_000);
  stage.streams[1]?.onEnd({ kind: 'closed', code: 1006 });
  expect(stage.states.at(-1)).toEqual({
    kind: 'failed',
    problem: { kind: 'closed', code: 1006 },
    retryAtMs: 13_000,
  });
});

test('stop ends the player, and a player that opens after it', async () => {
  session = stage.start();
  session.stop();
  await settled();
  expect(stage.streams).toHaveLength(0);
  session = stage.start();
  await settled();
  session.stop();
  expect(stage.destroyed).toBe(1);
});

test('pauses double up to fifteen seconds', () => {
  expect([1, 2, 3, 4, 5, 50].map(retryDelayMs)).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
});
