import { randomBytes, randomUUID } from 'node:crypto';
import type { Statement } from 'better-sqlite3';
import type { VaultState } from '../../../shared/contract/index.ts';
import { ChangeListeners } from '../../change-listeners.ts';
import { fail } from '../../failure.ts';
import type { Database, Log, SecretName, Vault } from '../ports.ts';
import { type KeyRecord, readKeyRecord, writeKeyRecord } from './key-record.ts';
import { answers, type Keyring } from './keyring.ts';
import { deriveKey, keyByteLength, scryptDefaults, seal, unseal } from './seal.ts';

export { type Keyring, systemKeyring } from './keyring.ts';

export interface VaultOptions {
  readonly database: Database;
  readonly log: Log;
  /** Absent: this vault is only ever protected by a passphrase. */
  readonly keyring?: Keyring;
  /** scrypt's N for a new vault; a power of two. */
  readonly scryptCost?: number;
}

/** Reads the vault's key from the keyring, or makes one there, where a keyring answers; otherwise waits for a passphrase. */
export async function openVault(options: VaultOptions): Promise<Vault> {
  const vault = new SqliteVault(options);
  await vault.open();
  return vault;
}

const wrapContext = (vaultId: string): string => `belvedere vault key ${vaultId}`;

class SqliteVault implements Vault {
  readonly #options: VaultOptions;
  readonly #listeners = new ChangeListeners();
  readonly #select: Statement<[string], { readonly sealed: Buffer }>;
  readonly #upsert: Statement<[string, Buffer]>;
  readonly #delete: Statement<[string]>;
  #state: VaultState = { kind: 'needs-passphrase' };
  #key: { readonly vaultId: string; readonly bytes: Buffer } | undefined;
  /** One attempt at a time: each takes 128 MiB. */
  #attempts: Promise<void> = Promise.resolve();

  constructor(options: VaultOptions) {
    this.#options = options;
    this.#select = options.database.prepare('SELECT sealed FROM secret WHERE name = ?');
    this.#upsert = options.database.prepare(
      'INSERT INTO secret (name, sealed) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed',
    );
    this.#delete = options.database.prepare('DELETE FROM secret WHERE name = ?');
  }

  async open(): Promise<void> {
    const record = readKeyRecord(this.#options.database);
    if (record === undefined) return this.#createInKeyring();
    this.#become({ kind: 'locked' });
    if (record.protection === 'keyring') await this.#unlockFromKeyring(record);
  }

  state(): VaultState {
    return this.#state;
  }

  onChange(listener: () => void): Disposable {
    return this.#listeners.add(listener);
  }

  create(passphrase: string): Promise<void> {
    return this.#oneAtATime(async () => {
      if (this.#state.kind !== 'needs-passphrase') throw fail('conflict', 'This site has a vault already.');
      const vaultId = randomUUID();
      const scrypt = {
        ...scryptDefaults,
        cost: this.#options.scryptCost ?? scryptDefaults.cost,
        salt: randomBytes(32),
      };
      const wrappingKey = await deriveKey(passphrase, scrypt);
      const key = randomBytes(keyByteLength);
      const wrappedKey = seal(wrappingKey, key, wrapContext(vaultId));
      writeKeyRecord(this.#options.database, { protection: 'passphrase', vaultId, wrappedKey, scrypt });
      this.#unlocked({ vaultId, bytes: key }, 'passphrase');
    });
  }

  unlock(passphrase: string): Promise<void> {
    return this.#oneAtATime(async () => {
      const record = readKeyRecord(this.#options.database);
      if (record === undefined)
        throw fail('conflict', 'This site has no vault yet.', 'Choose a passphrase first.');
      if (this.#state.kind === 'unlocked') return;
      if (record.protection === 'keyring') {
        if (!(await this.#unlockFromKeyring(record)))
          throw fail(
            'vault-locked',
            "The vault's key is in this computer's keyring, and the keyring does not give it out.",
            'Unlock the keyring, or sign in as the person who set this site up, and try again.',
          );
        return;
      }
      const wrappingKey = await deriveKey(passphrase, record.scrypt);
      const key = unseal(wrappingKey, record.wrappedKey, wrapContext(record.vaultId));
      if (key === undefined)
        throw fail('wrong-passphrase', 'That is not the passphrase of this vault.', 'Try again.');
      this.#unlocked({ vaultId: record.vaultId, bytes: key }, 'passphrase');
    });
  }

  put(name: SecretName, secret: string): void {
    const key = this.#requireKey();
    this.#upsert.run(name, seal(key.bytes, Buffer.from(secret, 'utf8'), `${key.vaultId} ${name}`));
  }

  get(name: SecretName): string | undefined {
    const key = this.#requireKey();
    const row = this.#select.get(name);
    if (row === undefined) return undefined;
    const plain = unseal(key.bytes, row.sealed, `${key.vaultId} ${name}`);
    // Only a changed database gets here, and the person's way on is to type the secret again.
    if (plain === undefined) {
      this.#options.log.error({ name }, 'A stored secret was changed outside Belvedere and is not used.');
      return undefined;
    }
    return plain.toString('utf8');
  }

  remove(name: SecretName): void {
    this.#delete.run(name);
  }

  async #createInKeyring(): Promise<void> {
    const { keyring, database, log } = this.#options;
    if (keyring === undefined || !(await answers(keyring, randomBytes(keyByteLength)))) return;
    const vaultId = randomUUID();
    const wrappingKey = randomBytes(keyByteLength);
    const key = randomBytes(keyByteLength);
    try {
      await keyring.write(vaultId, wrappingKey);
    } catch (error) {
      log.warn({ error }, "The keyring does not take the vault's key.");
      return;
    }
    const wrappedKey = seal(wrappingKey, key, wrapContext(vaultId));
    writeKeyRecord(database, { protection: 'keyring', vaultId, wrappedKey });
    log.info({}, "Made a vault whose key is in this computer's keyring.");
    this.#unlocked({ vaultId, bytes: key }, 'keyring');
  }

  async #unlockFromKeyring(record: KeyRecord): Promise<boolean> {
    const { keyring, log } = this.#options;
    try {
      const wrappingKey = await keyring?.read(record.vaultId);
      const key =
        wrappingKey?.length === keyByteLength
          ? unseal(wrappingKey, record.wrappedKey, wrapContext(record.vaultId))
          : undefined;
      if (key === undefined) return false;
      this.#unlocked({ vaultId: record.vaultId, bytes: key }, 'keyring');
      return true;
    } catch (error) {
      log.warn({ error }, "The keyring does not give out the vault's key.");
      return false;
    }
  }

  #requireKey(): { readonly vaultId: string; readonly bytes: Buffer } {
    if (this.#key === undefined)
      throw fail(
        'vault-locked',
        "The site's vault is locked.",
        'Unlock it with its passphrase and try again.',
      );
    return this.#key;
  }

  #unlocked(
    key: { readonly vaultId: string; readonly bytes: Buffer },
    protection: 'keyring' | 'passphrase',
  ): void {
    this.#key = key;
    this.#become({ kind: 'unlocked', protection });
  }

  #become(state: VaultState): void {
    this.#state = state;
    this.#listeners.announce();
  }

  #oneAtATime(work: () => Promise<void>): Promise<void> {
    const attempt = this.#attempts.then(work);
    this.#attempts = attempt.catch(() => undefined);
    return attempt;
  }
}
