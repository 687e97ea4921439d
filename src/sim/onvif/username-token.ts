/** WS-Security UsernameToken with PasswordDigest (UsernameToken Profile 1.1 §3.1, ONVIF Core §5.9.4). */

import { createHash, timingSafeEqual } from 'node:crypto';

import type { Credentials } from '../auth/digest.ts';
import type { SimClock } from '../clock.ts';
import type { UsernameToken } from './soap.ts';

/** How far a token's creation time may lie from the camera's clock. */
const maximumSkewMs = 5 * 60 * 1000;
/** Nonces to remember against replay. */
const maximumNonces = 1024;

/** `Base64(SHA-1(nonce + created + password))`; `nonce` as it is in the token, Base64. */
export function passwordDigest(nonce: string, created: string, password: string): string {
  return createHash('sha1')
    .update(Buffer.from(nonce, 'base64'))
    .update(created)
    .update(password)
    .digest('base64');
}

export class UsernameTokenGuard {
  readonly #credentials: Credentials;
  readonly #clock: SimClock;
  readonly #usedNonces = new Set<string>();

  constructor(credentials: Credentials, clock: SimClock) {
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** Whether the token proves the password, is recent and was not used before. */
  accepts(token: UsernameToken): boolean {
    const { username, password } = this.#credentials;
    const skewMs = Math.abs(this.#clock.utcMs() - Date.parse(token.Created));
    if (!(skewMs <= maximumSkewMs) || this.#usedNonces.has(token.Nonce)) return false;
    const expected = Buffer.from(passwordDigest(token.Nonce, token.Created, password));
    const given = Buffer.from(token.Password['#text']);
    if (token.Username !== username || given.length !== expected.length) return false;
    if (!timingSafeEqual(given, expected)) return false;
    this.#remember(token.Nonce);
    return true;
  }

  #remember(nonce: string): void {
    const [oldest] = this.#usedNonces;
    if (this.#usedNonces.size >= maximumNonces && oldest !== undefined) this.#usedNonces.delete(oldest);
    this.#usedNonces.add(nonce);
  }
}
