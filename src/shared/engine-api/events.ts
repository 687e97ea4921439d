import { z } from 'zod';
import { CameraId } from './camera.ts';
import { RecordingState, StreamState } from './status.ts';
import { Gap } from './timeline.ts';
import { VolumeName, VolumeState } from './volumes.ts';

export const CameraState = z.object({
  id: CameraId,
  recording: RecordingState,
  main: StreamState,
  sub: StreamState.optional(),
});
export type CameraState = z.infer<typeof CameraState>;

export const VolumeSummary = z.object({ name: VolumeName, state: VolumeState });
export type VolumeSummary = z.infer<typeof VolumeSummary>;

/** Everything that events tell changes of. */
export const EngineState = z.object({
  configVersion: z.int().nonnegative(),
  cameras: z.array(CameraState),
  volumes: z.array(VolumeSummary),
});
export type EngineState = z.infer<typeof EngineState>;

/** A change, with the whole new state of what changed. */
export const EngineEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('camera'), camera: CameraState }),
  z.object({ kind: z.literal('camera-removed'), id: CameraId }),
  z.object({ kind: z.literal('volume'), volume: VolumeSummary }),
  z.object({ kind: z.literal('volume-removed'), name: VolumeName }),
  z.object({ kind: z.literal('config'), version: z.int().nonnegative() }),
  /** Told again when more becomes known of it. */
  z.object({ kind: z.literal('gap-opened'), gap: Gap }),
  z.object({ kind: z.literal('gap-closed'), gap: Gap }),
  /** It turned out to be none. */
  z.object({ kind: z.literal('gap-removed'), id: z.int().positive() }),
]);
export type EngineEvent = z.infer<typeof EngineEvent>;

/**
 * What a listener gets. First a snapshot, or `resumed` when nothing is missing after what it had; then events, each numbered
 * one higher. A listener that falls behind gets another snapshot instead of what it missed. Changes that cancel each other
 * out within a second may not be told; gaps are not part of the snapshot, the timeline has them.
 */
export const EventMessage = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('snapshot'),
    /** Another after each start of the engine: numbers of one mean nothing in another. */
    epoch: z.uuid(),
    /** The number of the newest event that the state includes. */
    sequence: z.int().nonnegative(),
    utcMs: z.number(),
    state: EngineState,
  }),
  z.object({ kind: z.literal('resumed'), epoch: z.uuid(), sequence: z.int().nonnegative() }),
  z.object({
    kind: z.literal('event'),
    sequence: z.int().positive(),
    /** When the engine noticed. */
    utcMs: z.number(),
    event: EngineEvent,
  }),
]);
export type EventMessage = z.infer<typeof EventMessage>;

/** The query of `enginePaths.events`: what a listener that returns had last. Both, or neither. */
export const EventsQuery = z
  .strictObject({
    epoch: z.uuid().optional(),
    after: z
      .string()
      .regex(/^\d{1,15}$/, 'a whole number')
      .transform(Number)
      .optional(),
  })
  .refine(({ epoch, after }) => (epoch === undefined) === (after === undefined), {
    message: 'epoch and after belong together',
  });
export type EventsQuery = z.infer<typeof EventsQuery>;
