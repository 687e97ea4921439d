import type { Database as Sqlite } from 'better-sqlite3';
import type { VaultState } from '../../shared/contract/index.ts';

export type { Clock } from '../../shared/domain/clock.ts';
export type { Log } from '../../shared/domain/log.ts';

/** The site's database, migrated and open. Statements are prepared by the feature that owns the tables. */
export type Database = Sqlite;

/**
 * Keeps secrets: AES-256-GCM in the site's database under a key from the operating system's keyring, or from a
 * passphrase by scrypt. The name is authenticated with the secret, so that rows cannot be exchanged.
 */
export interface Vault {
  state(): VaultState;
  /** Calls back on every change of `state()`. */
  onChange(listener: () => void): Disposable;
  create(passphrase: string): Promise<void>;
  unlock(passphrase: string): Promise<void>;
  /** Stores or replaces. Throws `vault-locked`. Joins a transaction that is open on the database. */
  put(name: SecretName, secret: string): void;
  /** Throws `vault-locked`. */
  get(name: SecretName): string | undefined;
  remove(name: SecretName): void;
}

export type SecretName =
  | `camera/${string}/password`
  | `node/${string}/ssh-password`
  | `node/${string}/ssh-key`
  | `node/${string}/ssh-key-passphrase`
  | `node/${string}/engine-token`;
