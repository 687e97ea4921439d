import { parseRtspAddress, placeOf } from './addresses.ts';
import { RtspFailure } from './failure.ts';

/**
 * The public keys of cameras that are reached over TLS, by place: trusted when first seen, held to from then on. A key is
 * base64 SHA-256 of the SubjectPublicKeyInfo (RFC 7469 §2.4).
 */
export interface KnownKeys {
  find(place: string): string | undefined;
  /** Never throws: a key that cannot be kept is trusted anew next time. */
  learn(place: string, publicKeyPin: string): void;
}

/** Where the camera with this URL is, as `host:port`; undefined when it is no RTSP address. */
export function keyPlace(url: string): string | undefined {
  try {
    return placeOf(parseRtspAddress(url)).toLowerCase();
  } catch (error) {
    if (error instanceof RtspFailure) return undefined;
    throw error;
  }
}
