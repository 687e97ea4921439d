/** Digest access authentication of the simulated cameras, for RTSP (RFC 2326 §D, RFC 7826 §19.1) and HTTP (RFC 7616). */

import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

import type { SimClock } from '../clock.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export type DigestAlgorithm = 'MD5' | 'SHA-256';

export interface DigestGuardOptions {
  readonly credentials: Credentials;
  readonly realm: string;
  readonly clock: SimClock;
  /** Offered in this order; MD5 alone is what most cameras do. */
  readonly algorithms: readonly DigestAlgorithm[];
  /** Offers `qop="auth"`, which most RTSP servers of cameras do not. */
  readonly qualityOfProtection: boolean;
  readonly nonceLifetimeMs: number;
}

export interface DigestAttempt {
  readonly method: string;
  /** Value of the Authorization header, if any. */
  readonly authorization: string | undefined;
}

export type DigestVerdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly challenges: readonly string[] };

const hashNames: Readonly<Record<DigestAlgorithm, string>> = { MD5: 'md5', 'SHA-256': 'sha256' };
const maximumHeaderLength = 4096;

/** Checks Authorization headers. Nonces carry their own time and a seal, so nothing is kept per client. */
export class DigestGuard {
  readonly #options: DigestGuardOptions;
  readonly #sealingKey = randomBytes(32);

  constructor(options: DigestGuardOptions) {
    this.#options = options;
  }

  /** Whether `attempt` proves the password; otherwise the WWW-Authenticate values to answer 401 with. */
  check(attempt: DigestAttempt): DigestVerdict {
    const fields = parseDigestFields(attempt.authorization);
    if (fields === undefined || !this.#provesPassword(fields, attempt.method)) {
      return { kind: 'refused', challenges: this.#challenges('') };
    }
    if (!this.#isFresh(fields.get('nonce') ?? '')) {
      return { kind: 'refused', challenges: this.#challenges(', stale=true') };
    }
    return { kind: 'accepted' };
  }

  #provesPassword(fields: ReadonlyMap<string, string>, method: string): boolean {
    const { credentials, realm, algorithms } = this.#options;
    const algorithm = algorithms.find((name) => name === (fields.get('algorithm') ?? 'MD5').toUpperCase());
    const nonce = fields.get('nonce') ?? '';
    if (algorithm === undefined || !this.#isOurs(nonce)) return false;
    if (fields.get('username') !== credentials.username || fields.get('realm') !== realm) return false;

    const hash = (text: string): string => createHash(hashNames[algorithm]).update(text).digest('hex');
    const secret = hash(`${credentials.username}:${realm}:${credentials.password}`);
    const request = hash(`${method}:${fields.get('uri') ?? ''}`);
    const quality = fields.get('qop');
    const between =
      quality === undefined
        ? nonce
        : [nonce, fields.get('nc') ?? '', fields.get('cnonce') ?? '', quality].join(':');
    if (quality !== undefined && quality !== 'auth') return false;
    return equalText(fields.get('response') ?? '', hash(`${secret}:${between}:${request}`));
  }

  #challenges(suffix: string): string[] {
    const { realm, algorithms, qualityOfProtection } = this.#options;
    const nonce = this.#newNonce();
    const quality = qualityOfProtection ? ', qop="auth"' : '';
    return algorithms.map(
      (algorithm) => `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}${quality}${suffix}`,
    );
  }

  #newNonce(): string {
    const issued = `${Math.floor(this.#options.clock.monotonicMs()).toString(16)}-${randomBytes(8).toString('hex')}`;
    return `${issued}-${this.#seal(issued)}`;
  }

  #isOurs(nonce: string): boolean {
    const end = nonce.lastIndexOf('-');
    return end > 0 && equalText(nonce.slice(end + 1), this.#seal(nonce.slice(0, end)));
  }

  #isFresh(nonce: string): boolean {
    const issuedMs = Number.parseInt(nonce, 16);
    return this.#options.clock.monotonicMs() - issuedMs <= this.#options.nonceLifetimeMs;
  }

  #seal(text: string): string {
    return createHmac('sha256', this.#sealingKey).update(text).digest('hex').slice(0, 32);
  }
}

/** Fields of a Digest header by lower-case name; undefined for any other scheme, or a header too long to be one. */
export function parseDigestFields(header: string | undefined): Map<string, string> | undefined {
  if (header === undefined || header.length > maximumHeaderLength || !/^digest\s/i.test(header)) {
    return undefined;
  }
  const fields = new Map<string, string>();
  for (const match of header.slice(6).matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)) {
    const [, name = '', quoted, token = ''] = match;
    fields.set(name.toLowerCase(), quoted === undefined ? token : quoted.replaceAll(/\\(.)/g, '$1'));
  }
  return fields;
}

function equalText(left: string, right: string): boolean {
  const [leftBytes, rightBytes] = [Buffer.from(left), Buffer.from(right)];
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes);
}
