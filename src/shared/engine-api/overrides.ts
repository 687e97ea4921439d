import { z } from 'zod';

/**
 * How the engine deals with one camera's streams, where what it would do by itself does not suit the camera. Of a stream that
 * the camera pushes, `audio` and `clock` count; the others are about how a camera is asked.
 */
export const StreamOverrides = z.object({
  /** `auto`: packets over the RTSP connection (TCP), and over UDP where the camera refuses that. */
  transport: z.enum(['auto', 'tcp', 'udp']).default('auto'),
  /** `auto`: GET_PARAMETER where the camera says that it knows it, else OPTIONS. */
  keepalive: z.enum(['auto', 'options', 'get-parameter', 'none']).default('auto'),
  /** Whether sound is taken from the camera. */
  audio: z.boolean().default(true),
  /** Whether ONVIF metadata is taken from the camera. */
  metadata: z.boolean().default(true),
  /** Whether another host that the camera redirects to is given its password: whoever answers in its place would get it. */
  redirectCredentials: z.enum(['same-host', 'any-host']).default('same-host'),
  /** `arrival`: the camera's timestamps mean nothing; pictures are placed by when they come. */
  clock: z.enum(['auto', 'arrival']).default('auto'),
});
export type StreamOverrides = z.infer<typeof StreamOverrides>;

export const DEFAULT_STREAM_OVERRIDES: StreamOverrides = StreamOverrides.parse({});
