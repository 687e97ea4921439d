import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { BundleManifest } from '../../shared/engine-api/index.ts';
import { readFileIfPresent } from './atomic-file.ts';
import { EngineExit } from './exit.ts';
import { parseJson } from './state-file.ts';

const MANIFEST_LIMIT_BYTES = 1_048_576;
const Package = z.object({ version: z.string() });

/** The version of this engine: from the bundle's manifest when it runs from a bundle, from package.json when from source. */
export function releaseVersion(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const manifest = readFileIfPresent(join(here, '..', 'manifest.json'), MANIFEST_LIMIT_BYTES);
  if (manifest !== undefined) return BundleManifest.parse(parseJson(manifest.toString('utf8'))).version;
  const packageFile = readFileIfPresent(join(here, '..', '..', '..', 'package.json'), MANIFEST_LIMIT_BYTES);
  const parsed = Package.safeParse(parseJson(packageFile?.toString('utf8') ?? ''));
  if (!parsed.success) {
    throw new EngineExit(
      'damaged-state',
      `This release has no manifest.json beside ${here}; unpack the bundle again.`,
    );
  }
  return parsed.data.version;
}
