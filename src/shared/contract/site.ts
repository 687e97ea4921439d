import { z } from 'zod';
import { Nothing, mutation, subscription } from './procedure.ts';

/** How the pages look; `auto` follows the operating system. */
export const ColorScheme = z.enum(['auto', 'dark', 'light']);
export type ColorScheme = z.infer<typeof ColorScheme>;

export const Site = z.object({
  name: z.string().min(1).max(100),
  colorScheme: ColorScheme,
  /** What the desk says of itself. */
  version: z.string(),
  shell: z.enum(['electron', 'web']),
  /** A simulated site: what it is, and the credentials that a newcomer needs to try things by hand. */
  demo: z
    .object({
      cameraUsername: z.string(),
      cameraPassword: z.string(),
      nodeUsername: z.string(),
      nodePassword: z.string(),
    })
    .optional(),
});
export type Site = z.infer<typeof Site>;

export const siteContract = {
  watch: subscription(Nothing, Site),
  rename: mutation(z.object({ name: z.string().trim().min(1).max(100) }), Nothing),
  setColorScheme: mutation(z.object({ colorScheme: ColorScheme }), Nothing),
} as const;
