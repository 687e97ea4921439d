import { createHash, randomBytes } from 'node:crypto';
import type { Credentials } from '../../../shared/engine-api/index.ts';

/** One Digest challenge, RFC 7616 §3.3. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: 'MD5' | 'SHA-256';
  readonly opaque?: string;
  readonly hasQop: boolean;
}

/**
 * The strongest Digest challenge that we can answer in the `WWW-Authenticate` headers of an answer; undefined when there is
 * none. Basic is never answered: it would send the password itself.
 */
export function strongestChallenge(headers: readonly string[]): DigestChallenge | undefined {
  const challenges = headers.flatMap(parseChallenges);
  return challenges.find(({ algorithm }) => algorithm === 'SHA-256') ?? challenges[0];
}

const scheme = /(?:^|,)\s*(Digest|Basic|Bearer|NTLM|Negotiate)\s+/gi;
const parameter = /([a-zA-Z-]{1,32})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

function parseChallenges(header: string): DigestChallenge[] {
  const starts = [...header.slice(0, 8192).matchAll(scheme)];
  return starts.flatMap((start, index) => {
    if (start[1]?.toLowerCase() !== 'digest') return [];
    const text = header.slice(start.index + start[0].length, starts[index + 1]?.index);
    const parameters = new Map(
      [...text.matchAll(parameter)].map(([, name = '', quoted, bare]) => [
        name.toLowerCase(),
        quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? '',
      ]),
    );
    const algorithm = (parameters.get('algorithm') ?? 'MD5').toUpperCase();
    const nonce = parameters.get('nonce');
    const qop = parameters.get('qop');
    const isUsable = qop === undefined || qop.split(',').some((option) => option.trim() === 'auth');
    if (nonce === undefined || !isUsable || (algorithm !== 'MD5' && algorithm !== 'SHA-256')) return [];
    const opaque = parameters.get('opaque');
    return [
      {
        realm: parameters.get('realm') ?? '',
        nonce,
        algorithm,
        ...(opaque !== undefined && { opaque }),
        hasQop: qop !== undefined,
      },
    ];
  });
}

export interface DigestRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly uri: string;
  readonly clientNonce?: string;
}

/** The `Authorization` header's value, RFC 7616 §3.4; without qop as RFC 2069 has it. Each challenge is answered once. */
export function answerChallenge(
  challenge: DigestChallenge,
  { username, password }: Credentials,
  request: DigestRequest,
): string {
  const hash = (text: string): string =>
    createHash(challenge.algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const clientNonce = request.clientNonce ?? randomBytes(16).toString('hex');
  const count = '00000001';
  const secret = hash(`${username}:${challenge.realm}:${password}`);
  const subject = hash(`${request.method}:${request.uri}`);
  const response = challenge.hasQop
    ? hash(`${secret}:${challenge.nonce}:${count}:${clientNonce}:auth:${subject}`)
    : hash(`${secret}:${challenge.nonce}:${subject}`);
  return [
    `Digest username=${quote(username)}`,
    `realm=${quote(challenge.realm)}`,
    `nonce=${quote(challenge.nonce)}`,
    `uri=${quote(request.uri)}`,
    `algorithm=${challenge.algorithm}`,
    ...(challenge.opaque === undefined ? [] : [`opaque=${quote(challenge.opaque)}`]),
    ...(challenge.hasQop ? ['qop=auth', `nc=${count}`, `cnonce=${quote(clientNonce)}`] : []),
    `response=${quote(response)}`,
  ].join(', ');
}

/** Header values are bytes: UTF-8, one character a byte, without control characters. */
function quote(text: string): string {
  const printable = text.replaceAll(/\p{Cc}/gu, '').replaceAll(/["\\]/g, String.raw`\$&`);
  return `"${Buffer.from(printable, 'utf8').toString('latin1')}"`;
}
