import { z } from 'zod';
import { CameraId } from '../../shared/engine-api/index.ts';
import { findExtension, writeExtension } from '../media/fmp4/index.ts';
import type { NewSegment } from './segment-index.ts';

/** Marks our `uuid` box; made once at random, never to change. */
const labelIdentifier = Uint8Array.from([
  0x8b, 0x1f, 0x4c, 0x5e, 0x52, 0xd9, 0x4a, 0x07, 0x9e, 0x60, 0x2f, 0x3b, 0x7a, 0xd1, 0x0c, 0x94,
]);

const SegmentLabel = z.object({
  cameraId: CameraId,
  startUtcMs: z.number(),
  startMonotonicMs: z.number(),
  bootId: z.string().max(100),
  clockOffsetMs: z.number().exactOptional(),
  mediaStart90k: z.int(),
});
type SegmentLabel = z.infer<typeof SegmentLabel>;

/** What the index knows of a segment's start, written into its file, so that an index can be rebuilt from files alone. */
export function writeSegmentLabel(
  segment: Omit<NewSegment, 'filePath' | 'content' | 'hasAudio' | 'volumeId'>,
): Uint8Array {
  return writeExtension(
    labelIdentifier,
    new TextEncoder().encode(JSON.stringify(SegmentLabel.parse(segment))),
  );
}

/** The label among a file's extensions, or nothing when there is none that makes sense. */
export function readSegmentLabel(extensions: readonly Uint8Array[]): SegmentLabel | undefined {
  const content = findExtension(extensions, labelIdentifier);
  if (content === undefined) return undefined;
  try {
    return SegmentLabel.parse(JSON.parse(new TextDecoder().decode(content)));
  } catch {
    return undefined;
  }
}
