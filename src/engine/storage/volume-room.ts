import type { VolumeConfig } from '../../shared/engine-api/index.ts';
import type { Log } from '../../shared/domain/log.ts';
import { isFullError, isIndexError, storageFailure } from './failure.ts';
import type { Retention, RetentionOutcome } from './retention.ts';
import type { Trouble } from './volume-health.ts';
import type { Volume, VolumeSpace } from './volume.ts';

export interface VolumeRoomOptions {
  readonly volume: Volume;
  readonly retention: Retention;
  readonly headroomBytes: number;
  readonly log: Log;
}

export interface RoomLook {
  readonly volumeId: string;
  readonly config: VolumeConfig;
  /** Once full, half the headroom must be back before recording resumes, so that it does not flutter. */
  readonly isFull: boolean;
}

/** How much room a volume has, and what makes more of it. */
export class VolumeRoom {
  readonly #options: VolumeRoomOptions;
  #space: VolumeSpace = { totalBytes: 0, freeBytes: 0 };
  #storedBytes = 0;
  #isStoppedByIndex = false;

  constructor(options: VolumeRoomOptions) {
    this.#options = options;
  }

  /** As it was at the last look. */
  get status(): VolumeSpace & { readonly storedBytes: number } {
    return { ...this.#space, storedBytes: this.#storedBytes };
  }

  /** Deletes what retention asks for. The answer is what keeps footage from being written; nothing when there is room. */
  async look({ volumeId, config, isFull }: RoomLook): Promise<Trouble | undefined> {
    const { volume, headroomBytes } = this.#options;
    const neededBytes = isFull ? config.reserveBytes + headroomBytes / 2 : config.reserveBytes;
    const place: Place = { volumeId, config, neededBytes };
    this.#space = await volume.space();
    const outcome = await this.#applyRetention(place);
    if (outcome.deletedBytes > 0) this.#space = await volume.space();
    if (this.#space.freeBytes >= neededBytes) {
      if (isFull) await this.#findUnseenRoom(place);
      return undefined;
    }
    return {
      kind: 'full',
      detail: `The volume ${volume.path} has ${inMebibytes(this.#space.freeBytes)} free; ${inMebibytes(neededBytes)} are needed.`,
      remedy: this.#remedy(outcome, config),
    };
  }

  /** Space is not everything: there are limits for a user, and for the number of files. Rejects while one is reached. */
  async #findUnseenRoom(place: Place): Promise<void> {
    const { volume, headroomBytes } = this.#options;
    try {
      await volume.probe();
    } catch (error) {
      if (!isFullError(error)) throw error;
      const { deletedBytes } = await this.#applyRetention(place, headroomBytes / 8);
      if (deletedBytes === 0) throw error;
      await volume.probe();
    }
  }

  #remedy({ obstacle, storedBytes }: RetentionOutcome, { reserveBytes }: VolumeConfig): string {
    if (storedBytes === 0 || obstacle === undefined) return 'Free space, or lower the retention.';
    return obstacle === 'locks'
      ? 'Nothing on it may be deleted: all footage is locked or being written. Unlock some, or free space.'
      : `Deleting all footage (${inMebibytes(storedBytes)}) would not make that room, so none is. Remove other files, or lower the reserve of ${inMebibytes(reserveBytes)}.`;
  }

  /** Without an index nothing is deleted, and footage can still be recorded as far as there is space. */
  async #applyRetention(
    { volumeId, config, neededBytes }: Place,
    unseenBytes = 0,
  ): Promise<RetentionOutcome> {
    const { volume, retention, log } = this.#options;
    try {
      const outcome = await retention.apply({
        volume,
        volumeId,
        config,
        space: this.#space,
        neededBytes,
        unseenBytes,
      });
      this.#storedBytes = outcome.storedBytes;
      this.#isStoppedByIndex = false;
      return outcome;
    } catch (error) {
      if (!isIndexError(error)) throw error;
      if (!this.#isStoppedByIndex)
        log.error({ ...storageFailure(error, volume.path) }, 'Nothing can be deleted without the index.');
      this.#isStoppedByIndex = true;
      return { storedBytes: this.#storedBytes, deletedBytes: 0 };
    }
  }
}

interface Place {
  readonly volumeId: string;
  readonly config: VolumeConfig;
  readonly neededBytes: number;
}

function inMebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
