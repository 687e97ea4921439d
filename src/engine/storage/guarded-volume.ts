import type { ByteSource } from '../media/fmp4/index.ts';
import type { DirectoryEntries, RecoverableFile, SegmentFile, Volume, VolumeSpace } from './volume.ts';
import type { VolumeGuard } from './volume-guard.ts';

/** Bytes on their way to the disk, in memory that may not be written to before `release`. */
export interface GuardedBytes {
  readonly chunks: readonly Uint8Array[];
  readonly byteLength: number;
  /** Called once, when the system does not read the chunks any more: later than the answer when that was a hang. */
  readonly release: () => void;
}

/** A volume every operation of which passes its guard. */
export class GuardedVolume implements Volume {
  readonly guard: VolumeGuard;
  readonly #volume: Volume;

  constructor(volume: Volume, guard: VolumeGuard) {
    this.#volume = volume;
    this.guard = guard;
  }

  get path(): string {
    return this.#volume.path;
  }

  async create(filePath: string): Promise<GuardedFile> {
    const file = await this.guard.run(() => this.#volume.create(filePath), {
      onLateValue: (late) => void closeQuietly(late),
    });
    return new GuardedFile(file, this.guard);
  }

  syncDirectoryOf(filePath: string): Promise<void> {
    return this.guard.run(() => this.#volume.syncDirectoryOf(filePath));
  }

  async recover(filePath: string): Promise<RecoverableFile> {
    const file = await this.guard.run(() => this.#volume.recover(filePath), {
      onLateValue: (late) => void closeQuietly(late),
    });
    return new GuardedRecoverableFile(file, this.guard);
  }

  rename(filePath: string, newPath: string): Promise<void> {
    return this.guard.run(() => this.#volume.rename(filePath, newPath));
  }

  remove(filePath: string): Promise<void> {
    return this.guard.run(() => this.#volume.remove(filePath));
  }

  list(directoryPath: string): Promise<DirectoryEntries> {
    return this.guard.run(() => this.#volume.list(directoryPath));
  }

  space(): Promise<VolumeSpace> {
    return this.guard.run(() => this.#volume.space());
  }

  probe(): Promise<void> {
    return this.guard.run(() => this.#volume.probe());
  }

  /** Asks whether a hung volume answers again. */
  probeHung(): Promise<boolean> {
    return this.guard.probe(() => this.#volume.probe());
  }
}

/** A file being written, through the guard of its volume. What is written to it is worth waiting for. */
export class GuardedFile implements SegmentFile {
  readonly #file: SegmentFile;
  readonly #guard: VolumeGuard;
  /** What the system has been asked and has not answered, whether its caller still waits or not. */
  readonly #pending = new Set<Promise<unknown>>();

  constructor(file: SegmentFile, guard: VolumeGuard) {
    this.#file = file;
    this.#guard = guard;
  }

  /** Whether the system still works on something, whoever waits for it. */
  get isBusy(): boolean {
    return this.#pending.size > 0;
  }

  append(chunks: readonly Uint8Array[]): Promise<number> {
    return this.#guard.run(() => this.#noted(this.#file.append(chunks)), { isWrite: true, isPatient: true });
  }

  /** As `append`, for memory that is used again. */
  appendBorrowed({ chunks, byteLength, release }: GuardedBytes): Promise<number> {
    return this.#guard.run(() => this.#noted(this.#file.append(chunks)), {
      isWrite: true,
      isPatient: true,
      byteLength,
      onSettled: release,
    });
  }

  sync(): Promise<void> {
    return this.#guard.run(() => this.#noted(this.#file.sync()), { isPatient: true });
  }

  truncate(byteLength: number): Promise<void> {
    return this.#guard.run(() => this.#noted(this.#file.truncate(byteLength)));
  }

  /** On a volume that does not answer: resolves at once, and the file is closed when it does. */
  async close(): Promise<void> {
    if (this.#pending.size === 0 && !this.#guard.isHung) {
      await this.#guard.run(() => this.#noted(this.#file.close()), { isPatient: true });
      return;
    }
    void Promise.allSettled(this.#pending).then(() =>
      this.#guard.whenAnswering(() => closeQuietly(this.#file)),
    );
  }

  #noted<Value>(operation: Promise<Value>): Promise<Value> {
    this.#pending.add(operation);
    const forget = (): void => void this.#pending.delete(operation);
    operation.then(forget, forget);
    return operation;
  }
}

class GuardedRecoverableFile implements RecoverableFile, ByteSource {
  readonly #file: RecoverableFile;
  readonly #guard: VolumeGuard;

  constructor(file: RecoverableFile, guard: VolumeGuard) {
    this.#file = file;
    this.#guard = guard;
  }

  get byteLength(): number {
    return this.#file.byteLength;
  }

  read(position: number, byteLength: number): Promise<Uint8Array> {
    return this.#guard.run(() => this.#file.read(position, byteLength));
  }

  truncate(byteLength: number): Promise<void> {
    return this.#guard.run(() => this.#file.truncate(byteLength));
  }

  async close(): Promise<void> {
    if (this.#guard.isHung) this.#guard.whenAnswering(() => closeQuietly(this.#file));
    else await this.#guard.run(() => this.#file.close());
  }
}

/** For a file that nobody waits for any more. */
async function closeQuietly(file: { close(): Promise<void> }): Promise<void> {
  await file.close().catch(() => undefined);
}
