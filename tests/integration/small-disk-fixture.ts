import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system in memory with this much room; unmounted when disposed. */
export async function mountSmallDisk(byteLength: number): Promise<{ path: string } & Disposable> {
  const path = await mkdtemp(join(tmpdir(), 'belvedere-test-disk-'));
  mount(path, byteLength);
  return {
    path,
    [Symbol.dispose]() {
      execFileSync('umount', [path]);
      rmSync(path, { recursive: true });
    },
  };
}

/** Why no small disk can be had, or nothing. */
export const smallDiskMissing: string | undefined = findObstacle();

function mount(path: string, byteLength: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${byteLength},mode=0700`, 'belvedere-test', path], {
    stdio: 'pipe',
  });
}

function findObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can mount';
  const path = join(tmpdir(), `belvedere-test-mount-${process.pid}`);
  mkdirSync(path);
  try {
    mount(path, 65_536);
    execFileSync('umount', [path]);
    return undefined;
  } catch {
    return 'mounting is not allowed here';
  } finally {
    rmSync(path, { recursive: true });
  }
}
