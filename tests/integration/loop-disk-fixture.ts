import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of its own: an ext4 file system in a file, which can be frozen, broken and taken away. */
export class LoopDisk implements Disposable {
  /** Where it is mounted. */
  readonly path: string;
  readonly #image: string;
  readonly #directory: string;
  #isMounted = false;
  #isFrozen = false;

  constructor(byteLength: number) {
    this.#directory = mkdtempSync(join(tmpdir(), 'belvedere-test-loop-'));
    this.#image = join(this.#directory, 'image');
    this.path = join(this.#directory, 'disk');
    const image = openSync(this.#image, 'w');
    ftruncateSync(image, byteLength);
    closeSync(image);
    run('mkfs.ext4', ['-q', '-m', '0', '-O', '^has_journal', this.#image]);
    run('mkdir', [this.path]);
    this.mount();
  }

  mount(): void {
    run('mount', ['-o', 'loop,noatime', this.#image, this.path]);
    this.#isMounted = true;
  }

  /** Leaves the empty mount point, unless a file is open there: who uses the disk looks at it all the time. */
  tryUnmount(): 'unmounted' | 'busy' {
    if (spawnSync('umount', [this.path], { stdio: 'ignore' }).status !== 0) return 'busy';
    this.#isMounted = false;
    return 'unmounted';
  }

  /** From now on everything that writes waits in the kernel. */
  freeze(): void {
    run('fsfreeze', ['--freeze', this.path]);
    this.#isFrozen = true;
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    run('fsfreeze', ['--unfreeze', this.path]);
    this.#isFrozen = false;
  }

  makeReadOnly(): void {
    run('mount', ['-o', 'remount,ro', this.path]);
  }

  makeWritable(): void {
    run('mount', ['-o', 'remount,rw', this.path]);
  }

  [Symbol.dispose](): void {
    this.thaw();
    if (this.#isMounted) run('umount', [this.path]);
    rmSync(this.#directory, { recursive: true });
  }
}

/** Why no such disk can be had, or nothing. */
export const loopDiskMissing: string | undefined = findObstacle();

function findObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can mount';
  try {
    using disk = new LoopDisk(4 * 1024 ** 2);
    disk.freeze();
    return undefined;
  } catch {
    return 'ext4 in a file cannot be mounted here';
  }
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'pipe' });
}
