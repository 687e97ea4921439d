import type { SegmentFile, Volume, VolumeMarker } from '../../src/engine/storage/index.ts';
import type { DirectoryEntries, RecoverableFile } from '../../src/engine/storage/volume.ts';

/** What a file system may keep or lose of a write by itself: one block. */
const blockBytes = 4096;

/** A file's content: what survives a power cut, and what has been written since the last sync. */
class Inode {
  durable: Uint8Array = new Uint8Array();
  current: Uint8Array = new Uint8Array();

  write(bytes: Uint8Array): void {
    const longer = new Uint8Array(this.current.byteLength + bytes.byteLength);
    longer.set(this.current);
    longer.set(bytes, this.current.byteLength);
    this.current = longer;
  }

  truncate(byteLength: number): void {
    this.current = this.current.slice(0, byteLength);
  }

  sync(): void {
    this.durable = this.current;
  }

  /** After the cut: any length between the two, and of each block that was written since either the old or the new. */
  cut(random: () => number): Inode {
    const survivor = new Inode();
    const shortest = Math.min(this.durable.byteLength, this.current.byteLength);
    const longest = Math.max(this.durable.byteLength, this.current.byteLength);
    const byteLength = shortest + Math.floor(random() * (longest - shortest + 1));
    const content = new Uint8Array(byteLength);
    for (let start = 0; start < byteLength; start += blockBytes) {
      const from = random() < 0.5 ? this.durable : this.current;
      content.set(from.subarray(start, Math.min(start + blockBytes, byteLength)), start);
    }
    // What was synced and is unchanged cannot be lost.
    content.set(commonStart(this.durable, this.current).subarray(0, byteLength));
    survivor.current = content;
    survivor.durable = content;
    return survivor;
  }
}

function commonStart(durable: Uint8Array, current: Uint8Array): Uint8Array {
  const shortest = Math.min(durable.byteLength, current.byteLength);
  let end = 0;
  while (end < shortest && durable[end] === current[end]) end += 1;
  return durable.subarray(0, end);
}

/** A change of a directory that is not on disk yet; `inode` is absent for directories and for removals. */
type EntryChange =
  | { readonly kind: 'file'; readonly inode: Inode }
  | { readonly kind: 'directory' }
  | { readonly kind: 'removed' };

type Entry = Exclude<EntryChange, { kind: 'removed' }>;

/**
 * A disk in memory that loses power when it is told to: what was not synced by then survives in part, block by block and name
 * by name, as the seed has it. Names and contents are synced apart, as POSIX has it. Operations take a few turns of the event
 * loop, and the cut may come in the middle of each.
 */
export class PowerCutDisk {
  readonly #random: () => number;
  readonly #durable: Map<string, Entry>;
  readonly #current: Map<string, Entry>;
  /** The newest change of each name that no sync covered. */
  readonly #unsynced = new Map<string, EntryChange>();
  #operationsLeft = Infinity;
  #isOff = false;
  #operations = 0;

  constructor(random: () => number, entries: ReadonlyMap<string, Entry> = new Map()) {
    this.#random = random;
    this.#durable = new Map(entries);
    this.#current = new Map(entries);
  }

  get isOff(): boolean {
    return this.#isOff;
  }

  get operations(): number {
    return this.#operations;
  }

  /** The cut comes during the nth operation from now. */
  cutAfter(operations: number): void {
    this.#operationsLeft = operations;
  }

  /** Now, if it has not come yet. */
  cut(): void {
    this.#isOff = true;
  }

  /** The disk as it is when the power is back. */
  afterCut(): PowerCutDisk {
    const entries = new Map(this.#durable);
    // A name survives only in a directory that does.
    for (const [path, change] of [...this.#unsynced].sort(([one], [other]) => one.length - other.length)) {
      if (this.#random() < 0.5) continue;
      if (change.kind === 'removed') entries.delete(path);
      else if (hasParent(path, entries)) entries.set(path, change);
    }
    for (const path of entries.keys()) if (!hasParent(path, entries)) entries.delete(path);
    const survivors = new Map(
      [...entries].map(([path, entry]): [string, Entry] => [
        path,
        entry.kind === 'file' ? { kind: 'file', inode: entry.inode.cut(this.#random) } : entry,
      ]),
    );
    return new PowerCutDisk(this.#random, survivors);
  }

  /** A file's bytes, as they can be read now. */
  read(path: string): Uint8Array | undefined {
    const entry = this.#current.get(path);
    return entry?.kind === 'file' ? entry.inode.current : undefined;
  }

  volume(path: string): Volume {
    return {
      path,
      create: async (filePath) => {
        await this.#turn();
        if (this.#current.has(filePath)) throw systemError('EEXIST');
        for (const directory of parentsOf(filePath))
          if (!this.#current.has(directory)) this.#change(directory, { kind: 'directory' });
        const inode = new Inode();
        this.#change(filePath, { kind: 'file', inode });
        await this.#turn();
        return this.#segmentFile(inode);
      },
      syncDirectoryOf: (filePath) => this.#syncDirectoryOf(filePath),
      recover: async (filePath) => {
        await this.#turn();
        const entry = this.#current.get(filePath);
        if (entry?.kind !== 'file') throw systemError('ENOENT');
        return this.#recoverableFile(entry.inode);
      },
      rename: async (filePath, newPath) => {
        await this.#turn();
        const entry = this.#current.get(filePath);
        if (entry === undefined) throw systemError('ENOENT');
        this.#change(filePath, { kind: 'removed' });
        this.#change(newPath, entry);
        await this.#syncDirectoryOf(newPath);
      },
      remove: async (filePath) => {
        await this.#turn();
        if (this.#current.has(filePath)) this.#change(filePath, { kind: 'removed' });
        await this.#syncDirectoryOf(filePath);
      },
      list: (directoryPath) => this.#list(directoryPath),
      space: async () => {
        await this.#turn();
        return { totalBytes: 1e12, freeBytes: 1e12 };
      },
      probe: () => this.#turn(),
    };
  }

  async #list(directoryPath: string): Promise<DirectoryEntries> {
    await this.#turn();
    const names = (kind: Entry['kind']): string[] =>
      [...this.#current].flatMap(([path, entry]) =>
        entry.kind === kind && path.slice(0, path.lastIndexOf('/')) === directoryPath
          ? [path.slice(directoryPath.length + 1)]
          : [],
      );
    return { fileNames: names('file'), directoryNames: names('directory') };
  }

  #segmentFile(inode: Inode): SegmentFile {
    return {
      append: async (chunks) => {
        let byteLength = 0;
        for (const chunk of chunks) {
          await this.#turn();
          inode.write(chunk);
          byteLength += chunk.byteLength;
        }
        await this.#turn();
        return byteLength;
      },
      sync: () => this.#syncInode(inode),
      truncate: async (byteLength) => {
        await this.#turn();
        inode.truncate(byteLength);
      },
      close: () => this.#turn(),
    };
  }

  #recoverableFile(inode: Inode): RecoverableFile {
    const { byteLength } = inode.current;
    return {
      byteLength,
      read: async (position, length) => inode.current.slice(position, position + length),
      truncate: async (length) => {
        await this.#turn();
        inode.truncate(length);
        await this.#syncInode(inode);
      },
      close: () => this.#turn(),
    };
  }

  /** What had been written when the sync began survives once it is answered. */
  async #syncInode(inode: Inode): Promise<void> {
    const content = inode.current;
    await this.#turn();
    inode.durable = content;
    await this.#turn();
  }

  async #syncDirectoryOf(filePath: string): Promise<void> {
    await this.#turn();
    const directories = parentsOf(filePath);
    const [own] = directories.slice(-1);
    for (const [path, change] of this.#unsynced) {
      const isBeside = path.slice(0, path.lastIndexOf('/')) === own;
      if (!isBeside && !directories.includes(path)) continue;
      if (change.kind === 'removed') this.#durable.delete(path);
      else this.#durable.set(path, change);
      this.#unsynced.delete(path);
    }
    await this.#turn();
  }

  #change(path: string, change: EntryChange): void {
    if (change.kind === 'removed') this.#current.delete(path);
    else this.#current.set(path, change);
    this.#unsynced.set(path, change);
  }

  /** A few turns of the event loop; after the cut it never resolves. */
  async #turn(): Promise<void> {
    this.#operations += 1;
    this.#operationsLeft -= 1;
    if (this.#operationsLeft < 0) this.#isOff = true;
    if (this.#isOff) await new Promise(() => undefined);
    for (let turns = Math.floor(this.#random() * 3); turns > 0; turns -= 1) await Promise.resolve();
    if (this.#isOff) await new Promise(() => undefined);
  }
}

/** A marker that was written long ago. */
export function steadyMarker(nodeId: string, volumeId: string): VolumeMarker {
  return {
    read: async () => ({
      kind: 'present',
      identity: { formatVersion: 1, volumeId, nodeId, createdUtcMs: 0 },
    }),
    write: async () => undefined,
  };
}

/** From the outermost to the file's own. */
function parentsOf(filePath: string): readonly string[] {
  const names = filePath.split('/').slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

function hasParent(path: string, entries: ReadonlyMap<string, Entry>): boolean {
  const end = path.lastIndexOf('/');
  return end === -1 || entries.has(path.slice(0, end));
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
