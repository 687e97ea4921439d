// Builds the bundle that a node gets: the engine in one file, its native parts and its Node runtime, signed.
//
//   node build/engine-bundle.mjs [--arch x64|arm64] [--release] [--output FOLDER]
//
// The result lies in out/engine/linux-ARCH/. Nothing is done when the inputs are those of the last time.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

if (process.features.typescript) {
  const { main } = await import('./engine/main.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  // An older Node than the locked one was asked: hand over to that.
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const runtime = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  const result = spawnSync(runtime, process.argv.slice(1), { stdio: 'inherit' });
  process.exitCode = result.status ?? 1;
}
