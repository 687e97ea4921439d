import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineCommand } from '../integration/engine-process.ts';

/** Unpacks an engine bundle below the directory, and yields how its launcher is started. */
export async function unpackBundle(
  archive: string,
  { directory, sharesRuntime }: { readonly directory: string; readonly sharesRuntime: boolean },
): Promise<EngineCommand> {
  const releases = join(directory, 'releases');
  await mkdir(releases);
  execFileSync('tar', ['-xzf', archive, '-C', releases]);
  const [release = ''] = await readdir(releases);
  const runtime = join(releases, release, 'bin', 'node');
  if (sharesRuntime) {
    await rm(runtime);
    await symlink(process.execPath, runtime);
  }
  return { file: join(releases, release, 'bin', 'belvedere-engine'), args: [], environment: {} };
}
