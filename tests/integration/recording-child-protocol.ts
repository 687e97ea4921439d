import { z } from 'zod';
import type { SourceOptions } from './recording-fixture.ts';

/** What the recorder that gets killed and the test that kills it agree on. */
export const childCameraId = 'gate-north';

/** At least so long after what was recorded before it begins. */
export const childPauseMs = 60_000;

export const childSource: SourceOptions = {
  seconds: 4,
  framesPerSecond: 25,
  // Parts large enough to be written from where they lie.
  size: '640x480',
  gopFrames: 25,
};

/** Pictures the child feeds at once, and only when nothing waits to be written. */
export const samplesPerStep = 5;

/** One line of the child's output, in pictures. */
export const ChildReport = z.object({ fed: z.int(), written: z.int() });
export type ChildReport = z.infer<typeof ChildReport>;
