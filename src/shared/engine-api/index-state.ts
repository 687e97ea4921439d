import { z } from 'zod';

const trouble = {
  /** When it began. */
  sinceUtcMs: z.number(),
  /** One sentence for a person: what is the matter. */
  detail: z.string(),
  /** One sentence: what to do now. */
  remedy: z.string(),
};

/**
 * How the index of footage fares, which lies in the engine's directory. Recording does not depend on it: while it is in
 * trouble, new footage cannot be found and old footage is not deleted.
 */
export const IndexState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ok'), sinceUtcMs: z.number() }),
  /** No room for it on its disk. */
  z.object({ kind: z.literal('full'), ...trouble }),
  /** Something has not been answered for a while. */
  z.object({ kind: z.literal('hung'), ...trouble }),
  /** It answers with errors; `code` is SQLite's name for the newest, such as `SQLITE_IOERR_WRITE`. */
  z.object({ kind: z.literal('failing'), code: z.string(), ...trouble }),
  /** It contradicts itself, and is made again from the files. */
  z.object({ kind: z.literal('damaged'), code: z.string(), ...trouble }),
]);
export type IndexState = z.infer<typeof IndexState>;
