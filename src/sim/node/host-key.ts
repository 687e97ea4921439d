import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import ssh2 from 'ssh2';

/** The node's Ed25519 host key in OpenSSH format; made on first use, then the same as long as the file is there. */
export async function loadHostKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    return makeHostKey(path);
  }
}

async function makeHostKey(path: string): Promise<string> {
  const { private: privateKey } = generateEd25519Key();
  await writeFile(`${path}.new`, privateKey, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return privateKey;
}

/** A key in OpenSSH format. ssh2 1.17 writes about one in 400 so that nobody can read it (5 of 2,000 measured). */
export function generateEd25519Key(options?: { readonly passphrase: string }): {
  readonly private: string;
  readonly public: string;
} {
  for (;;) {
    const pair =
      options === undefined
        ? ssh2.utils.generateKeyPairSync('ed25519')
        : ssh2.utils.generateKeyPairSync('ed25519', { ...options, cipher: 'aes256-ctr', rounds: 4 });
    if (!(ssh2.utils.parseKey(pair.private, options?.passphrase) instanceof Error)) return pair;
  }
}

export async function forgetHostKey(path: string): Promise<void> {
  await rm(path, { force: true });
}
