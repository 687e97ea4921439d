import type { Database as Sqlite } from 'better-sqlite3';
import type { WebSocket } from 'ws';
import type { VaultState } from '../../shared/contract/index.ts';
import type { CameraId, LiveSound, StreamName } from '../../shared/engine-api/index.ts';

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
  | `node/${string}/engine-token`
  | `node/${string}/engine-token-before`;

/** The part of an engine's client that the media relay needs. `platform/engine-client`'s `EngineClient` is one. */
export interface LiveEngine {
  /**
   * Starts the engine's live WebSocket (`enginePaths.live`), its certificate pinned and the token presented. It comes back
   * connecting; the caller owns it and closes it. `sound`: convert the camera's where that is needed.
   */
  openLive(cameraId: CameraId, stream: StreamName, sound?: 'aac'): WebSocket;
}

/** Which engine serves which camera right now. The feature that watches the engines provides it. */
export interface EngineDirectory {
  /** Throws `not-found`, `not-assigned` or `engine-unavailable`. */
  forCamera(cameraId: CameraId): LiveEngine;
  /**
   * What can be heard, from the engine's newest report; `none` while it is not known. Throws like `forCamera`, and `not-found`
   * for a sub stream that is not there.
   */
  liveSound(cameraId: CameraId, stream: StreamName): LiveSound;
}
