import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EngineExit } from './exit.ts';
import { errorCode } from './layout.ts';

/**
 * Replaces a file so that after a crash or power cut it holds either the old content or the new, never a mixture:
 * write beside it, sync, rename over it, sync the directory. Mode 0600. These files are small and change when a person
 * changes something, so the calls are synchronous; what the engine writes of its own accord goes through `replaceFile`.
 */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  place(path, content, renameSync);
}

/**
 * Makes a file that must not change any more. Returns what stands there: of two processes that do this at once, both
 * get the content of the one that came first.
 */
export function makeFileOnce(path: string, content: string | Uint8Array): Buffer {
  try {
    place(path, content, linkSync);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  return readFileSync(path);
}

function place(path: string, content: string | Uint8Array, move: (from: string, to: string) => void): void {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const file = openSync(temporary, 'wx', 0o600);
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    move(temporary, path);
  } finally {
    // Gone already after a rename.
    rmSync(temporary, { force: true });
  }
  syncDirectory(dirname(path));
}

/**
 * Replaces a file as a whole, mode 0600, while everything else goes on. Not synced: after a power cut it may be the old one,
 * the new one, or damaged. One writer at a time.
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  try {
    await using file = await open(temporary, 'w', 0o600);
    await file.writeFile(content);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await rename(temporary, path);
}

export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/**
 * Reads a whole file, `undefined` when there is none. Throws `EngineExit` when it is larger than `limitBytes` (it is
 * not ours) or may not be read.
 */
export function readFileIfPresent(path: string, limitBytes: number): Buffer | undefined {
  try {
    refuseLarger(path, statSync(path).size, limitBytes);
    return readFileSync(path);
  } catch (error) {
    return absentOrUnreadable(path, error);
  }
}

/** Does what `readFileIfPresent` does while everything else goes on. */
export async function loadFileIfPresent(path: string, limitBytes: number): Promise<Buffer | undefined> {
  try {
    refuseLarger(path, (await stat(path)).size, limitBytes);
    return await readFile(path);
  } catch (error) {
    return absentOrUnreadable(path, error);
  }
}

function refuseLarger(path: string, byteLength: number, limitBytes: number): void {
  if (byteLength <= limitBytes) return;
  throw new EngineExit(
    'damaged-state',
    `${path} has ${byteLength} bytes where at most ${limitBytes} are expected; restore it from a backup or remove it.`,
  );
}

function absentOrUnreadable(path: string, error: unknown): undefined {
  if (error instanceof EngineExit) throw error;
  if (errorCode(error) === 'ENOENT') return undefined;
  throw new EngineExit(
    'directory-unusable',
    `The engine cannot read ${path} (${errorCode(error)}). Give its user permission to read it.`,
  );
}
