import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { sshPublicKeyLine } from './sshsig.ts';

const MAKE_ONE = 'openssl genpkey -algorithm ed25519 -out FILE && chmod 600 FILE';

export interface SigningKey {
  readonly privateKey: KeyObject;
  /** OpenSSH public key line, its comment telling a development key from a release key. */
  readonly publicKeyLine: string;
}

/**
 * The key that signs bundles: the one named by `BELVEDERE_SIGNING_KEY_FILE` (PKCS #8 PEM, Ed25519, mode 0600), else a
 * development key that is made once and stays on this machine.
 */
export function readSigningKey(namedFile: string | undefined, developmentFile: string): SigningKey {
  const file = namedFile ?? developmentFile;
  if (namedFile === undefined && !existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  }
  if (!existsSync(file)) throw new Error(`There is no signing key at ${file}. Make one with: ${MAKE_ONE}`);
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new Error(`Others can read the signing key ${file}. Keep it to yourself with: chmod 600 ${file}`);
  }
  const privateKey = parseKey(file);
  const comment = namedFile === undefined ? 'belvedere development key' : 'belvedere release key';
  return { privateKey, publicKeyLine: sshPublicKeyLine(privateKey, comment) };
}

function parseKey(file: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(file));
  } catch {
    throw new Error(`The signing key ${file} is not a PKCS #8 key. Make one with: ${MAKE_ONE}`);
  }
}
