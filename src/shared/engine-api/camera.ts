import { z } from 'zod';

/** Identifies a camera on the desk, on the nodes, in paths and in file names. */
export const CameraId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes');
export type CameraId = z.infer<typeof CameraId>;

export const StreamName = z.enum(['main', 'sub']);
export type StreamName = z.infer<typeof StreamName>;

/** An RTSP URL without user information: credentials travel beside it, never in it. */
export const RtspUrl = z
  .string()
  .max(2048)
  .regex(/^rtsps?:\/\/[^/?#@\s]+([/?]\S*)?$/, 'an rtsp:// address without user name or password');

export const Credentials = z.object({ username: z.string().max(256), password: z.string().max(256) });
export type Credentials = z.infer<typeof Credentials>;

/** What a camera that pushes its streams shows as proof that it may; needs no quoting in any URL. */
export const StreamKey = z
  .string()
  .regex(/^[A-Za-z0-9_-]{8,128}$/, '8 to 128 letters, digits, dashes and underscores');
export type StreamKey = z.infer<typeof StreamKey>;
