import { z } from 'zod';
import { PlayersStatus } from './serve.ts';

/** Under which name a camera pushes a stream: `rtmp://NODE/live/NAME?key=KEY`. Unique on a node. */
export const PushName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'letters, digits, dashes and underscores');
export type PushName = z.infer<typeof PushName>;

/** A stream that the engine does not fetch: the camera pushes it over RTMP, and proves with its stream key that it may. */
export const PushAddress = z.strictObject({ push: PushName });
export type PushAddress = z.infer<typeof PushAddress>;

/** How cameras that push, and players over RTMP, fare; counts are since the engine's start. */
export const RtmpStatus = PlayersStatus.omit({ framesDropped: true }).extend({
  /** Cameras that push now. */
  publishing: z.int().nonnegative(),
  /** How often a camera's new connection replaced one that was still there. */
  takeovers: z.int().nonnegative(),
  /** Pushes with a wrong name or key. */
  wrongKeys: z.int().nonnegative(),
});
export type RtmpStatus = z.infer<typeof RtmpStatus>;
