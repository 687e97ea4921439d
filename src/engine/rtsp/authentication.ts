/** RTSP authentication: Digest (RFC 7616, RFC 2617, RFC 2069) and Basic (RFC 7617). */
import { createHash, randomBytes } from 'node:crypto';

export interface RtspCredentials {
  readonly username: string;
  readonly password: string;
}

interface DigestChallenge {
  readonly scheme: 'digest';
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: DigestAlgorithm;
  /** As the server wrote it, for the answer; absent when it named none. */
  readonly algorithmName: string | undefined;
  readonly qop: 'auth' | undefined;
  readonly isStale: boolean;
}

interface BasicChallenge {
  readonly scheme: 'basic';
  readonly realm: string;
}

export type Challenge = DigestChallenge | BasicChallenge;

interface DigestAlgorithm {
  readonly hash: 'md5' | 'sha256';
  readonly isSession: boolean;
}

const ALGORITHMS: ReadonlyMap<string, DigestAlgorithm> = new Map([
  ['md5', { hash: 'md5', isSession: false }],
  ['md5-sess', { hash: 'md5', isSession: true }],
  ['sha-256', { hash: 'sha256', isSession: false }],
  ['sha-256-sess', { hash: 'sha256', isSession: true }],
]);

const MAX_CHALLENGES = 16;
const MAX_CHALLENGE_CHARACTERS = 8 * 1024;

/** Reads all `WWW-Authenticate` fields, each of which may hold several challenges (RFC 9110 §11.6.1). Unknown schemes are left out. */
export function parseChallenges(fields: readonly string[]): readonly Challenge[] {
  return fields
    .flatMap((field) => splitChallenges(field.slice(0, MAX_CHALLENGE_CHARACTERS)))
    .slice(0, MAX_CHALLENGES)
    .map(toChallenge)
    .filter((challenge) => challenge !== undefined);
}

/** The strongest that we can answer: SHA-256 before MD5 before Basic. */
export function strongestChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  return challenges.toSorted((left, right) => strength(right) - strength(left))[0];
}

function strength(challenge: Challenge): number {
  if (challenge.scheme === 'basic') return 0;
  return challenge.algorithm.hash === 'sha256' ? 2 : 1;
}

/** Answers one challenge for many requests: with `qop=auth` the nonce is counted. */
export class Authenticator {
  readonly #credentials: RtspCredentials;
  readonly #challenge: Challenge;
  readonly #clientNonce: string;
  #nonceCount = 0;
  #isAccepted = false;

  constructor({
    credentials,
    challenge,
    clientNonce = randomBytes(8).toString('hex'),
  }: {
    readonly credentials: RtspCredentials;
    readonly challenge: Challenge;
    readonly clientNonce?: string;
  }) {
    this.#credentials = credentials;
    this.#challenge = challenge;
    this.#clientNonce = clientNonce;
  }

  /** To be called when the server has taken an answer. */
  markAccepted(): void {
    this.#isAccepted = true;
  }

  /**
   * Whether a new challenge is worth an answer: the server says that the nonce is stale, or asks with a new one although
   * it has taken an answer before. Otherwise the password is wrong, and trying again would only lock the account.
   */
  isRenewedBy(challenge: Challenge): boolean {
    if (challenge.scheme !== 'digest' || this.#challenge.scheme !== 'digest') return false;
    return challenge.isStale || (this.#isAccepted && challenge.nonce !== this.#challenge.nonce);
  }

  /** The `Authorization` field of a request. `uri` is the request's own, byte for byte. */
  authorization(method: string, uri: string): string {
    const challenge = this.#challenge;
    if (challenge.scheme === 'basic') return this.#basic();
    this.#nonceCount += 1;
    return this.#digest(challenge, method, uri);
  }

  #basic(): string {
    const { username, password } = this.#credentials;
    return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
  }

  #digest(challenge: DigestChallenge, method: string, uri: string): string {
    const { realm, nonce, opaque, algorithm, algorithmName, qop } = challenge;
    const { username, password } = this.#credentials;
    const hash = (text: string): string => createHash(algorithm.hash).update(text, 'utf8').digest('hex');
    const secret = hash(`${username}:${realm}:${password}`);
    const first = algorithm.isSession ? hash(`${secret}:${nonce}:${this.#clientNonce}`) : secret;
    const second = hash(`${method}:${uri}`);
    const count = this.#nonceCount.toString(16).padStart(8, '0');
    const response =
      qop === undefined
        ? hash(`${first}:${nonce}:${second}`)
        : hash(`${first}:${nonce}:${count}:${this.#clientNonce}:${qop}:${second}`);
    const parts = [
      `username=${quote(username)}`,
      `realm=${quote(realm)}`,
      `nonce=${quote(nonce)}`,
      `uri=${quote(uri)}`,
      `response="${response}"`,
      ...(algorithmName === undefined ? [] : [`algorithm=${algorithmName}`]),
      ...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
      ...(qop === undefined ? [] : [`qop=${qop}`, `nc=${count}`]),
      ...(qop === undefined && !algorithm.isSession ? [] : [`cnonce="${this.#clientNonce}"`]),
    ];
    return `Digest ${parts.join(', ')}`;
  }
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

interface RawChallenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** One step through a field: a scheme, or a parameter with a quoted or a plain value. */
const PIECE = /[\s,]*([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y;

function splitChallenges(field: string): readonly RawChallenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  PIECE.lastIndex = 0;
  for (let match = PIECE.exec(field); match !== null; match = PIECE.exec(field)) {
    const [, name = '', quoted, plain] = match;
    if (quoted === undefined && plain === undefined) {
      if (found.length === MAX_CHALLENGES) break;
      found.push({ scheme: name.toLowerCase(), parameters: new Map() });
    } else {
      found.at(-1)?.parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '');
    }
  }
  return found;
}

function toChallenge({ scheme, parameters }: RawChallenge): Challenge | undefined {
  const realm = parameters.get('realm') ?? '';
  if (scheme === 'basic') return { scheme, realm };
  const nonce = parameters.get('nonce');
  const algorithmName = parameters.get('algorithm');
  const algorithm = ALGORITHMS.get((algorithmName ?? 'md5').toLowerCase());
  if (scheme !== 'digest' || nonce === undefined || algorithm === undefined) return undefined;
  const offered = (parameters.get('qop') ?? '')
    .split(',')
    .map((value) => value.trim().toLowerCase())
    .filter((value) => value !== '');
  // Only auth-int is offered: the body would have to be hashed, and no camera asks for it.
  if (offered.length > 0 && !offered.includes('auth')) return undefined;
  return {
    scheme,
    realm,
    nonce,
    opaque: parameters.get('opaque'),
    algorithm,
    algorithmName,
    qop: offered.length > 0 ? 'auth' : undefined,
    isStale: parameters.get('stale')?.toLowerCase() === 'true',
  };
}
