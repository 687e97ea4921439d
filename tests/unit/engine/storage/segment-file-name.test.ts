import { describe, expect, it } from 'vitest';
import { readSegmentFilePath, segmentFilePath } from '../../../../src/engine/storage/segment-file-name.ts';

const startUtcMs = Date.UTC(2026, 10, 21, 8, 14, 58, 123);

describe('the path of a segment', () => {
  it('can be read by a person and sorts by time', () => {
    expect(segmentFilePath('gate-north', startUtcMs, 0)).toBe(
      'cameras/gate-north/2026-11-21/20261121T081458123Z.mp4',
    );
    expect(segmentFilePath('gate-north', startUtcMs, 2)).toBe(
      'cameras/gate-north/2026-11-21/20261121T081458123Z-2.mp4',
    );
  });

  it('is read back, whichever attempt made it', () => {
    for (const attempt of [0, 1, 99])
      expect(readSegmentFilePath(segmentFilePath('gate-north', startUtcMs, attempt))).toEqual({
        cameraId: 'gate-north',
        startUtcMs,
      });
  });

  it.each([
    'cameras/gate-north/2026-11-21/notes.txt',
    'cameras/gate-north/20261121T081458123Z.mp4',
    'cameras/Gate North/2026-11-21/20261121T081458123Z.mp4',
    'cameras/../2026-11-21/20261121T081458123Z.mp4',
    'cameras/gate-north/2026-11-21/20261341T081458123Z.mp4',
    'cameras/gate-north/2026-11-21/20261121T081458123Z.mp4.part',
  ])('is not %s', (filePath) => {
    expect(readSegmentFilePath(filePath)).toBeUndefined();
  });
});
