import { writeInit, writePart } from '../../src/engine/media/fmp4/index.ts';
import { writeSegmentLabel } from '../../src/engine/storage/segment-label.ts';
import { syntheticDescription } from '../unit/engine/recording/synthetic-stream.ts';

/** Of each part of a made segment: 25 pictures a second. */
export const partFrames = 25;
const frameDuration90k = 3600;
export const partDuration90k = partFrames * frameDuration90k;

export interface MadeSegment {
  readonly cameraId: string;
  readonly startUtcMs: number;
  readonly parts?: number;
  /** Of each picture. */
  readonly pictureBytes?: number;
}

/** A segment as a recorder writes it: its initialization segment, then its parts of a second each. */
export function segmentPieces(segment: MadeSegment): readonly Buffer[] {
  const { cameraId, startUtcMs, parts = 2, pictureBytes = 4 } = segment;
  const label = writeSegmentLabel({
    cameraId,
    startUtcMs,
    startMonotonicMs: 1000,
    bootId: 'boot-of-the-test',
    mediaStart90k: 0,
  });
  const init = Buffer.from(writeInit(syntheticDescription(false), [label]));
  const bodies = Array.from({ length: parts }, (_, part) => {
    const samples = Array.from({ length: partFrames }, (__, frame) => ({
      data: new Uint8Array(pictureBytes).fill(frame + 1),
      duration: frameDuration90k,
      compositionOffset: 0,
      isSync: frame === 0,
    }));
    const baseDecodeTime = part * partDuration90k;
    return Buffer.concat(writePart(part + 1, [{ track: 'video', baseDecodeTime, samples }]).chunks);
  });
  return [init, ...bodies];
}
