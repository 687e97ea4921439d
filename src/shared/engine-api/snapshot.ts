import { z } from 'zod';
import { StreamName } from './camera.ts';

/** The query of `enginePaths.snapshot`, as it stands in the address. */
export const SnapshotQuery = z
  .strictObject({
    stream: StreamName.default('main'),
    /** UTC, ms since 1970: the recorded picture of that moment. Absent: the newest one of the stream. */
    at: z
      .string()
      .regex(/^\d{1,15}$/, 'a whole number')
      .transform(Number)
      .optional(),
  })
  .refine(({ stream, at }) => at === undefined || stream === 'main', 'only the main stream is recorded');
export type SnapshotQuery = z.infer<typeof SnapshotQuery>;
