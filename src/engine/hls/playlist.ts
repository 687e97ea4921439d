/** One line pair of a playlist. */
export interface ListedSegment {
  readonly sequence: number;
  readonly initName: string;
  readonly name: string;
  readonly isDiscontinuity: boolean;
  readonly durationMs: number;
  readonly startUtcMs: number;
}

export interface PlaylistHead {
  readonly targetDurationSeconds: number;
  /** How many discontinuities have left the list so far. */
  readonly discontinuitySequence: number;
}

/**
 * A live media playlist (RFC 8216 §4.3), version 7 for fMP4. Names are relative to its own address, so that a ticket in the
 * path is good for all of them.
 */
export function writePlaylist(head: PlaylistHead, segments: readonly ListedSegment[]): string {
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${head.targetDurationSeconds}`,
    `#EXT-X-MEDIA-SEQUENCE:${segments[0]?.sequence ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${head.discontinuitySequence}`,
  ];
  let initName: string | undefined;
  for (const segment of segments) {
    if (segment.isDiscontinuity) lines.push('#EXT-X-DISCONTINUITY');
    if (segment.initName !== initName) lines.push(`#EXT-X-MAP:URI="${segment.initName}"`);
    initName = segment.initName;
    lines.push(
      `#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.startUtcMs).toISOString()}`,
      `#EXTINF:${(segment.durationMs / 1_000).toFixed(5)},`,
      segment.name,
    );
  }
  return `${lines.join('\n')}\n`;
}
