import { errorCode, isSystemError } from './failure.ts';
import { footageDirectory } from './segment-file-name.ts';
import type { DirectoryEntries, Volume } from './volume.ts';

/** A directory as it was a moment ago. */
export type FoundDirectory =
  | {
      readonly kind: 'read';
      readonly directoryPath: string;
      /** Of all files directly in it; there is one at least. */
      readonly filePaths: readonly string[];
    }
  /** Nothing is known of it and of what lies below it. */
  | {
      readonly kind: 'unreadable';
      readonly directoryPath: string;
      /** The system's name for the error, such as `EACCES`. */
      readonly code: string;
    };

/**
 * Every directory with files under one of a volume, one a day and camera. One that cannot be read is told and passed over: a
 * bad sector must not keep the rest of the footage from being found.
 * @throws EHUNG when the volume does not answer
 */
export async function* footageDirectories(
  volume: Volume,
  directoryPath: string = footageDirectory,
): AsyncGenerator<FoundDirectory> {
  let entries: DirectoryEntries;
  try {
    entries = await volume.list(directoryPath);
  } catch (error) {
    const code = errorCode(error);
    if (!isSystemError(error) || code === 'EHUNG') throw error;
    yield { kind: 'unreadable', directoryPath, code };
    return;
  }
  const { fileNames, directoryNames } = entries;
  const filePaths = fileNames.map((name) => `${directoryPath}/${name}`);
  if (filePaths.length > 0) yield { kind: 'read', directoryPath, filePaths };
  for (const name of directoryNames) yield* footageDirectories(volume, `${directoryPath}/${name}`);
}

/** Whether a directory is one of those, or lies below one. */
export function isWithin(directoryPath: string, directories: ReadonlySet<string>): boolean {
  for (let path = directoryPath; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('/'))))
    if (directories.has(path)) return true;
  return false;
}
