import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
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

  constructor(options: FootageLocksOptions) {
    this.#options = options;
  }

  /** Before anything can be deleted. Rejects as the file or the index does. */
  async start(): Promise<void> {
    this.#locks = this.#options.file.read()?.locks ?? [];
    await this.#options.index.replaceLocks(this.#locks);
  }

  list(): readonly FootageLock[] {
    return this.#locks;
  }

  /** Rejects with the index's error; the lock then holds from the next start on. */
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
    await this.#options.index.replaceLocks(locks);
  }
}
