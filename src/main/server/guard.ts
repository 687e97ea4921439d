import type { IncomingHttpHeaders } from 'node:http';

/** What a browser says about where a request comes from. */
export interface RequestFacts {
  readonly headers: IncomingHttpHeaders;
  /** Whether the request may change something: then a browser always names its origin. */
  readonly needsOrigin: boolean;
}

export type Admission =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'refused'; readonly status: 403 | 421; readonly reason: string };

/**
 * Keeps other web pages out. A name of theirs that points to 127.0.0.1 (DNS rebinding) shows in `Host`; a page of theirs
 * that opens our WebSocket, which no same-origin policy forbids (RFC 6455 §10.2), shows in `Origin`.
 */
export function admit(facts: RequestFacts, authority: string): Admission {
  const { host, origin } = facts.headers;
  if (host !== authority)
    return { kind: 'refused', status: 421, reason: `This is ${authority} and no other name.` };
  if (origin === undefined ? facts.needsOrigin : origin !== `http://${authority}`)
    return { kind: 'refused', status: 403, reason: 'Only pages of this desk may do this.' };
  return { kind: 'admitted' };
}
