import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { isIndexError } from './failure.ts';
import { FootageLock, maximumLocks } from '../../shared/engine-api/index.ts';
import type { LockOrder } from '../../shared/engine-api/index.ts';
import type { LockIndex } from './segment-index.ts';

export const LockFileContent = z.object({ locks: z.array(FootageLock).max(maximumLocks) });
export type LockFileContent = z.infer<typeof LockFileContent>;

/** Where locks outlive everything, also the index: that can be made again from the footage, they cannot. */
export interface LockFile {
  read(): LockFileContent | undefined;
  /** Survives a power cut when it returns. */
  write(content: LockFileContent): void;
}

export interface FootageLocksOptions {
  readonly file: LockFile;
  readonly index: LockIndex;
  readonly clock: Clock;
  readonly log: Log;
}

export type LockOutcome =
  | { readonly kind: 'locked'; readonly lock: FootageLock }
  | { readonly kind: 'too-many' };

/** What must not be deleted. Changes are written down first and then hold: from the answer on nothing locked is deleted. */
export class FootageLocks {
  readonly #options: FootageLocksOptions;
  #locks: readonly FootageLock[] = [];
  /** Those that the index knows. */
  #filed: readonly FootageLock[] | undefined;

  constructor(options: FootageLocksOptions) {
    this.#options = options;
  }

  /** Before anything can be deleted. Rejects as the file does. */
  async start(): Promise<void> {
    this.#locks = this.#options.file.read()?.locks ?? [];
    try {
      await this.file();
    } catch (error) {
      // It tells of its trouble itself; nothing is deleted before it has taken them.
      if (!isIndexError(error)) throw error;
    }
  }

  /** Sees to it that the index knows what is locked. Rejects with its error: then nothing may be deleted. */
  async file(): Promise<void> {
    if (this.#filed === this.#locks) return;
    const locks = this.#locks;
    await this.#options.index.replaceLocks(locks);
    this.#filed = locks;
  }

  list(): readonly FootageLock[] {
    return this.#locks;
  }

  /** Rejects with the index's error; the lock then holds as soon as the index takes anything, or from the next start on. */
  async add(order: LockOrder, tokenId: string): Promise<LockOutcome> {
    if (this.#locks.length >= maximumLocks) return { kind: 'too-many' };
    const lock: FootageLock = {
      ...order,
      id: randomUUID(),
      tokenId,
      createdUtcMs: this.#options.clock.utcMs(),
    };
    await this.#change([...this.#locks, lock]);
    this.#options.log.info({ ...lock }, 'Locked footage.');
    return { kind: 'locked', lock };
  }

  /** The answer is the lock that was removed; nothing when there is none with this id. */
  async remove(id: string, tokenId: string): Promise<FootageLock | undefined> {
    const removed = this.#locks.find((lock) => lock.id === id);
    if (removed === undefined) return undefined;
    await this.#change(this.#locks.filter((lock) => lock !== removed));
    this.#options.log.info({ ...removed, tokenId }, 'Unlocked footage.');
    return removed;
  }

  async #change(locks: readonly FootageLock[]): Promise<void> {
    this.#options.file.write({ locks: [...locks] });
    this.#locks = locks;
    await this.file();
  }
}
