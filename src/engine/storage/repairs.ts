import type { Log } from '../../shared/domain/log.ts';
import { errorCode, isIndexError } from './failure.ts';

/** Something that a failure left undone with a file. */
export interface Repair {
  readonly filePath: string;
  /** False while the system still works on the file. */
  readonly isSettleable: boolean;
  /** Rejects with the volume's error or the index's. */
  settle(): Promise<void>;
}

/** So that a volume which cannot be mended does not collect for ever; what is left over waits for the next start. */
const maximumRepairs = 10_000;

/** What is to be put in order on a volume once it is well again. */
export class Repairs {
  readonly #log: Log;
  readonly #byPath = new Map<string, Repair>();

  constructor(log: Log) {
    this.#log = log;
  }

  add(repair: Repair): void {
    if (this.#byPath.size < maximumRepairs) this.#byPath.set(repair.filePath, repair);
  }

  has(filePath: string): boolean {
    return this.#byPath.has(filePath);
  }

  /**
   * Tries each that is ready. One that the volume refuses is left to the next start: its disk may still be good for other
   * files. One that needs an index which does not answer stays. `onDone` hears of each that need not be tried again. Rejects
   * when the volume hangs.
   */
  async run(onDone: (filePath: string) => void): Promise<void> {
    for (const repair of this.#byPath.values()) {
      const { filePath, isSettleable } = repair;
      if (!isSettleable) continue;
      try {
        await repair.settle();
      } catch (error) {
        const code = errorCode(error);
        if (code === 'EHUNG') throw error;
        if (isIndexError(error)) continue;
        this.#log.warn({ file: filePath, code }, 'A segment stays unfinished until the next start.');
      }
      this.#byPath.delete(filePath);
      onDone(filePath);
    }
  }
}
