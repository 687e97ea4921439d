import { mkdir, open, readdir, rename, rmdir, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AlignedBuffers } from './aligned-buffers.ts';
import { errorCode } from './failure.ts';
import { createBufferedFile, createDirectFile } from './local-segment-file.ts';
import type { DirectoryEntries, RecoverableFile, SegmentFile, Volume, VolumeSpace } from './volume.ts';

const probeName = '.probe';
const probeBytes = 4096;

/**
 * Appends of a volume that are on their way to the disk at once; more wait for their turn. What is gathered for one and larger
 * than a buffer is written in several calls.
 */
const appendBuffers = { count: 4, bufferBytes: 512 * 1024 };

export interface LocalVolumeOptions {
  /** `buffered`: through the page cache, also where the file system can do without it. */
  readonly writing?: 'direct' | 'buffered';
}

/**
 * A volume in a directory of a local file system, written past the page cache where the file system allows it. The directory
 * must exist.
 */
export function openLocalVolume(path: string, options: LocalVolumeOptions = {}): Volume {
  return new LocalVolume(path, options);
}

class LocalVolume implements Volume {
  readonly path: string;
  /** Nothing once the file system has refused direct I/O. */
  #buffers: AlignedBuffers | undefined;

  constructor(path: string, { writing = 'direct' }: LocalVolumeOptions) {
    this.path = path;
    this.#buffers = writing === 'direct' ? new AlignedBuffers(appendBuffers) : undefined;
  }

  async create(filePath: string): Promise<SegmentFile> {
    const absolute = this.#absolute(filePath);
    await mkdir(dirname(absolute), { recursive: true, mode: 0o750 });
    if (this.#buffers === undefined) return createBufferedFile(absolute);
    try {
      return await createDirectFile(absolute, this.#buffers);
    } catch (error) {
      if (errorCode(error) !== 'EINVAL') throw error;
      this.#buffers = undefined;
      // The file was made before the flag was refused.
      await unlink(absolute).catch(unless('ENOENT'));
      return createBufferedFile(absolute);
    }
  }

  async syncDirectoryOf(filePath: string): Promise<void> {
    for (const directory of directoriesAbove(filePath)) await syncDirectory(this.#absolute(directory));
  }

  async recover(filePath: string): Promise<RecoverableFile> {
    const path = this.#absolute(filePath);
    const handle = await open(path, 'r');
    const { size } = await handle.stat();
    return new LocalRecoverableFile(handle, { path, byteLength: size });
  }

  async rename(filePath: string, newPath: string): Promise<void> {
    await rename(this.#absolute(filePath), this.#absolute(newPath));
    await syncDirectory(dirname(this.#absolute(newPath)));
  }

  async remove(filePath: string): Promise<void> {
    await unlink(this.#absolute(filePath)).catch(unless('ENOENT'));
    const directories = directoriesAbove(filePath);
    for (const [index, directory] of directories.entries()) {
      const isRoot = index === directories.length - 1;
      if (isRoot || !(await this.#removeIfEmpty(directory))) {
        await syncDirectory(this.#absolute(directory)).catch(unless('ENOENT'));
        return;
      }
    }
  }

  async list(directoryPath: string): Promise<DirectoryEntries> {
    const entries = await readdir(this.#absolute(directoryPath), { withFileTypes: true }).catch(
      (error: unknown) => {
        if (errorCode(error) === 'ENOENT') return [];
        throw error;
      },
    );
    return {
      fileNames: entries.filter((entry) => entry.isFile()).map(({ name }) => name),
      directoryNames: entries.filter((entry) => entry.isDirectory()).map(({ name }) => name),
    };
  }

  async space(): Promise<VolumeSpace> {
    const { bsize, blocks, bavail } = await statfs(this.path);
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
  }

  async probe(): Promise<void> {
    const absolute = this.#absolute(probeName);
    const handle = await open(absolute, 'w', 0o640);
    try {
      await handle.write(new Uint8Array(probeBytes));
      await handle.datasync();
    } finally {
      await handle.close();
      // Another probe, one that has waited for long, may have removed it.
      await unlink(absolute).catch(unless('ENOENT'));
    }
  }

  #absolute(relativePath: string): string {
    return join(this.path, relativePath);
  }

  async #removeIfEmpty(directory: string): Promise<boolean> {
    try {
      await rmdir(this.#absolute(directory));
      return true;
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOENT') return true;
      if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
      throw error;
    }
  }
}

class LocalRecoverableFile implements RecoverableFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly byteLength: number;

  constructor(
    handle: FileHandle,
    { path, byteLength }: { readonly path: string; readonly byteLength: number },
  ) {
    this.#handle = handle;
    this.#path = path;
    this.byteLength = byteLength;
  }

  async read(position: number, byteLength: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(Math.max(0, Math.min(byteLength, this.byteLength - position)));
    let filled = 0;
    while (filled < buffer.byteLength) {
      const { bytesRead } = await this.#handle.read(
        buffer,
        filled,
        buffer.byteLength - filled,
        position + filled,
      );
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  }

  async truncate(byteLength: number): Promise<void> {
    const handle = await open(this.#path, 'r+');
    try {
      await handle.truncate(byteLength);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** From the file's own directory up to the volume's root. */
function directoriesAbove(filePath: string): readonly string[] {
  const names = filePath.split('/').slice(0, -1);
  return Array.from({ length: names.length + 1 }, (_, depth) =>
    names.slice(0, names.length - depth).join('/'),
  );
}

async function syncDirectory(absolute: string): Promise<void> {
  const handle = await open(absolute, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Swallows an error of one code. */
function unless(code: string): (error: unknown) => void {
  return (error) => {
    if (errorCode(error) !== code) throw error;
  };
}
