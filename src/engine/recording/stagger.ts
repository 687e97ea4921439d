import { createHash } from 'node:crypto';

/**
 * How much longer or shorter a camera's first segment is, so that cameras which started together do not all cut together:
 * between minus and plus half a segment, always the same for one camera.
 */
export function staggerMs(cameraId: string, segmentDurationMs: number): number {
  const share = createHash('sha256').update(cameraId).digest().readUInt32BE() / 2 ** 32;
  return Math.floor((share - 0.5) * segmentDurationMs);
}
