import { z } from 'zod';
import { StreamName } from './camera.ts';

/** The body of `enginePaths.hlsTickets`. */
export const HlsTicketOrder = z.strictObject({ stream: StreamName });
export type HlsTicketOrder = z.infer<typeof HlsTicketOrder>;

/** A path that plays one stream without a token, for players that cannot send headers. Treat it like a password. */
export const HlsTicket = z.object({
  path: z.string(),
  /** Void when it was not used for this long, */
  idleMs: z.int().positive(),
  /** and in any case after this. */
  lifetimeMs: z.int().positive(),
});
export type HlsTicket = z.infer<typeof HlsTicket>;
