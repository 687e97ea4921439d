import { createHash, timingSafeEqual } from 'node:crypto';

/** A secret as it is kept for comparison. */
export type SecretDigest = Buffer;

export function digestOf(secret: string): SecretDigest {
  return createHash('sha256').update(secret, 'utf8').digest();
}

/** Stands in where there is no such name, so that names cannot be told from how long an answer takes. */
const nobody = digestOf('');

/** Takes the same time whatever differs. False where nothing is expected. */
export function isSecret(given: string, expected: SecretDigest | undefined): boolean {
  const isEqual = timingSafeEqual(digestOf(given), expected ?? nobody);
  return isEqual && expected !== undefined;
}
