import { execFile } from 'node:child_process';
import { mkdir, open, readFile, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ballastName = '.ballast';
const chunkBytes = 1 << 20;

/** A real, small file system under the node's home, so that "full" means what it means on a real disk. Needs root. */
export async function mountDisk(directory: string, byteLength: number): Promise<void> {
  await unmountDisk(directory);
  await mkdir(directory, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `size=${byteLength},mode=0700`, 'belvedere-sim-node', directory]);
}

/** Nothing happens where nothing is mounted. */
export async function unmountDisk(directory: string): Promise<void> {
  if (await isMounted(directory)) await run('umount', ['--lazy', directory]);
}

async function isMounted(directory: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  return mounts.split('\n').some((line) => line.split(' ')[1] === directory);
}

/** Writes a file until no more than `leaveBytes` are free. */
export async function fillDisk(directory: string, leaveBytes: number): Promise<void> {
  await using file = await open(join(directory, ballastName), 'a');
  const chunk = Buffer.alloc(chunkBytes);
  for (;;) {
    const { bavail, bsize } = await statfs(directory);
    const excessBytes = bavail * bsize - leaveBytes;
    if (excessBytes <= 0) return;
    await file.write(chunk, 0, Math.min(excessBytes, chunkBytes));
  }
}

export async function freeDisk(directory: string): Promise<void> {
  await rm(join(directory, ballastName), { force: true });
}
