import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';

export const keyByteLength = 32;
const format = 1;
/** NIST SP 800-38D §5.2.1.1 recommends 96 bits; the tag is the full 128 bits. */
const nonceByteLength = 12;
const tagByteLength = 16;
const headerByteLength = 1 + nonceByteLength + tagByteLength;

/** AES-256-GCM: format byte, nonce, tag, ciphertext. `context` is authenticated, not stored. */
export function seal(key: Buffer, plain: Buffer, context: string): Buffer {
  const nonce = randomBytes(nonceByteLength);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagByteLength });
  cipher.setAAD(Buffer.from(context, 'utf8'));
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.of(format), nonce, cipher.getAuthTag(), ciphertext]);
}

/** Undefined when the key or the context is another one, or a byte was changed. */
export function unseal(key: Buffer, sealed: Buffer, context: string): Buffer | undefined {
  if (sealed.length < headerByteLength || sealed[0] !== format) return undefined;
  const nonce = sealed.subarray(1, 1 + nonceByteLength);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagByteLength });
  decipher.setAAD(Buffer.from(context, 'utf8'));
  decipher.setAuthTag(sealed.subarray(1 + nonceByteLength, headerByteLength));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(headerByteLength)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** RFC 7914. */
export interface ScryptParameters {
  readonly salt: Buffer;
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
}

/** 128 MiB and about half a second a try, what OWASP's Password Storage Cheat Sheet asks of scrypt. */
export const scryptDefaults = { cost: 2 ** 17, blockSize: 8, parallelization: 1 } as const;

/** The key that a passphrase stands for. Unicode spellings of one passphrase are the same (NFKC). */
export function deriveKey(passphrase: string, parameters: ScryptParameters): Promise<Buffer> {
  const { salt, cost, blockSize, parallelization } = parameters;
  // RFC 7914 §2: 128 * N * r bytes, and some room for the rest.
  const maxmem = 128 * cost * blockSize + 128 * blockSize * parallelization + 2 ** 20;
  return new Promise((resolve, reject) => {
    scrypt(
      passphrase.normalize('NFKC'),
      salt,
      keyByteLength,
      { cost, blockSize, parallelization, maxmem },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    );
  });
}
