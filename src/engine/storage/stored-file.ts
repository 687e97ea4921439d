import { open } from 'node:fs/promises';
import type { VolumeGuard } from './volume-guard.ts';

/** A segment's file as playback gets it. */
export interface StoredFile {
  /** Absolute; for other programs. Who reads in this process uses `read`, or a disk that hangs takes every thread there is. */
  readonly path: string;
  /** How much of it is whole; it may be growing. */
  readonly byteLength: number;
  /**
   * Its bytes from `first` to `last`, both included; fewer when it became shorter. Rejects with the system's error, or with
   * EHUNG when the volume does not answer. Ending the iteration closes the file.
   */
  read(range: ByteRange): AsyncIterable<Uint8Array>;
}

export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** A quarter of a second of a camera of 8 Mbit/s: few calls, and little memory for a reader who is slow. */
const chunkBytes = 256 * 1024;

/** A file of a volume, read through the volume's guard. */
export function storedFile(
  { path, byteLength }: Pick<StoredFile, 'path' | 'byteLength'>,
  guard: VolumeGuard,
): StoredFile {
  return { path, byteLength, read: (range) => readThrough(guard, path, range) };
}

async function* readThrough(
  guard: VolumeGuard,
  path: string,
  { first, last }: ByteRange,
): AsyncGenerator<Uint8Array> {
  const file = await guard.run(() => open(path, 'r'), { onLateValue: (late) => void late.close() });
  try {
    let position = first;
    while (position <= last) {
      const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, last - position + 1));
      const { bytesRead } = await guard.run(() => file.read(buffer, 0, buffer.byteLength, position));
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    guard.whenAnswering(() => file.close());
  }
}
