import { z } from 'zod';

/** Under which name a camera pushes a stream: `rtmp://NODE/live/NAME?key=KEY`. Unique on a node. */
export const PushName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'letters, digits, dashes and underscores');
export type PushName = z.infer<typeof PushName>;

/** A stream that the engine does not fetch: the camera pushes it over RTMP, and proves with its stream key that it may. */
export const PushAddress = z.strictObject({ push: PushName });
export type PushAddress = z.infer<typeof PushAddress>;
