import { createHash, createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** Signatures as `ssh-keygen -Y sign` makes them (OpenSSH, PROTOCOL.sshsig), with Ed25519 keys (RFC 8709). */
const MAGIC = 'SSHSIG';
const VERSION = 1;
const KEY_TYPE = 'ssh-ed25519';
const HASH = 'sha512';

/** The armored signature of `message` for one purpose, the namespace. */
export function signSshsig(message: Uint8Array, namespace: string, privateKey: KeyObject): string {
  const toBeSigned = Buffer.concat([
    Buffer.from(MAGIC, 'ascii'),
    sshString(namespace),
    // Reserved.
    sshString(''),
    sshString(HASH),
    sshString(createHash(HASH).update(message).digest()),
  ]);
  const blob = Buffer.concat([
    Buffer.from(MAGIC, 'ascii'),
    uint32(VERSION),
    sshString(publicKeyBlob(privateKey)),
    sshString(namespace),
    sshString(''),
    sshString(HASH),
    sshString(Buffer.concat([sshString(KEY_TYPE), sshString(sign(null, toBeSigned, privateKey))])),
  ]);
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----', ''].join('\n');
}

/** One line as in `authorized_keys`: type, key, comment. */
export function sshPublicKeyLine(privateKey: KeyObject, comment: string): string {
  return `${KEY_TYPE} ${publicKeyBlob(privateKey).toString('base64')} ${comment}\n`;
}

/** RFC 8709 §4. Throws for a key that is not Ed25519. */
function publicKeyBlob(privateKey: KeyObject): Buffer {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (privateKey.asymmetricKeyType !== 'ed25519' || x === undefined) {
    throw new TypeError(
      `The signing key is ${privateKey.asymmetricKeyType ?? 'unknown'}; an Ed25519 key is needed.`,
    );
  }
  return Buffer.concat([sshString(KEY_TYPE), sshString(Buffer.from(x, 'base64url'))]);
}

/** RFC 4251 §5: a string is its length and its bytes. */
function sshString(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
