import { describe, expect, it } from 'vitest';
import { readSegmentFilePath, segmentFilePath } from '../../../../src/engine/storage/segment-file-name.ts';

const startUtcMs = Date.UTC(2026, 10, 21, 8, 14, 58, 123);
const main = { cameraId: 'gate-north', content: 'main', startUtcMs } as const;

describe('the path of a segment', () => {
  it('can be read by a person and sorts by time', () => {
    expect(segmentFilePath(main, 0)).toBe('cameras/gate-north/2026-11-21/20261121T081458123Z.mp4');
    expect(segmentFilePath(main, 2)).toBe('cameras/gate-north/2026-11-21/20261121T081458123Z-2.mp4');
    expect(segmentFilePath({ ...main, content: 'sound' }, 2)).toBe(
      'cameras/gate-north/2026-11-21/20261121T081458123Z-2.sound.mp4',
    );
  });

  it('is read back, whatever it is of and whichever attempt made it', () => {
    for (const content of ['main', 'sound', 'metadata'] as const) {
      for (const attempt of [0, 1, 99]) {
        const name = { ...main, content };
        expect(readSegmentFilePath(segmentFilePath(name, attempt))).toEqual(name);
      }
    }
  });

  it.each([
    'cameras/gate-north/2026-11-21/notes.txt',
    'cameras/gate-north/20261121T081458123Z.mp4',
    'cameras/Gate North/2026-11-21/20261121T081458123Z.mp4',
    'cameras/../2026-11-21/20261121T081458123Z.mp4',
    'cameras/gate-north/2026-11-21/20261341T081458123Z.mp4',
    'cameras/gate-north/2026-11-21/20261121T081458123Z.mp4.part',
    'cameras/gate-north/2026-11-21/20261121T081458123Z.other.mp4',
  ])('is not %s', (filePath) => {
    expect(readSegmentFilePath(filePath)).toBeUndefined();
  });
});
