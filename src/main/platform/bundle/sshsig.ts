import { createHash, createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** Verifies signatures as `ssh-keygen -Y sign` makes them (OpenSSH, PROTOCOL.sshsig); Ed25519 keys only (RFC 8709). */

const magic = 'SSHSIG';
const supportedVersion = 1;
const keyType = 'ssh-ed25519';
const keyByteLength = 32;
const signatureByteLength = 64;
const maxArmoredLength = 8_192;

export interface SignedMessage {
  readonly message: Uint8Array;
  /** Armored, `-----BEGIN SSH SIGNATURE-----`. */
  readonly signature: string;
  /** What the signature must have been made for. */
  readonly namespace: string;
  /** The one key that is trusted, as a line of `authorized_keys`. */
  readonly publicKeyLine: string;
}

/** True only for a well-formed signature of this message, for this purpose, by this key. */
export function verifySshsig(signed: SignedMessage): boolean {
  try {
    return isGenuine(signed);
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}

class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

function isGenuine({ message, signature, namespace, publicKeyLine }: SignedMessage): boolean {
  const trusted = publicKeyBlob(publicKeyLine);
  const reader = new SshReader(unarmor(signature));
  if (reader.bytes(magic.length).toString('latin1') !== magic) return false;
  if (reader.uint32() !== supportedVersion) return false;
  if (!reader.string().equals(trusted)) return false;
  if (reader.string().toString('utf8') !== namespace) return false;
  const reserved = reader.string();
  const hashName = reader.string().toString('latin1');
  if (hashName !== 'sha512' && hashName !== 'sha256') return false;
  const inner = new SshReader(reader.string());
  reader.end();
  if (inner.string().toString('latin1') !== keyType) return false;
  const rawSignature = inner.string();
  inner.end();
  if (rawSignature.length !== signatureByteLength) return false;

  const toBeSigned = Buffer.concat([
    Buffer.from(magic, 'latin1'),
    sshString(Buffer.from(namespace, 'utf8')),
    sshString(reserved),
    sshString(Buffer.from(hashName, 'latin1')),
    sshString(createHash(hashName).update(message).digest()),
  ]);
  return verify(null, toBeSigned, ed25519Key(trusted), rawSignature);
}

function unarmor(text: string): Buffer {
  if (text.length > maxArmoredLength) throw new MalformedError('too long');
  const match = /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\n?$/.exec(
    text.replaceAll('\r\n', '\n'),
  );
  if (match?.[1] === undefined) throw new MalformedError('no armor');
  return Buffer.from(match[1], 'base64');
}

/** The key blob of `TYPE BASE64 [COMMENT]`. */
function publicKeyBlob(line: string): Buffer {
  const [type, base64 = ''] = line.trim().split(/\s+/);
  if (type !== keyType) throw new MalformedError('not an Ed25519 key');
  return Buffer.from(base64, 'base64');
}

function ed25519Key(blob: Buffer): KeyObject {
  const reader = new SshReader(blob);
  const type = reader.string().toString('latin1');
  const raw = reader.string();
  reader.end();
  if (type !== keyType || raw.length !== keyByteLength) throw new MalformedError('not an Ed25519 key');
  return createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
    format: 'jwk',
  });
}

/** RFC 4251 §5. Throws `MalformedError` at the end of what there is. */
class SshReader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  bytes(byteLength: number): Buffer {
    if (byteLength > this.#buffer.length - this.#offset) throw new MalformedError('cut off');
    this.#offset += byteLength;
    return this.#buffer.subarray(this.#offset - byteLength, this.#offset);
  }

  uint32(): number {
    return this.bytes(4).readUInt32BE(0);
  }

  string(): Buffer {
    return this.bytes(this.uint32());
  }

  end(): void {
    if (this.#offset !== this.#buffer.length) throw new MalformedError('more than there should be');
  }
}

function sshString(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
