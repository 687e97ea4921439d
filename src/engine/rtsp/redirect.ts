import { parseRtspAddress, placeOf } from './addresses.ts';
import type { RtspAddress } from './addresses.ts';
import { RtspFailure } from './failure.ts';
import type { RtspResponse } from './message.ts';

/** RFC 2326 §11.3, RFC 7826 §17.3. */
const REDIRECTIONS: ReadonlySet<number> = new Set([301, 302, 303, 305, 307, 308]);

export const MAX_REDIRECTS = 3;

/**
 * Where a response sends the client; undefined when it sends it nowhere. Throws an RtspFailure when it must not go there: a
 * camera asked over TLS has to stay with TLS.
 */
export function redirectTarget(response: RtspResponse, from: RtspAddress): RtspAddress | undefined {
  const location = response.headers.get('location');
  if (!REDIRECTIONS.has(response.status) || location === undefined) return undefined;
  const target = parseLocation(location, from);
  if (from.isSecure && !target.isSecure) {
    throw new RtspFailure(
      'unsupported',
      `${placeOf(from)} redirects to ${placeOf(target)} without TLS, which is refused.`,
    );
  }
  return target;
}

/** Absolute by the standard; some give a path of their own. */
function parseLocation(location: string, from: RtspAddress): RtspAddress {
  try {
    if (!location.startsWith('/') || location.startsWith('//')) return parseRtspAddress(location);
    const authority = /^[a-z]+:\/\/[^/?]*/i.exec(from.uri)?.[0] ?? '';
    return parseRtspAddress(`${authority}${location}`);
  } catch (error) {
    if (!(error instanceof RtspFailure)) throw error;
    throw new RtspFailure('protocol', `${placeOf(from)} redirects to an address that is no RTSP address.`);
  }
}
