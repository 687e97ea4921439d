import { createHash } from 'node:crypto';

/** Fingerprint of a public key blob as OpenSSH shows it: `SHA256:` and base64 without padding. */
export function fingerprintOf(publicKey: Buffer): string {
  return `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`;
}

const longestAlgorithmName = 64;

/** Key type: the first string of the blob (RFC 4253 §6.6), `unknown` when there is none. */
export function algorithmOf(publicKey: Buffer): string {
  if (publicKey.length < 4) return 'unknown';
  const name = publicKey
    .subarray(4, 4 + Math.min(publicKey.readUInt32BE(0), longestAlgorithmName))
    .toString('latin1');
  return /^[a-z0-9@.-]+$/i.test(name) ? name : 'unknown';
}

/** Finds the identification string (RFC 4253 §4.2) in what a server sent first; other lines may come before it. */
export function bannerOf(greeting: string): string {
  const line = greeting.split('\n').find((text) => text.startsWith('SSH-')) ?? '';
  // Shown to a person, so nothing that could steer a terminal or a page.
  return line.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 255);
}
