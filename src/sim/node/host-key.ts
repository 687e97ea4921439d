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
  const privateKey = generateHostKey();
  await writeFile(`${path}.new`, privateKey, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return privateKey;
}

/** ssh2 1.17 writes about one Ed25519 key in 400 so that nobody can read it (5 of 2,000 measured). */
function generateHostKey(): string {
  for (;;) {
    const { private: privateKey } = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'simulated node' });
    if (!(ssh2.utils.parseKey(privateKey) instanceof Error)) return privateKey;
  }
}

export async function forgetHostKey(path: string): Promise<void> {
  await rm(path, { force: true });
}
