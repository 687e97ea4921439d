import { z } from 'zod';

/** The page's way in: `http://127.0.0.1:PORT/#code=CODE`. The code dies after its first use or 60 s. */
export const sessionCodeFragment = 'code';

/** `POST /session` with the code; the only HTTP call a page makes without a token. Answers `SessionGrant` or 401. */
export const SessionRequest = z.object({ code: z.string().regex(/^[A-Za-z0-9_-]{43}$/) });
export type SessionRequest = z.infer<typeof SessionRequest>;

/** The bearer token of one window, kept in memory and sessionStorage, presented as tRPC's connection parameter `token`. */
export const SessionGrant = z.object({ token: z.string().regex(/^[A-Za-z0-9_-]{43}$/) });
export type SessionGrant = z.infer<typeof SessionGrant>;

export const deskPaths = {
  session: '/session',
  /** tRPC over WebSocket. */
  rpc: '/rpc',
  /** WebSocket, `?ticket=`; FLV as the engine sends it. */
  liveMedia: '/media/live',
} as const;

/** Why the desk closed the RPC WebSocket (RFC 6455 §7.4.2, private range). */
export const rpcCloseCodes = {
  /** No token, or one the desk does not know (it was restarted): connecting again is of no use, the window needs a new code. */
  unauthorized: 4401,
  shuttingDown: 1001,
} as const;
