import { describe, expect, it } from 'vitest';
import { DecodingOrder } from '../../../../src/engine/ingest/decoding-order.ts';

function frames(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => (from + index) * 3_600);
}

describe('DecodingOrder', () => {
  it('decodes when it shows, without pictures that refer to later ones', () => {
    const order = new DecodingOrder();
    order.restart(0);
    expect([0, 3_600, 7_200].map((time) => order.assign(time))).toEqual([
      { dts90k: 0, pts90k: 0 },
      { dts90k: 3_600, pts90k: 3_600 },
      { dts90k: 7_200, pts90k: 7_200 },
    ]);
  });

  it('rises, and never lies behind the presentation, with the stated depth', () => {
    const order = new DecodingOrder();
    order.restart(2);
    const shown = [20, 24, 22, 21, 23, 28, 26, 25, 27].map((frame) => frame * 3_000);
    expect(shown.map((time) => order.assign(time).dts90k / 3_000)).toEqual([
      18, 19, 20, 21, 22, 23, 24, 25, 26,
    ]);
  });

  it('learns the depth when the stream does not state it', () => {
    const order = new DecodingOrder();
    order.restart(0);
    const shown = [20, 24, 22, 21, 23, 28, 26, 25, 27, 32, 30, 29, 31].map((frame) => frame * 3_000);
    const samples = shown.map((time) => order.assign(time));
    const decoded = samples.map(({ dts90k }) => dts90k);
    expect(decoded).toEqual([...new Set(decoded)].toSorted((left, right) => left - right));
    expect(samples.every(({ dts90k, pts90k }) => pts90k >= dts90k)).toBe(true);
    expect(samples.slice(5).map(({ pts90k }) => pts90k)).toEqual(shown.slice(5));
  });

  it('forgets a depth that only a leap back had made it learn', () => {
    const order = new DecodingOrder();
    order.restart(0);
    const shown = [...frames(100, 150), ...frames(138, 2_000)];
    const late = shown.map((time) => {
      const { dts90k, pts90k } = order.assign(time);
      return pts90k - dts90k;
    });
    expect(late.slice(51, 70).some((ticks) => ticks > 0)).toBe(true);
    expect(late.slice(-100).every((ticks) => ticks === 0)).toBe(true);
  });

  it('never goes back over a restart', () => {
    const order = new DecodingOrder();
    order.restart(0);
    order.assign(10_000);
    order.restart(1);
    expect(order.assign(10_500)).toEqual({ dts90k: 10_001, pts90k: 10_500 });
    expect(order.assign(5_000)).toEqual({ dts90k: 10_002, pts90k: 10_002 });
  });
});
