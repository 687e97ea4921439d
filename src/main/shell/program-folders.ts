import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramFolders } from '../desk-protocol.ts';

const bundleFolders = ['linux-x64', 'linux-arm64'] as const;

/**
 * Where the parts of the program lie: in a checkout, or in an installed application whose large files are beside its
 * archive. The key that bundles must be signed with is inside the archive then; in a checkout it is the one that signed
 * the bundle built there.
 */
export function programFolders(
  rootDirectory: string,
  installation:
    | { readonly kind: 'checkout' }
    | { readonly kind: 'installed'; readonly resourcesDirectory: string },
): ProgramFolders {
  const bundlesDirectory =
    installation.kind === 'installed'
      ? join(installation.resourcesDirectory, 'engine')
      : join(rootDirectory, 'out', 'engine');
  return {
    pageDirectory: join(rootDirectory, 'out', 'renderer'),
    nodeFilesDirectory: join(rootDirectory, 'resources', 'node'),
    bundlesDirectory,
    trustedKeyPath:
      installation.kind === 'installed'
        ? join(rootDirectory, 'out', 'main', 'engine-signing-key.pub')
        : keyOfBuiltBundle(bundlesDirectory),
  };
}

function keyOfBuiltBundle(bundlesDirectory: string): string {
  const folder = bundleFolders.find((name) => existsSync(join(bundlesDirectory, name))) ?? bundleFolders[0];
  return join(bundlesDirectory, folder, 'signing-key.pub');
}
