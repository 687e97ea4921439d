import { constants, writev } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { AlignedBuffers } from './aligned-buffers.ts';
import { BlockStaging, directBlockBytes } from './block-staging.ts';
import { errorCode } from './failure.ts';
import type { SegmentFile } from './volume.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_DIRECT } = constants;
const fileMode = 0o640;
/** Linux takes at most this many pieces in one `writev` (IOV_MAX). */
const maximumPieces = 1024;

/**
 * A new file that is written past the page cache: each append is filled up to whole blocks with a `free` box and handed to the
 * disk in one call, large chunks from where they lie. Half the CPU of buffered writing, no storms of dirty pages, and next to
 * nothing left for `fdatasync`.
 * @throws the system's error; EINVAL where the file system does not do this
 */
export async function createDirectFile(path: string, buffers: AlignedBuffers): Promise<SegmentFile> {
  const handle = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_DIRECT, fileMode);
  return new DirectSegmentFile(handle, { path, buffers });
}

/** A new file that is written through the page cache. */
export async function createBufferedFile(path: string): Promise<SegmentFile> {
  return new BufferedSegmentFile(await open(path, O_WRONLY | O_CREAT | O_EXCL, fileMode));
}

class BufferedSegmentFile implements SegmentFile {
  readonly #handle: FileHandle;
  #position = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async append(chunks: readonly Uint8Array[]): Promise<number> {
    let rest: readonly Uint8Array[] = chunks.filter((chunk) => chunk.byteLength > 0);
    const start = this.#position;
    let position = start;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#handle.writev(rest.slice(0, maximumPieces), position);
      position += bytesWritten;
      rest = withoutFirst(rest, bytesWritten);
    }
    this.#position = position;
    return position - start;
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  async truncate(byteLength: number): Promise<void> {
    await this.#handle.truncate(byteLength);
    this.#position = byteLength;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

class DirectSegmentFile implements SegmentFile {
  readonly #path: string;
  readonly #buffers: AlignedBuffers;
  #handle: FileHandle;
  #isDirect = true;
  #position = 0;

  constructor(
    handle: FileHandle,
    { path, buffers }: { readonly path: string; readonly buffers: AlignedBuffers },
  ) {
    this.#handle = handle;
    this.#path = path;
    this.#buffers = buffers;
  }

  async append(chunks: readonly Uint8Array[]): Promise<number> {
    const start = this.#position;
    const buffer = await this.#buffers.take();
    const staging = new BlockStaging(buffer);
    try {
      let position = start;
      for (const chunk of chunks) {
        for (let taken = 0; taken < chunk.byteLength;) {
          taken += staging.add(chunk, taken);
          if (staging.isFull) position = await this.#write(staging.take(), position);
        }
      }
      staging.pad();
      this.#position = await this.#write(staging.take(), position);
      return this.#position - start;
    } finally {
      this.#buffers.giveBack(buffer);
    }
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  /** Where an append ended, or nothing can be appended any more: that is where blocks begin. */
  async truncate(byteLength: number): Promise<void> {
    await this.#handle.truncate(byteLength);
    this.#position = byteLength;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Writes whole blocks; the answer is the position behind them. */
  async #write(pieces: readonly Uint8Array[], position: number): Promise<number> {
    const byteLength = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    let rest = pieces;
    let written = 0;
    let cutAt: number | undefined;
    while (written < byteLength) {
      const { bytesWritten } = await this.#writeSome(rest, position + written);
      if (bytesWritten === 0) throw new WriteRefusedError();
      const reached = written + bytesWritten;
      if (reached === byteLength) break;
      // A disk that fills may cut a write within a block: that block is written again, which tells why. Only where blocks
      // are smaller, or a quota ends within one, it is cut at the same place for ever.
      const whole = reached - (reached % directBlockBytes);
      if (whole === written && cutAt === reached) throw new NoRoomError();
      cutAt = reached;
      rest = withoutFirst(rest, whole - written);
      written = whole;
    }
    return position + byteLength;
  }

  async #writeSome(
    pieces: readonly Uint8Array[],
    position: number,
  ): Promise<{ readonly bytesWritten: number }> {
    try {
      return await writeAll(this.#handle, pieces, position);
    } catch (error) {
      if (!this.#isDirect || errorCode(error) !== 'EINVAL') throw error;
      // Some file systems take the flag and refuse the write.
      const direct = this.#handle;
      this.#handle = await open(this.#path, O_WRONLY);
      this.#isDirect = false;
      await direct.close();
      return writeAll(this.#handle, pieces, position);
    }
  }
}

/**
 * By the older call of Node: that of a `FileHandle` costs several promises, dozens of times a second. It does not keep the handle
 * from closing: appends and closing follow one another.
 */
function writeAll(
  { fd }: FileHandle,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<{ readonly bytesWritten: number }> {
  return new Promise((resolve, reject) => {
    if (fd < 0) throw new ClosedFileError();
    writev(fd, pieces, position, (error, bytesWritten) => {
      if (error === null) resolve({ bytesWritten });
      else reject(error);
    });
  });
}

class ClosedFileError extends Error {
  readonly code = 'EBADF';

  constructor() {
    super('The file is closed.');
  }
}

/** The system took nothing and gave no reason. */
class WriteRefusedError extends Error {
  readonly code = 'EIO';

  constructor() {
    super('The file system wrote nothing and gave no error.');
  }
}

/** The system takes a part of a block and no more of it. */
class NoRoomError extends Error {
  readonly code = 'ENOSPC';

  constructor() {
    super('The file system has no room for the rest of a block.');
  }
}

/** What a short write left over. */
function withoutFirst(chunks: readonly Uint8Array[], byteLength: number): readonly Uint8Array[] {
  let skipped = 0;
  for (const [index, chunk] of chunks.entries()) {
    if (skipped + chunk.byteLength > byteLength)
      return [chunk.subarray(byteLength - skipped), ...chunks.slice(index + 1)];
    skipped += chunk.byteLength;
  }
  return [];
}
