import { z } from 'zod';

/** Every way an action can fail that a person should hear about. A bug is none of these: it throws and is logged. */
export const FailureCode = z.enum([
  'unauthorized',
  'invalid-input',
  'not-found',
  'conflict',
  'cancelled',
  'vault-locked',
  'wrong-passphrase',
  'database-newer',
  'database-damaged',
  'data-folder-in-use',
  'port-in-use',
  'address-in-use',
  'unreachable',
  'timed-out',
  'credentials-refused',
  'host-key-changed',
  'host-key-unknown',
  'unsupported-host',
  'no-space',
  'bundle-damaged',
  'bundle-missing',
  'command-failed',
  'engine-unhealthy',
  'engine-certificate-changed',
  'camera-garbage',
  'not-assigned',
  'engine-unavailable',
  'internal',
]);
export type FailureCode = z.infer<typeof FailureCode>;

/** An expected failure, as a value: what happened to what, and what to do now. */
export const Failure = z.object({
  code: FailureCode,
  /** One sentence: what, on which node or camera, the limit. */
  message: z.string().max(2000),
  /** One sentence: what the person can do now. */
  remedy: z.string().max(2000).optional(),
});
export type Failure = z.infer<typeof Failure>;
