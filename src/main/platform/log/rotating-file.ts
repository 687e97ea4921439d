import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';

export interface RotatingFileOptions {
  readonly path: string;
  /** A new file is begun before one would grow beyond this. */
  readonly maximumBytes: number;
  /** Older files kept beside it, as `NAME.1.EXT` (newest) and so on. */
  readonly keptFiles: number;
}

/**
 * A log file of bounded size. Lines are written at once, so that the last words before a crash are there. A disk that
 * takes no more is counted, never thrown: the log must not stop the work.
 */
export class RotatingFile implements Disposable {
  readonly #options: RotatingFileOptions;
  #descriptor: number;
  #byteLength: number;
  #lostLines = 0;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
    this.#descriptor = openSync(options.path, 'a', 0o600);
    this.#byteLength = fstatSync(this.#descriptor).size;
    if (this.#byteLength > 0) this.#rotate();
  }

  /** Lines that the disk refused since the start. */
  get lostLines(): number {
    return this.#lostLines;
  }

  write(line: string): void {
    try {
      const bytes = Buffer.from(line);
      if (this.#byteLength > 0 && this.#byteLength + bytes.length > this.#options.maximumBytes)
        this.#rotate();
      writeSync(this.#descriptor, bytes);
      this.#byteLength += bytes.length;
    } catch {
      this.#lostLines += 1;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }

  #rotate(): void {
    const { path, keptFiles } = this.#options;
    closeSync(this.#descriptor);
    rmSync(this.#kept(keptFiles), { force: true });
    for (let age = keptFiles - 1; age >= 0; age -= 1) {
      try {
        renameSync(this.#kept(age), this.#kept(age + 1));
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    this.#descriptor = openSync(path, 'a', 0o600);
    this.#byteLength = 0;
  }

  #kept(age: number): string {
    const { dir, name, ext } = parse(this.#options.path);
    return age === 0 ? this.#options.path : join(dir, `${name}.${age}${ext}`);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
