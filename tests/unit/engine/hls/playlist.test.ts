import { expect, it } from 'vitest';
import { writePlaylist } from '../../../../src/engine/hls/playlist.ts';
import type { ListedSegment } from '../../../../src/engine/hls/playlist.ts';

function segment(sequence: number, initName: string, isDiscontinuity: boolean): ListedSegment {
  return {
    sequence,
    initName,
    name: `segment-${sequence}.m4s`,
    isDiscontinuity,
    durationMs: 2_000 + sequence / 3,
    startUtcMs: Date.UTC(2026, 0, 2, 3, 4, sequence),
  };
}

it('writes a live media playlist', () => {
  const listed = [
    segment(7, 'init-5.mp4', false),
    segment(8, 'init-5.mp4', false),
    segment(9, 'init-9.mp4', true),
  ];
  expect(writePlaylist({ targetDurationSeconds: 2, discontinuitySequence: 3 }, listed)).toBe(
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-MAP:URI="init-5.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:07.000Z
#EXTINF:2.00233,
segment-7.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:08.000Z
#EXTINF:2.00267,
segment-8.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init-9.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:09.000Z
#EXTINF:2.00300,
segment-9.m4s
`,
  );
});
