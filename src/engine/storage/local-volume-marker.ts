import { constants } from 'node:fs';
import { open, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './failure.ts';
import { markerFileName, VolumeIdentity, type MarkerReading, type VolumeMarker } from './volume-identity.ts';

/** A marker is a few hundred bytes; a file that is larger is none. */
const maximumBytes = 4096;

/** The marker of a volume in a directory. */
export function openLocalVolumeMarker(volumePath: string): VolumeMarker {
  const path = join(volumePath, markerFileName);
  return {
    async read() {
      try {
        return parse(await readStart(path));
      } catch (error) {
        const code = errorCode(error);
        if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
        return { kind: (await isDirectory(volumePath)) ? 'absent' : 'no-directory' };
      }
    },
    async write(identity) {
      const temporary = `${path}.new`;
      const { O_WRONLY, O_CREAT, O_TRUNC } = constants;
      const file = await open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o640);
      try {
        await file.writeFile(`${JSON.stringify(identity)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path).catch(async (error: unknown) => {
        await unlink(temporary);
        throw error;
      });
      const directory = await open(volumePath, 'r');
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    },
  };
}

async function readStart(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maximumBytes));
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function parse(text: string): MarkerReading {
  try {
    return { kind: 'present', identity: VolumeIdentity.parse(JSON.parse(text)) };
  } catch {
    return { kind: 'damaged' };
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}
