import type { ByteSource } from '../media/fmp4/index.ts';

/** A file that only grows, while it is being written. Operations on one file never overlap, except `sync`. */
export interface SegmentFile {
  /**
   * Appends all chunks, and a `free` box where the file is kept to whole blocks. The answer is by how many bytes the file has
   * grown. After a rejection any number of them may be there.
   */
  append(chunks: readonly Uint8Array[]): Promise<number>;
  /** Everything appended so far survives a power cut. */
  sync(): Promise<void>;
  truncate(byteLength: number): Promise<void>;
  close(): Promise<void>;
}

/** A file opened for recovery. */
export interface RecoverableFile extends ByteSource {
  /** Cuts the file and makes the cut survive a power cut. */
  truncate(byteLength: number): Promise<void>;
  close(): Promise<void>;
}

/** Names, not paths. Links and the like are left out. */
export interface DirectoryEntries {
  readonly fileNames: readonly string[];
  readonly directoryNames: readonly string[];
}

export interface VolumeSpace {
  readonly totalBytes: number;
  /** What this process may still use. */
  readonly freeBytes: number;
}

/**
 * Where bytes go: one directory tree on one file system. Paths are relative, with slashes. Every method rejects with the
 * system's error; the caller makes a `StorageFailure` of it.
 */
export interface Volume {
  /** For people and for status. */
  readonly path: string;
  /** A new file, with the directories it needs; rejects with EEXIST where there is one. */
  create(filePath: string): Promise<SegmentFile>;
  /** The names in the file's directory, and that directory's in its parents, survive a power cut. */
  syncDirectoryOf(filePath: string): Promise<void>;
  /** Opens a file for reading; only a cut needs a disk that can be written to. */
  recover(filePath: string): Promise<RecoverableFile>;
  /** Gives a file another name in its directory, in a way that survives a power cut. */
  rename(filePath: string, newPath: string): Promise<void>;
  /** Removes the file and every directory this leaves empty; a missing file is fine. */
  remove(filePath: string): Promise<void>;
  /** What lies directly in a directory; nothing when it is missing. */
  list(directoryPath: string): Promise<DirectoryEntries>;
  space(): Promise<VolumeSpace>;
  /** Writes, syncs and removes a small file: rejects while the volume cannot be written to. */
  probe(): Promise<void>;
}
