import { describe, expect, it } from 'vitest';
import { TrackTimeline } from '../../../../src/engine/ingest/track-timeline.ts';

const SECOND = 90_000;

interface Frame {
  /** In 1/90000 s. */
  readonly stamp: number;
  readonly arrivalMs: number;
}

/** A camera that stamps and sends at rates of its own. */
function frames(
  count: number,
  { stampedMs, sentMs }: { readonly stampedMs: number; readonly sentMs: number },
): Frame[] {
  return Array.from({ length: count }, (_, index) => ({
    stamp: 1_000_000 + Math.round(index * stampedMs * 90),
    arrivalMs: 500 + index * sentMs,
  }));
}

function timelineOf(clockRate: number, originMonotonicMs = 0): TrackTimeline {
  const timeline = new TrackTimeline(originMonotonicMs);
  timeline.beginConnection({ clockRate, clock: 'auto', isReordered: true });
  return timeline;
}

function place(sent: readonly Frame[]): {
  readonly positions: readonly number[];
  readonly timeline: TrackTimeline;
} {
  const timeline = timelineOf(90_000);
  return { positions: sent.map(({ stamp, arrivalMs }) => timeline.place(stamp, arrivalMs)), timeline };
}

function steps(positions: readonly number[]): readonly number[] {
  return positions.slice(1).map((position, index) => position - (positions[index] ?? 0));
}

describe('TrackTimeline', () => {
  it('starts at arrival and follows the stamps exactly, whatever the jitter of the network', () => {
    const sent = frames(1_000, { stampedMs: 40, sentMs: 40 }).map(({ stamp, arrivalMs }, index) => ({
      stamp,
      arrivalMs: arrivalMs + (index % 5) * 20,
    }));
    const { positions } = place(sent);
    expect(positions[0]).toBe(45_000);
    expect(new Set(steps(positions))).toEqual(new Set([3_600]));
  });

  it('converts clocks of other rates', () => {
    const timeline = timelineOf(16_000, 100);
    expect([timeline.place(5_000, 100), timeline.place(6_024, 164), timeline.place(7_048, 228)]).toEqual([
      0, 5_760, 11_520,
    ]);
  });

  it('keeps a small drift within a tenth of a second without a visible step, for a day', () => {
    const perDay = 24 * 3_600;
    const { positions, timeline } = place(frames(perDay, { stampedMs: 1_000.05, sentMs: 1_000 }));
    const lastError = (positions.at(-1) ?? 0) - (500 + (perDay - 1) * 1_000) * 90;
    expect(Math.abs(lastError)).toBeLessThan(0.11 * SECOND);
    const sizes = steps(positions);
    expect(Math.min(...sizes)).toBeGreaterThan(0.98 * SECOND);
    expect(Math.max(...sizes)).toBeLessThan(1.02 * SECOND);
    expect(timeline.regime).toBe('camera');
  });

  it.each([
    { what: 'stamps 25 frames and sends 21', stampedMs: 40, sentMs: 1_000 / 21 },
    { what: 'stamps 20 frames and sends 25', stampedMs: 50, sentMs: 40 },
  ])('paces a camera that $what by arrival, without a leap', ({ stampedMs, sentMs }) => {
    const { positions, timeline } = place(frames(2_000, { stampedMs, sentMs }));
    expect(timeline.regime).toBe('pace');
    const lastError = (positions.at(-1) ?? 0) - (500 + 1_999 * sentMs) * 90;
    expect(Math.abs(lastError)).toBeLessThan(0.2 * SECOND);
    expect(Math.max(...steps(positions))).toBeLessThan(0.1 * SECOND);
    expect(Math.min(...steps(positions))).toBeGreaterThan(0);
  });

  it('follows a camera that mends its pace', () => {
    const bad = frames(500, { stampedMs: 40, sentMs: 1_000 / 21 });
    const last = bad.at(-1) ?? { stamp: 0, arrivalMs: 0 };
    const good = Array.from({ length: 500 }, (_, index) => ({
      stamp: last.stamp + (index + 1) * 3_600,
      arrivalMs: last.arrivalMs + (index + 1) * 40,
    }));
    expect(place([...bad, ...good]).timeline.regime).toBe('camera');
  });

  it('starts anew at arrival when the stamps leap, back or ahead', () => {
    const sent = frames(4, { stampedMs: 40, sentMs: 40 });
    const [, , third, fourth] = sent;
    for (const leap of [-1_000_000, 10_000_000]) {
      const leaping = [
        ...sent.slice(0, 2),
        { stamp: (third?.stamp ?? 0) + leap, arrivalMs: third?.arrivalMs ?? 0 },
        { stamp: (fourth?.stamp ?? 0) + leap, arrivalMs: fourth?.arrivalMs ?? 0 },
      ];
      const { positions, timeline } = place(leaping);
      expect(positions).toEqual([45_000, 48_600, 52_200, 55_800]);
      expect(timeline.leaps).toBe(1);
    }
  });

  it('does not take a stall of the network for time that passed in the picture', () => {
    const sent = frames(200, { stampedMs: 40, sentMs: 40 }).map(({ stamp, arrivalMs }, index) => ({
      stamp,
      // Three seconds are held up and come at once.
      arrivalMs: index >= 50 && index < 125 ? 500 + 125 * 40 : arrivalMs,
    }));
    const { positions } = place(sent);
    expect(Math.max(...steps(positions))).toBeLessThan(1.2 * 3_600);
    expect(Math.min(...steps(positions))).toBeGreaterThan(0.8 * 3_600);
  });

  it('takes a pause that the stamps do not show from arrival', () => {
    const sent = frames(4, { stampedMs: 40, sentMs: 40 }).map(({ stamp, arrivalMs }, index) => ({
      stamp,
      arrivalMs: arrivalMs + (index >= 2 ? 6_000 : 0),
    }));
    expect(place(sent).positions).toEqual([45_000, 48_600, 592_200, 595_800]);
  });

  it('fades a small leap back that could have been a picture out of order', () => {
    const sent = frames(4_000, { stampedMs: 40, sentMs: 40 }).map(({ stamp, arrivalMs }, index) => ({
      stamp: stamp - (index >= 1_000 ? 0.5 * SECOND : 0),
      arrivalMs,
    }));
    const { positions, timeline } = place(sent);
    const lastError = (positions.at(-1) ?? 0) - (500 + 3_999 * 40) * 90;
    expect([timeline.leaps, timeline.regime]).toEqual([0, 'camera']);
    expect(Math.abs(lastError)).toBeLessThan(0.04 * SECOND);
    expect(Math.max(...steps(positions))).toBeLessThan(1.15 * 3_600);
  });

  it('takes sound that goes back for a clock that starts anew', () => {
    const timeline = new TrackTimeline(0);
    timeline.beginConnection({ clockRate: 8_000, clock: 'auto', isReordered: false });
    const positions = [0, 160, 320, 200, 360].map((stamp, index) => timeline.place(stamp, index * 20));
    expect([positions, timeline.leaps]).toEqual([[0, 1_800, 3_600, 5_400, 7_200], 1]);
  });

  it.each<[string, (index: number) => number]>([
    ['stand still', () => 1_000],
    ['leap all the time', (index) => (index % 2) * 90_000_000],
    ['are a hundred times too slow', (index) => index * 36],
  ])('goes by arrival when the stamps %s', (_, stampOf) => {
    const timeline = timelineOf(90_000);
    const positions = Array.from({ length: 3_000 }, (__, index) =>
      timeline.place(stampOf(index), index * 40),
    );
    const errors = positions.slice(100).map((position, index) => Math.abs(position - (index + 100) * 3_600));
    expect(timeline.regime).toBe('arrival');
    expect(Math.max(...errors)).toBeLessThan(0.1 * SECOND);
    expect(Math.max(...steps(positions).slice(100))).toBeLessThan(2 * 3_600);
  });

  it('trusts the stamps again on the next connection, and the timeline goes on', () => {
    const timeline = timelineOf(90_000);
    for (let index = 0; index < 1_000; index += 1) timeline.place(1_000, index * 40);
    timeline.beginConnection({ clockRate: 90_000, clock: 'auto', isReordered: true });
    const positions = [0, 3_600, 7_200].map((stamp, index) => timeline.place(stamp, 50_000 + index * 40));
    expect([positions, timeline.regime]).toEqual([[4_500_000, 4_503_600, 4_507_200], 'camera']);
  });

  it('goes by arrival from the start where that is wished, and keeps the order of presentation', () => {
    const timeline = new TrackTimeline(0);
    timeline.beginConnection({ clockRate: 90_000, clock: 'arrival', isReordered: true });
    // Shown 0 2 3 1, in frames, on a clock that is three times too fast.
    const shown = [0, 3, 1, 2, 6, 4, 5].map((frame) => frame * 10_800);
    const positions = shown.map((stamp, index) => timeline.place(stamp, index * 40));
    expect(timeline.regime).toBe('arrival');
    expect(positions.map((position) => Math.round(position / 3_600))).toEqual([0, 1, -4, 0, 4, -1, 3]);
  });

  it('does not begin behind the connection before, whose stamps had run ahead', () => {
    const timeline = timelineOf(90_000);
    // A second of pictures that come at once.
    const ahead = Array.from({ length: 25 }, (_, index) => timeline.place(index * 3_600, 100)).at(-1) ?? 0;
    timeline.beginConnection({ clockRate: 90_000, clock: 'auto', isReordered: true });
    expect(timeline.place(500, 200)).toBe(ahead + 90);
  });
});
