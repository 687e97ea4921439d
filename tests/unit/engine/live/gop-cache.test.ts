import { describe, expect, it } from 'vitest';
import { GopBudget, GopCache } from '../../../../src/engine/live/index.ts';
import { syntheticStream } from '../recording/synthetic-stream.ts';
import { inCountedMemory } from './counted-memory.ts';

/** Three groups of four pictures. */
function groups(seed: number): ReturnType<typeof inCountedMemory> {
  const { samples } = syntheticStream({
    seed,
    seconds: 3,
    framesPerSecond: 4,
    gopFrames: 4,
    maximumPictureBytes: 500,
  });
  return inCountedMemory(samples);
}

function cost(samples: readonly { readonly data: Uint8Array }[]): number {
  return samples.reduce((sum, { data }) => sum + data.byteLength + 256, 0);
}

describe('a cache of the group of pictures in hand', () => {
  it('holds what it keeps, and nothing else', () => {
    const budget = new GopBudget(1_000_000);
    const cache = new GopCache({ maximumBytes: 1_000_000, budget });
    const { samples, heldCount } = groups(1);
    const held: number[] = [];
    for (const sample of samples) {
      cache.add(sample);
      held.push(heldCount());
    }
    expect(held).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
    expect(cache.samples).toEqual(samples.slice(8));
    expect(budget.usedBytes).toBe(cache.byteLength);

    cache.clear();
    cache.clear();
    expect([heldCount(), cache.byteLength, budget.usedBytes]).toEqual([0, 0, 0]);
  });

  it('keeps nothing before a sync picture', () => {
    const cache = new GopCache({ maximumBytes: 1_000_000, budget: new GopBudget(1_000_000) });
    const { samples, heldCount } = groups(2);
    for (const sample of samples.slice(1, 4)) cache.add(sample);
    expect([cache.samples, heldCount()]).toEqual([[], 0]);
  });

  it('lets a whole group go when it grows beyond its bound, and begins again with the next', () => {
    const { samples, heldCount } = groups(3);
    const twoPictures = cost(samples.slice(0, 2));
    const cache = new GopCache({ maximumBytes: twoPictures, budget: new GopBudget(1_000_000) });
    for (const sample of samples.slice(0, 2)) cache.add(sample);
    expect([cache.samples.length, cache.byteLength]).toEqual([2, twoPictures]);
    for (const sample of samples.slice(2, 4)) cache.add(sample);
    expect([cache.samples, heldCount()]).toEqual([[], 0]);
    for (const sample of samples.slice(4, 5)) cache.add(sample);
    expect(cache.samples).toEqual([samples[4]]);
  });

  it('shares a budget with others: who finds it used up waits for its next group', () => {
    const first = groups(4);
    const second = groups(5);
    const budget = new GopBudget(cost(first.samples.slice(0, 4)) + cost(second.samples.slice(0, 1)));
    const full = new GopCache({ maximumBytes: 1_000_000, budget });
    const late = new GopCache({ maximumBytes: 1_000_000, budget });
    for (const sample of first.samples.slice(0, 4)) full.add(sample);
    for (const sample of second.samples.slice(0, 2)) late.add(sample);
    expect([full.samples.length, late.samples.length, second.heldCount()]).toEqual([4, 0, 0]);
    expect(budget.usedBytes).toBe(full.byteLength);

    full.clear();
    for (const sample of second.samples.slice(2, 6)) late.add(sample);
    expect([late.samples.length, budget.usedBytes]).toEqual([2, late.byteLength]);
  });
});
