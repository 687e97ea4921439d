import { describe, expect, it } from 'vitest';

import { Broadcast, type BroadcastViewer } from '../../../../src/sim/rtsp/broadcast.ts';
import { SendLog } from '../../../../src/sim/rtsp/send-log.ts';
import { ManualClock } from '../manual-clock.ts';
import { tinyClip } from '../tiny-clip.ts';

interface Seen {
  readonly video: number[];
  readonly audio: number[];
  readonly viewer: BroadcastViewer;
}

function watch(stream: 'main' | 'sub'): Seen {
  const [video, audio]: [number[], number[]] = [[], []];
  return {
    video,
    audio,
    viewer: {
      stream,
      onVideo: (tick) => video.push(tick.mediaTime / 9000),
      onAudio: (tick) => audio.push(tick.mediaTime / 1024),
      onMetadata: () => undefined,
    },
  };
}

function setUp(firstFrameNumber = 0) {
  const clock = new ManualClock();
  const log = new SendLog();
  const broadcast = new Broadcast({ source: tinyClip(), clock, log, firstFrameNumber });
  broadcast.start();
  return { clock, log, broadcast };
}

const range = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => first + index);

describe('Broadcast', () => {
  it('sends each frame at its moment, however late each timer fires', () => {
    const { clock, log, broadcast } = setUp();
    const seen = watch('main');
    broadcast.admit(seen.viewer);
    clock.advance(60_000, 7);
    const lateness = log.frames().map(({ index, monotonicMs }) => monotonicMs - (1000 + index * 100));
    expect(seen.video).toEqual(range(5, 595));
    expect(Math.max(...lateness)).toBe(7);
    expect(Math.min(...lateness)).toBe(7);
  });

  it('lets a viewer in at the next keyframe and both streams at the same frame', () => {
    const { clock, log, broadcast } = setUp();
    const [main, sub] = [watch('main'), watch('sub')];
    clock.advance(730);
    expect(broadcast.admit(main.viewer)).toMatchObject({ firstVideoTime: 10 * 9000 });
    clock.advance(400);
    broadcast.admit(sub.viewer);
    clock.advance(500);
    expect({ main: main.video, sub: sub.video }).toEqual({ main: range(10, 7), sub: range(15, 2) });
    expect(log.frames('sub')[0]).toEqual({
      stream: 'sub',
      boot: 0,
      index: 15,
      frameNumber: 15,
      keyframe: true,
      monotonicMs: 2500,
      utcMs: Date.UTC(2026, 0, 1) + 2500,
      viewerCount: 1,
    });
  });

  it('repeats the clip from the given frame on', () => {
    const { clock, log, broadcast } = setUp(10);
    broadcast.admit(watch('main').viewer);
    clock.advance(2500);
    expect(log.frames().map(({ frameNumber }) => frameNumber)).toEqual([...range(15, 5), ...range(0, 16)]);
  });

  it('announces the first audio unit and sends every one after it once', () => {
    const { clock, broadcast } = setUp();
    const seen = watch('main');
    const { firstAudioTime } = broadcast.admit(seen.viewer);
    clock.advance(10_000);
    expect(seen.audio).toEqual(range(firstAudioTime / 1024, seen.audio.length));
    // Nine and a half seconds at 8000 / 1024 units a second.
    expect(seen.audio.length).toBe(75);
  });

  it('uses one timer while somebody watches and none otherwise', () => {
    const { clock, broadcast } = setUp();
    const admissions = [broadcast.admit(watch('main').viewer), broadcast.admit(watch('sub').viewer)];
    expect(clock.timerCount).toBe(1);
    clock.advance(1000);
    for (const admission of admissions) admission.leave();
    expect(clock.timerCount).toBe(0);
  });

  it('catches up after a short delay and jumps to a keyframe after a long one', () => {
    const { clock, log, broadcast } = setUp();
    broadcast.admit(watch('main').viewer);
    clock.advance(700);
    clock.freeze(1000);
    clock.advance(100);
    expect(log.frames().map(({ index }) => index)).toEqual(range(5, 14));
    clock.freeze(60_000);
    clock.advance(100);
    expect(log.frames().slice(14)[0]).toMatchObject({ index: 615, keyframe: true });
  });

  it('sends nothing while paused and goes on at a keyframe', () => {
    const { clock, broadcast } = setUp();
    const seen = watch('main');
    broadcast.admit(seen.viewer);
    clock.advance(600);
    broadcast.setPaused(true);
    clock.advance(5000);
    expect(clock.timerCount).toBe(0);
    broadcast.setPaused(false);
    clock.advance(600);
    expect(seen.video).toEqual([5, 6, 60, 61, 62]);
  });

  it('counts boots and begins each at frame 0', () => {
    const { clock, log, broadcast } = setUp();
    clock.advance(5000);
    broadcast.start();
    broadcast.admit(watch('main').viewer);
    clock.advance(500);
    expect(log.frames()).toMatchObject([{ boot: 1, index: 5, frameNumber: 5 }]);
  });
});

const frame = (index: number) => ({
  stream: 'main' as const,
  boot: 0,
  index,
  frameNumber: index % 3,
  keyframe: false,
  monotonicMs: index,
  utcMs: index,
  viewerCount: 1,
});

describe('SendLog', () => {
  it('keeps the newest frames in order', () => {
    const log = new SendLog(4);
    for (const index of range(0, 10)) log.add(frame(index));
    expect(log.frames().map(({ index }) => index)).toEqual([6, 7, 8, 9]);
    expect([log.total, log.frames('sub').length]).toEqual([10, 0]);
    expect(log.lastWithNumber('main', 1)).toEqual(frame(7));
  });

  it('announces frames and ends waiting when aborted', async () => {
    const log = new SendLog();
    const stopped = new AbortController();
    const found = log.next(({ index }) => index === 2, stopped.signal);
    for (const index of range(0, 4)) log.add(frame(index));
    await expect(found).resolves.toEqual(frame(2));
    const never = log.next(({ index }) => index === 99, stopped.signal);
    stopped.abort(new Error('enough'));
    await expect(never).rejects.toThrow('enough');
  });
});
