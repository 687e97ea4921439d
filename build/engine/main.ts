import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { BundleArch, BundleDescription } from '../../src/shared/engine-api/index.ts';
import { assembleBundle } from './assemble.ts';
import { hashInputs } from './inputs.ts';
import { readSigningKey } from './signing-key.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** Without git and without SOURCE_DATE_EPOCH: the first moment that every archive format can tell. */
const FALLBACK_EPOCH_SECONDS = 315_532_800;

/** Builds one bundle. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      arch: { type: 'string', default: process.arch },
      output: { type: 'string', default: join(root, 'out', 'engine') },
      release: { type: 'boolean', default: false },
    },
  });
  const arch = BundleArch.safeParse(values.arch);
  if (!arch.success) {
    process.stderr.write(
      `There are bundles for x64 and arm64, not for ${values.arch}. Choose with --arch.\n`,
    );
    return 2;
  }
  try {
    await build({ arch: arch.data, output: resolve(values.output), release: values.release });
    return 0;
  } catch (error) {
    process.stderr.write(
      `The engine bundle was not built: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return 1;
  }
}

interface BuildOptions {
  readonly arch: BundleArch;
  readonly output: string;
  /** The plain version; without it a suffix tells one development build from another. */
  readonly release: boolean;
}

async function build({ arch, output, release }: BuildOptions): Promise<void> {
  const folder = join(output, `linux-${arch}`);
  const stampFile = join(folder, '.inputs');
  const key = readSigningKey(
    process.env['BELVEDERE_SIGNING_KEY_FILE'],
    join(root, 'out', 'engine', 'development-signing-key.pem'),
  );
  const sourceEpoch = process.env['SOURCE_DATE_EPOCH'];
  const inputs = hashInputs(root, [arch, String(release), key.publicKeyLine, sourceEpoch ?? '']);
  const existing = readDescription(folder);
  if (existing !== undefined && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === inputs) {
    process.stdout.write(`${existing.file} is up to date.\n`);
    return;
  }
  const bundle = await assembleBundle({
    root,
    arch,
    release,
    builtUtcSeconds: z.coerce
      .number()
      .int()
      .nonnegative()
      .parse(sourceEpoch ?? lastCommitUtcSeconds()),
    privateKey: key.privateKey,
  });
  const description: BundleDescription = {
    formatVersion: 1,
    file: `belvedere-engine-${bundle.version}-linux-${arch}.tgz`,
    version: bundle.version,
    arch,
    sha256: createHash('sha256').update(bundle.archive).digest('hex'),
    byteLength: bundle.archive.length,
  };
  // Made beside and put in place at the end: whoever reads the folder finds a whole bundle or none.
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  writeFileSync(join(fresh, description.file), bundle.archive);
  writeFileSync(join(fresh, 'SHA256SUMS'), bundle.sums);
  writeFileSync(join(fresh, 'SHA256SUMS.sig'), bundle.signature);
  writeFileSync(join(fresh, 'signing-key.pub'), key.publicKeyLine);
  writeFileSync(join(fresh, 'bundle.json'), `${JSON.stringify(description, undefined, 2)}\n`);
  writeFileSync(join(fresh, '.inputs'), inputs);
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  process.stdout.write(
    `${join(folder, description.file)} (${Math.round(description.byteLength / 1e6)} MB)\n`,
  );
}

function readDescription(folder: string): BundleDescription | undefined {
  const file = join(folder, 'bundle.json');
  if (!existsSync(file)) return undefined;
  const parsed = BundleDescription.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  return parsed.success && existsSync(join(folder, parsed.data.file)) ? parsed.data : undefined;
}

/** When the sources last changed in git. */
function lastCommitUtcSeconds(): number {
  try {
    const paths = ['src/engine', 'src/shared', 'package-lock.json'];
    const text = execFileSync('git', ['log', '-1', '--format=%ct', '--', ...paths], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return Number(text.trim()) || FALLBACK_EPOCH_SECONDS;
  } catch {
    return FALLBACK_EPOCH_SECONDS;
  }
}
