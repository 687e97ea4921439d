import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

const tokenCandidate = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g;

/**
 * Every place under `folder` that holds one of these secrets, or an engine's token (known by the hashes that the nodes
 * keep), in plain text. Footage is looked at too: it is bytes like any other.
 */
export async function findSecrets(folder: string, secrets: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const spellings = secrets.flatMap((secret) => spellingsOf(secret));
  const texts = new Map<string, Buffer>();
  // A release is the bundle as it was built; its runtime alone is 120 MB.
  for (const file of files.filter((path) => !path.includes('/releases/'))) {
    texts.set(relative(folder, file), await readFile(file));
  }
  const tokenHashes = new Set(
    [...texts]
      .filter(([path]) => /\/etc\/tokens\/[^/]+\.json$/.test(path))
      .map(([, bytes]) => /"sha256":\s*"([0-9a-f]{64})"/.exec(bytes.toString())?.[1] ?? ''),
  );
  if (tokenHashes.size === 0)
    throw new Error('no engine token was issued, so the search would prove nothing');
  return [...texts].flatMap(([path, bytes]) => [
    ...spellings.filter((spelling) => bytes.includes(spelling)).map((spelling) => `${path}: ${spelling}`),
    ...(bytes.toString('latin1').match(tokenCandidate) ?? [])
      .filter((word) => tokenHashes.has(createHash('sha256').update(word).digest('hex')))
      .map(() => `${path}: an engine's token`),
  ]);
}

/** A secret as it stands in text, in JSON, in a URL, and in base64. */
export function spellingsOf(secret: string): string[] {
  const spellings = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
  ];
  return [...new Set(spellings)];
}
