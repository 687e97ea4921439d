import { describe, expect, test } from 'vitest';
import {
  formatBitrate,
  formatBytes,
  formatCpu,
  formatDuration,
  formatFramesPerSecond,
  formatNames,
  formatOffset,
} from '../../../../src/renderer/ui/format.ts';

describe('numbers as engineers read them', () => {
  test.each([
    [0, '0 kbit/s'],
    [612_400, '612 kbit/s'],
    [999_600, '1.0 Mbit/s'],
    [4_149_000, '4.1 Mbit/s'],
    [640_000_000, '640.0 Mbit/s'],
  ])('bitrate %d', (bitsPerSecond, expected) => {
    expect(formatBitrate(bitsPerSecond)).toBe(expected);
  });

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [999_600, '1.0 MB'],
    [61_200_000, '61.2 MB'],
    [250_000_000_000, '250 GB'],
    [8e12, '8.0 TB'],
    [5e18, '5,000 PB'],
  ])('bytes %d', (bytes, expected) => {
    expect(formatBytes(bytes)).toBe(expected);
  });

  test.each([
    [-5, '0.0 s'],
    [40, '0.0 s'],
    [9949, '9.9 s'],
    [9950, '10 s'],
    [89_000, '89 s'],
    [90_000, '2 min'],
    [5_400_000, '2 h'],
    [36 * 3_600_000, '2 days'],
    [400 * 86_400_000, 'over a year'],
  ])('duration %d', (durationMs, expected) => {
    expect(formatDuration(durationMs)).toBe(expected);
  });

  test('offsets carry their sign, fps a decimal only when small, CPU is in cores', () => {
    expect([
      formatOffset(12),
      formatOffset(-3400),
      formatFramesPerSecond(0),
      formatFramesPerSecond(24.97),
      formatCpu(0.0437),
      formatCpu(1.24),
    ]).toEqual(['+12 ms', '−3.4 s', '0.0 fps', '25 fps', '0.04 cores', '1.2 cores']);
  });

  test('names stop at the limit', () => {
    expect(formatNames(['a', 'b', 'c'])).toBe('a, b, c');
    expect(formatNames(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more');
  });
});
