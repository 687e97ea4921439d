import { z } from 'zod';

/** How long footage of one camera is kept (`CameraConfig.retention`). What is absent is not limited. */
export const CameraRetention = z
  .object({
    /** Its oldest footage, on whatever volume, is deleted when all of it that nobody has locked is larger. */
    maximumBytes: z.int().positive().optional(),
    /** Its footage is deleted when it is older. */
    maximumDays: z.number().positive().max(36_500).optional(),
    /** What was promised: when lack of space makes younger footage go, that is said aloud. */
    minimumDays: z.number().positive().max(36_500).optional(),
  })
  .refine(
    ({ minimumDays, maximumDays }) =>
      minimumDays === undefined || maximumDays === undefined || minimumDays <= maximumDays,
    'minimumDays must not exceed maximumDays',
  );
export type CameraRetention = z.infer<typeof CameraRetention>;
