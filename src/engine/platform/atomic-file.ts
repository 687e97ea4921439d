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
import { basename, dirname, join } from 'node:path';
import { EngineExit } from './exit.ts';
import { errorCode } from './layout.ts';

/**
 * Replaces a file so that after a crash or power cut it holds either the old content or the new, never a mixture:
 * write beside it, sync, rename over it, sync the directory. Mode 0600. These files are small and change when a person
 * changes something, so the calls are synchronous.
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
    const { size } = statSync(path);
    if (size > limitBytes) {
      throw new EngineExit(
        'damaged-state',
        `${path} has ${size} bytes where at most ${limitBytes} are expected; restore it from a backup or remove it.`,
      );
    }
    return readFileSync(path);
  } catch (error) {
    if (error instanceof EngineExit) throw error;
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new EngineExit(
      'directory-unusable',
      `The engine cannot read ${path} (${errorCode(error)}). Give its user permission to read it.`,
    );
  }
}
