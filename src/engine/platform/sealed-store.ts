import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import {
  AccountName,
  AccountPassword,
  BearerToken,
  CameraId,
  Credentials,
  SlaveId,
  StreamKey,
} from '../../shared/engine-api/index.ts';
import { makeFileOnce, readFileIfPresent } from './atomic-file.ts';
import { EngineExit } from './exit.ts';
import type { EngineLayout } from './layout.ts';
import { parseJson, stateFile } from './state-file.ts';

/** 1: camera credentials only. 2: every kind of secret. */
const FORMAT_VERSION = 2;
const KEY_BYTES = 32;
/** NIST SP 800-38D §8.2: 96-bit nonces; a random one each time is safe for far more writes than a person makes. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Authenticated with the content, so that a sealed file of another kind or format cannot be put in its place. */
const CONTEXTS = {
  1: Buffer.from('belvedere camera credentials 1', 'utf8'),
  2: Buffer.from('belvedere secrets 2', 'utf8'),
} as const;

const Envelope = z.object({
  formatVersion: z.union([z.literal(1), z.literal(2)]),
  algorithm: z.literal('aes-256-gcm'),
  nonce: z.base64().max(64),
  tag: z.base64().max(64),
  ciphertext: z.base64(),
});
type Envelope = z.infer<typeof Envelope>;

const CredentialsByCamera = z.record(CameraId, Credentials);

const SealedContent = z.object({
  cameraCredentials: CredentialsByCamera,
  streamKeys: z.record(CameraId, StreamKey),
  accountPasswords: z.record(AccountName, AccountPassword),
  slaveTokens: z.record(SlaveId, BearerToken),
});

/** Every secret that the node keeps, by what it belongs to. Maps, because a camera may be called `constructor`. */
export interface Secrets {
  readonly cameraCredentials: ReadonlyMap<string, Credentials>;
  readonly streamKeys: ReadonlyMap<string, string>;
  readonly accountPasswords: ReadonlyMap<string, string>;
  readonly slaveTokens: ReadonlyMap<string, string>;
}

/** Secrets at rest: the node needs them without the laptop, nobody who copies the disk's files but the key does. */
export interface SealedStore {
  /** Of either format; nothing when there is no file yet. */
  read(): Secrets;
  write(secrets: Secrets): void;
}

/** Makes the key at first use. Throws `EngineExit` when the key or the sealed file is damaged or was changed. */
export function openSealedStore(layout: EngineLayout): SealedStore {
  const key = readOrMakeKey(layout.storeKey);
  const file = stateFile({ path: layout.credentials, formatVersion: FORMAT_VERSION, schema: Envelope });
  return {
    read() {
      const envelope = file.read();
      if (envelope === undefined) return noSecrets;
      try {
        return parseSecrets(envelope.formatVersion, unseal(envelope, key));
      } catch {
        throw new EngineExit(
          'damaged-state',
          `${layout.credentials} was changed or does not belong to ${layout.storeKey}; restore both from one backup, or remove it and give all passwords, keys and tokens of the configuration again.`,
        );
      }
    },
    write: (secrets) => file.write(seal(secrets, key)),
  };
}

const noSecrets: Secrets = {
  cameraCredentials: new Map(),
  streamKeys: new Map(),
  accountPasswords: new Map(),
  slaveTokens: new Map(),
};

/** Of an owner that is in both, the newer secret. */
export function unionOfSecrets(older: Secrets, newer: Secrets): Secrets {
  return {
    cameraCredentials: new Map([...older.cameraCredentials, ...newer.cameraCredentials]),
    streamKeys: new Map([...older.streamKeys, ...newer.streamKeys]),
    accountPasswords: new Map([...older.accountPasswords, ...newer.accountPasswords]),
    slaveTokens: new Map([...older.slaveTokens, ...newer.slaveTokens]),
  };
}

export function secretCount(secrets: Secrets): number {
  const { cameraCredentials, streamKeys, accountPasswords, slaveTokens } = secrets;
  return cameraCredentials.size + streamKeys.size + accountPasswords.size + slaveTokens.size;
}

function parseSecrets(formatVersion: Envelope['formatVersion'], json: unknown): Secrets {
  switch (formatVersion) {
    case 1:
      return {
        ...noSecrets,
        cameraCredentials: new Map(Object.entries(CredentialsByCamera.parse(json))),
      };
    case 2: {
      const content = SealedContent.parse(json);
      return {
        cameraCredentials: new Map(Object.entries(content.cameraCredentials)),
        streamKeys: new Map(Object.entries(content.streamKeys)),
        accountPasswords: new Map(Object.entries(content.accountPasswords)),
        slaveTokens: new Map(Object.entries(content.slaveTokens)),
      };
    }
  }
}

function serializeSecrets(secrets: Secrets): string {
  return JSON.stringify({
    cameraCredentials: Object.fromEntries(secrets.cameraCredentials),
    streamKeys: Object.fromEntries(secrets.streamKeys),
    accountPasswords: Object.fromEntries(secrets.accountPasswords),
    slaveTokens: Object.fromEntries(secrets.slaveTokens),
  });
}

function seal(secrets: Secrets, key: Buffer): Envelope {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(
    CONTEXTS[FORMAT_VERSION],
  );
  const ciphertext = Buffer.concat([cipher.update(serializeSecrets(secrets), 'utf8'), cipher.final()]);
  return {
    formatVersion: FORMAT_VERSION,
    algorithm: 'aes-256-gcm',
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    ciphertext: ciphertext.toString('base64'),
  };
}

function unseal(envelope: Envelope, key: Buffer): unknown {
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(envelope.nonce, 'base64'), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(CONTEXTS[envelope.formatVersion])
    .setAuthTag(Buffer.from(envelope.tag, 'base64'));
  const plain = Buffer.concat([
    decipher.update(Buffer.from(envelope.ciphertext, 'base64')),
    decipher.final(),
  ]);
  return parseJson(plain.toString('utf8'));
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
