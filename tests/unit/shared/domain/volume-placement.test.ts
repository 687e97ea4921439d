import { describe, expect, it } from 'vitest';
import { choosePlacement, freeShare } from '../../../../src/shared/domain/volume-placement.ts';
import type { PlaceableVolume } from '../../../../src/shared/domain/volume-placement.ts';

function volume(name: string, changes: Partial<PlaceableVolume> = {}): PlaceableVolume {
  return {
    name,
    totalBytes: 1100,
    freeBytes: 600,
    reserveBytes: 100,
    storedBytes: 0,
    openSegments: 0,
    ...changes,
  };
}

describe('freeShare', () => {
  it.each([
    ['half of what lies above the reserve', volume('a'), 0.5],
    ['nothing at the reserve', volume('a', { freeBytes: 100 }), 0],
    ['nothing below it', volume('a', { freeBytes: 10 }), 0],
    ['what the quota leaves, when that is less', volume('a', { quotaBytes: 400, storedBytes: 300 }), 0.25],
    ['the free space of a quota that is larger than the disk', volume('a', { quotaBytes: 5000 }), 0.5],
    ['nothing of a disk that is smaller than its reserve', volume('a', { reserveBytes: 2000 }), 0],
    ['nothing of a disk that nobody has looked at', volume('a', { totalBytes: 0, freeBytes: 0 }), 0],
  ])('is %s', (_, given, share) => {
    expect(freeShare(given)).toBe(share);
  });
});

describe('choosePlacement', () => {
  const small = volume('small', { freeBytes: 500 });
  const large = volume('large', { freeBytes: 700 });

  it('takes the volume that the camera was given, however full', () => {
    expect(choosePlacement([small, large], { preferred: 'small' })).toBe(small);
  });

  it('takes the one with the largest free share when the given one is not there', () => {
    expect(choosePlacement([small, large], { preferred: 'gone' })).toBe(large);
    expect(choosePlacement([large, small], { current: 'small' })).toBe(large);
  });

  it('stays among those about equally free', () => {
    const near = volume('near', { freeBytes: 660 });
    expect(choosePlacement([small, near, large], { current: 'near' })).toBe(near);
  });

  it('spreads cameras that come anew over those about equally free', () => {
    const volumes = [volume('a'), volume('b', { freeBytes: 620 }), volume('c', { freeBytes: 610 })];
    const open = new Map(volumes.map(({ name }) => [name, 0]));
    for (let camera = 0; camera < 30; camera += 1) {
      const chosen = choosePlacement(
        volumes.map((one) => ({ ...one, openSegments: open.get(one.name) ?? 0 })),
        {},
      );
      if (chosen !== undefined) open.set(chosen.name, (open.get(chosen.name) ?? 0) + 1);
    }
    expect([...open]).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 10],
    ]);
  });

  it('finds nothing where there is nothing', () => {
    expect(choosePlacement([], { preferred: 'a', current: 'b' })).toBeUndefined();
  });
});
