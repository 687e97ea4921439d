import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { PlayAccount } from '../../shared/engine-api/index.ts';

/** RFC 7616, with what RFC 2617 and RFC 2069 left of it in players. */
type Algorithm = 'SHA-256' | 'MD5';

const hashNames: Readonly<Record<Algorithm, string>> = { 'SHA-256': 'sha256', MD5: 'md5' };
/** Players that know one algorithm take the last challenge they see, and what they know is MD5. */
const OFFERED: readonly Algorithm[] = ['SHA-256', 'MD5'];
const NONCE_LIFETIME_MS = 300_000;
const MAX_HEADER_CHARACTERS = 4 * 1024;

export const digestRealm = 'Belvedere';

export interface DigestAttempt {
  readonly method: string;
  /** The Authorization header, if any. */
  readonly authorization: string | undefined;
  readonly accounts: readonly PlayAccount[];
  readonly nowMonotonicMs: number;
}

export type DigestVerdict =
  | { readonly kind: 'accepted'; readonly account: PlayAccount }
  /** Nothing was claimed, or the nonce is too old: no sign of a wrong password. */
  | { readonly kind: 'asked'; readonly challenges: readonly string[] }
  | { readonly kind: 'wrong'; readonly challenges: readonly string[] };

/**
 * Checks what one connection shows as proof of a password. Nonces are the connection's own, so that an answer overheard on
 * another is worth nothing here.
 */
export class DigestGuard {
  #nonce = '';
  #issuedMonotonicMs = Number.NEGATIVE_INFINITY;

  check(attempt: DigestAttempt): DigestVerdict {
    const fields = digestFields(attempt.authorization);
    if (fields === undefined) return { kind: 'asked', challenges: this.#challenge(attempt, '') };
    const isOurNonce = this.#nonce !== '' && fields.get('nonce') === this.#nonce;
    if (!isOurNonce || attempt.nowMonotonicMs - this.#issuedMonotonicMs > NONCE_LIFETIME_MS) {
      return { kind: 'asked', challenges: this.#challenge(attempt, ', stale=true') };
    }
    const account = provenAccount(fields, attempt);
    return account === undefined
      ? { kind: 'wrong', challenges: this.#challenge(attempt, '') }
      : { kind: 'accepted', account };
  }

  #challenge({ nowMonotonicMs }: DigestAttempt, suffix: string): readonly string[] {
    this.#nonce = randomBytes(18).toString('base64url');
    this.#issuedMonotonicMs = nowMonotonicMs;
    // Without qop, which few RTSP players know.
    return OFFERED.map(
      (algorithm) => `Digest realm="${digestRealm}", nonce="${this.#nonce}", algorithm=${algorithm}${suffix}`,
    );
  }
}

/** Whose password a header claims to know; undefined when it claims nothing. */
export function claimedName(authorization: string | undefined): string | undefined {
  const fields = digestFields(authorization);
  return fields === undefined ? undefined : (fields.get('username') ?? '');
}

/** An account that nobody has stands in for an unknown name, so that it takes as long to refuse. */
const nobody: PlayAccount = { username: '', password: randomBytes(16).toString('hex') };

function provenAccount(
  fields: ReadonlyMap<string, string>,
  { method, accounts }: DigestAttempt,
): PlayAccount | undefined {
  const named = (fields.get('algorithm') ?? 'MD5').toUpperCase();
  const algorithm = OFFERED.find((offered) => offered === named);
  if (algorithm === undefined || fields.get('realm') !== digestRealm) return undefined;
  const known = accounts.find(({ username }) => username === fields.get('username'));
  const { username, password } = known ?? nobody;
  const hash = (text: string): string => createHash(hashNames[algorithm]).update(text, 'utf8').digest('hex');
  const secret = hash(`${username}:${digestRealm}:${password}`);
  const request = hash(`${method}:${fields.get('uri') ?? ''}`);
  const expected = hash(`${secret}:${between(fields)}:${request}`);
  return isSameText(expected, fields.get('response') ?? '') ? known : undefined;
}

/** RFC 2069 has the nonce alone; a player that adds qop=auth unasked counts as well (RFC 7616 §3.4.1). */
function between(fields: ReadonlyMap<string, string>): string {
  const nonce = fields.get('nonce') ?? '';
  const quality = fields.get('qop');
  if (quality === undefined) return nonce;
  return [nonce, fields.get('nc') ?? '', fields.get('cnonce') ?? '', quality].join(':');
}

/** Parameters by lower-case name; undefined for another scheme, or for more than a header that makes sense. */
function digestFields(header: string | undefined): ReadonlyMap<string, string> | undefined {
  if (header === undefined || header.length > MAX_HEADER_CHARACTERS || !/^digest\s/i.test(header)) {
    return undefined;
  }
  const fields = new Map<string, string>();
  for (const match of header
    .slice(7)
    .matchAll(/(?<![a-z])([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)) {
    const [, name = '', quoted, plain = ''] = match;
    fields.set(name.toLowerCase(), quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, '$1'));
  }
  return fields;
}

function isSameText(left: string, right: string): boolean {
  const [leftBytes, rightBytes] = [Buffer.from(left), Buffer.from(right)];
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes);
}
