import type { RecoverableFile } from '../../src/engine/storage/volume.ts';
import type { SegmentFile, Volume, VolumeAccess, VolumeMarker } from '../../src/engine/storage/index.ts';

/** What a disk can do instead of what it was asked. */
export const faultKinds = ['ENOSPC', 'EIO', 'EROFS', 'hang', 'short-write'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Which operations change the disk: those that read are still answered where it is full or read-only. */
const writeOperations: ReadonlySet<string> = new Set([
  'create',
  'append',
  'sync',
  'truncate',
  'syncDirectoryOf',
  'rename',
  'remove',
  'probe',
  'marker.write',
]);

/** A disk that fills takes no new bytes; what it has can still be synced, cut and removed. */
const fillingOperations: ReadonlySet<string> = new Set(['create', 'append', 'probe', 'marker.write']);

export interface Fault {
  readonly kind: FaultKind;
  /** Counted from 0, over everything that is asked. */
  readonly fromOperation: number;
}

export function isStruckBy(operation: string, kind: FaultKind): boolean {
  switch (kind) {
    case 'ENOSPC':
      return fillingOperations.has(operation);
    case 'EROFS':
      return writeOperations.has(operation);
    case 'short-write':
      return operation === 'append';
    case 'EIO':
    case 'hang':
      return true;
  }
}

/**
 * A volume on a real directory that counts what it is asked, and from one operation on fails at everything its fault strikes,
 * until it is healed. A hang is answered, properly, when it is healed; a short write leaves half of the bytes.
 */
export class FaultyVolume {
  /** Names of everything that was asked, in order. */
  readonly operations: string[] = [];
  readonly #fault: Fault | undefined;
  readonly #held: (() => void)[] = [];
  /** Paths that are broken for good, with all below them, and what the disk answers there. */
  readonly #broken = new Map<string, string>();
  #isHealed = false;
  #isDead = false;
  #underWay = 0;

  constructor(fault?: Fault) {
    this.#fault = fault;
  }

  /** Operations that hang. */
  get hanging(): number {
    return this.#held.length;
  }

  /** Operations that the real disk is busy with. */
  get underWay(): number {
    return this.#underWay - this.#held.length;
  }

  /** Whether the fault has struck or may strike from now on. */
  get hasStruck(): boolean {
    return this.#fault !== undefined && this.operations.length > this.#fault.fromOperation;
  }

  /** As when the process is killed: nothing more reaches the disk, and nobody is told. Only files are closed. */
  die(): void {
    this.#isDead = true;
  }

  /** From now on the disk answers every question about the path, and about what lies below, with an error. */
  breakPath(path: string, code: string): void {
    this.#broken.set(path, code);
  }

  mendPath(path: string): void {
    this.#broken.delete(path);
  }

  heal(): void {
    if (this.#isDead) return;
    this.#isHealed = true;
    for (const release of this.#held.splice(0)) release();
  }

  wrap({ volume, marker }: VolumeAccess): VolumeAccess {
    return { volume: this.#wrapVolume(volume), marker: this.#wrapMarker(marker) };
  }

  #wrapVolume(volume: Volume): Volume {
    const ask = <Value>(operation: string, path: string, task: () => Promise<Value>): Promise<Value> =>
      this.#ask(operation, async () => {
        this.#passBroken(path);
        return task();
      });
    return {
      path: volume.path,
      create: (path) => ask('create', path, async () => this.#wrapFile(await volume.create(path))),
      syncDirectoryOf: (path) => ask('syncDirectoryOf', path, () => volume.syncDirectoryOf(path)),
      recover: (path) => ask('recover', path, async () => this.#wrapRecoverable(await volume.recover(path))),
      rename: (path, newPath) => ask('rename', path, () => volume.rename(path, newPath)),
      remove: (path) => ask('remove', path, () => volume.remove(path)),
      list: (path) => ask('list', path, () => volume.list(path)),
      space: () => this.#ask('space', () => volume.space()),
      probe: () => this.#ask('probe', () => volume.probe()),
    };
  }

  #wrapFile(file: SegmentFile): SegmentFile {
    return {
      append: (chunks) =>
        this.#ask(
          'append',
          () => file.append(chunks),
          () => file.append(firstHalf(chunks)),
        ),
      sync: () => this.#ask('sync', () => file.sync()),
      truncate: (byteLength) => this.#ask('truncate', () => file.truncate(byteLength)),
      close: () => this.#ask('close', () => file.close()),
    };
  }

  /** What is asked of it is not counted, but for what changes it. */
  #wrapRecoverable(file: RecoverableFile): RecoverableFile {
    return {
      byteLength: file.byteLength,
      read: (position, byteLength) => file.read(position, byteLength),
      truncate: (byteLength) => this.#ask('truncate', () => file.truncate(byteLength)),
      close: () => file.close(),
    };
  }

  #wrapMarker(marker: VolumeMarker): VolumeMarker {
    return {
      read: () => this.#ask('marker.read', () => marker.read()),
      write: (identity) => this.#ask('marker.write', () => marker.write(identity)),
    };
  }

  #passBroken(path: string): void {
    for (const [broken, code] of this.#broken)
      if (path === broken || path.startsWith(`${broken}/`)) throw systemError(code);
  }

  async #ask<Value>(
    operation: string,
    task: () => Promise<Value>,
    halfTask?: () => Promise<unknown>,
  ): Promise<Value> {
    const isStruck = this.#strikes(operation);
    this.operations.push(operation);
    this.#underWay += 1;
    try {
      if (this.#isDead && operation !== 'close')
        await new Promise<void>((resolve) => void this.#held.push(resolve));
      if (!isStruck) return await task();
      switch (this.#fault?.kind) {
        case 'hang':
          await new Promise<void>((resolve) => void this.#held.push(resolve));
          return await task();
        case 'short-write':
          await halfTask?.();
          throw systemError('ENOSPC');
        case 'ENOSPC':
        case 'EIO':
        case 'EROFS':
          // Linux closes a file whatever it answers.
          if (operation === 'close') await task();
          throw systemError(this.#fault.kind);
        case undefined:
          return await task();
      }
    } finally {
      this.#underWay -= 1;
    }
  }

  #strikes(operation: string): boolean {
    const fault = this.#fault;
    if (fault === undefined || this.#isHealed || this.operations.length < fault.fromOperation) return false;
    return isStruckBy(operation, fault.kind);
  }
}

function firstHalf(chunks: readonly Uint8Array[]): Uint8Array[] {
  const whole = Buffer.concat(chunks);
  return [whole.subarray(0, Math.floor(whole.byteLength / 2))];
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
