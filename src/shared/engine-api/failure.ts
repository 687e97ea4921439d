import { z } from 'zod';

export const EngineFailureCode = z.enum([
  'unauthorized',
  'forbidden',
  'not-found',
  'invalid-request',
  'version-conflict',
  'too-many',
  'unavailable',
  'internal',
]);
export type EngineFailureCode = z.infer<typeof EngineFailureCode>;

/** The body of every answer of the engine's API that is not 2xx. */
export const EngineFailure = z.object({
  code: EngineFailureCode,
  /** One sentence: what, the limit, the remedy. */
  message: z.string(),
});
export type EngineFailure = z.infer<typeof EngineFailure>;
