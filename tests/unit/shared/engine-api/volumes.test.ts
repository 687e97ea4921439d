import { describe, expect, it } from 'vitest';
import { CameraRetention, maximumVolumes, VolumesConfig } from '../../../../src/shared/engine-api/index.ts';

describe('the volumes of a configuration', () => {
  it('need a name and a path, and get the usual reserve', () => {
    expect(VolumesConfig.parse([{ name: 'archive-1', path: '/mnt/archive 1' }])).toEqual([
      { name: 'archive-1', path: '/mnt/archive 1', reserveBytes: 1024 ** 3 },
    ]);
  });

  it.each([
    ['a relative path', [{ name: 'a', path: 'archive' }]],
    ['the root', [{ name: 'a', path: '/' }]],
    ['a slash at the end', [{ name: 'a', path: '/mnt/a/' }]],
    ['a way up', [{ name: 'a', path: '/mnt/../etc' }]],
    ['a name that is no label', [{ name: 'Archive', path: '/mnt/a' }]],
    [
      'a name twice',
      [
        { name: 'a', path: '/mnt/a' },
        { name: 'a', path: '/mnt/b' },
      ],
    ],
    [
      'a path twice',
      [
        { name: 'a', path: '/mnt/a' },
        { name: 'b', path: '/mnt/a' },
      ],
    ],
    [
      'one volume in another',
      [
        { name: 'a', path: '/mnt/a' },
        { name: 'b', path: '/mnt/a/cameras' },
      ],
    ],
    ['a negative reserve', [{ name: 'a', path: '/mnt/a', reserveBytes: -1 }]],
    ['no days at all', [{ name: 'a', path: '/mnt/a', maximumDays: 0 }]],
    [
      'more than there are threads for',
      Array.from({ length: maximumVolumes + 1 }, (_, at) => ({ name: `v${at}`, path: `/mnt/${at}` })),
    ],
  ])('are refused with %s', (_, volumes) => {
    expect(VolumesConfig.safeParse(volumes).success).toBe(false);
  });

  it('may begin with the same letters', () => {
    const volumes = [
      { name: 'a', path: '/mnt/a', reserveBytes: 0 },
      { name: 'b', path: '/mnt/ab', reserveBytes: 0 },
    ];
    expect(VolumesConfig.parse(volumes)).toEqual(volumes);
  });
});

describe("a camera's retention", () => {
  it('does not promise more than it allows', () => {
    expect(CameraRetention.safeParse({ minimumDays: 8, maximumDays: 7 }).success).toBe(false);
    expect(CameraRetention.parse({ minimumDays: 7, maximumDays: 7 })).toEqual({
      minimumDays: 7,
      maximumDays: 7,
    });
  });
});
