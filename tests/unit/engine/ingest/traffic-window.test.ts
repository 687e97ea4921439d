import { expect, it } from 'vitest';
import { TrafficWindow } from '../../../../src/engine/ingest/traffic-window.ts';

it('gives rates over the last seconds, and zero before anything and after silence', () => {
  const traffic = new TrafficWindow();
  expect(traffic.ratesAt({ monotonicMs: 0, bytes: 0, frames: 0 })).toEqual({
    bitrateBps: 0,
    framesPerSecond: 0,
  });
  for (let second = 0; second <= 10; second += 1) {
    traffic.note({ monotonicMs: second * 1_000, bytes: second * 125_000, frames: second * 15 });
  }
  const running = traffic.ratesAt({ monotonicMs: 10_400, bytes: 1_300_000, frames: 156 });
  expect(running).toEqual({ bitrateBps: 1_000_000, framesPerSecond: 15 });
  for (let second = 11; second <= 16; second += 1) {
    traffic.note({ monotonicMs: second * 1_000, bytes: 1_300_000, frames: 156 });
  }
  expect(traffic.ratesAt({ monotonicMs: 16_500, bytes: 1_300_000, frames: 156 })).toEqual({
    bitrateBps: 0,
    framesPerSecond: 0,
  });
});
