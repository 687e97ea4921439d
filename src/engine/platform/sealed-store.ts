import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { CameraId, Credentials } from '../../shared/engine-api/index.ts';
import { makeFileOnce, readFileIfPresent } from './atomic-file.ts';
import { EngineExit } from './exit.ts';
import type { EngineLayout } from './layout.ts';
import { parseJson, stateFile } from './state-file.ts';

const FORMAT_VERSION = 1;
const KEY_BYTES = 32;
/** NIST SP 800-38D §8.2: 96-bit nonces; a random one each time is safe for far more writes than a person makes. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Authenticated with the content, so that a sealed file of another kind cannot be put in its place. */
const CONTEXT = Buffer.from('belvedere camera credentials 1', 'utf8');

const Envelope = z.object({
  algorithm: z.literal('aes-256-gcm'),
  nonce: z.base64().max(64),
  tag: z.base64().max(64),
  ciphertext: z.base64(),
});

const SealedContent = z.record(CameraId, Credentials);
export type SealedContent = z.infer<typeof SealedContent>;

/** Camera credentials at rest: the node needs them without the laptop, nobody who copies the disk's files but the key does. */
export interface SealedStore {
  read(): SealedContent;
  write(content: SealedContent): void;
}

/** Makes the key at first use. Throws `EngineExit` when the key or the sealed file is damaged or was changed. */
export function openSealedStore(layout: EngineLayout): SealedStore {
  const key = readOrMakeKey(layout.storeKey);
  const file = stateFile({ path: layout.credentials, formatVersion: FORMAT_VERSION, schema: Envelope });
  return {
    read() {
      const envelope = file.read();
      if (envelope === undefined) return {};
      try {
        return unseal(envelope, key);
      } catch {
        throw new EngineExit(
          'damaged-state',
          `${layout.credentials} was changed or does not belong to ${layout.storeKey}; restore both from one backup, or remove it and give the cameras' passwords again.`,
        );
      }
    },
    write: (content) => file.write(seal(content, key)),
  };
}

function seal(content: SealedContent, key: Buffer): z.infer<typeof Envelope> {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(CONTEXT);
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(content), 'utf8'), cipher.final()]);
  return {
    algorithm: 'aes-256-gcm',
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    ciphertext: ciphertext.toString('base64'),
  };
}

function unseal(envelope: z.infer<typeof Envelope>, key: Buffer): SealedContent {
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(envelope.nonce, 'base64'), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(CONTEXT)
    .setAuthTag(Buffer.from(envelope.tag, 'base64'));
  const plain = Buffer.concat([
    decipher.update(Buffer.from(envelope.ciphertext, 'base64')),
    decipher.final(),
  ]);
  return SealedContent.parse(parseJson(plain.toString('utf8')));
}

function readOrMakeKey(path: string): Buffer {
  const key = readFileIfPresent(path, 1024) ?? makeFileOnce(path, randomBytes(KEY_BYTES));
  if (key.length !== KEY_BYTES) {
    throw new EngineExit(
      'damaged-state',
      `${path} is damaged (${key.length} bytes instead of ${KEY_BYTES}); restore it from a backup.`,
    );
  }
  return key;
}
