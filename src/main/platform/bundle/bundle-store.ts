import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BundleArch, BundleDescription, bundleSignatureNamespace } from '../../../shared/engine-api/index.ts';
import { DeskError, fail } from '../../failure.ts';
import { verifySshsig } from './sshsig.ts';

export interface BundleStoreOptions {
  /** Holds one folder `linux-ARCH` for each bundle. */
  readonly directory: string;
  /** The key that signs our bundles, as a line of `authorized_keys`. It comes with the desk, never with a bundle. */
  readonly trustedKeyLine: string;
}

/** A bundle whose archive is whole and whose list of sums is signed by the trusted key. */
export interface VerifiedBundle {
  readonly description: BundleDescription;
  /** `SHA256SUMS` of the files inside; the same text is in the archive. */
  readonly sums: string;
  readonly trustedKeyLine: string;
  openArchive(): Readable;
}

const maxListBytes = 1 << 20;
const rebuildRemedy = 'Reinstall Belvedere, or build the engine bundle again.';

/** The engine bundles that this desk can install. */
export class BundleStore {
  readonly #options: BundleStoreOptions;

  constructor(options: BundleStoreOptions) {
    this.#options = options;
  }

  /** What is there; nothing is verified yet. */
  async list(): Promise<readonly BundleDescription[]> {
    const found = await Promise.all(BundleArch.options.map((arch) => this.#describe(arch)));
    return found.filter((description) => description !== undefined);
  }

  /** Fails with `bundle-missing`. */
  async describe(arch: BundleArch): Promise<BundleDescription> {
    const description = await this.#describe(arch);
    if (description !== undefined) return description;
    throw fail('bundle-missing', `This Belvedere brings no engine for ${arch} processors.`, rebuildRemedy);
  }

  /** Reads the whole archive once. Fails with `bundle-missing` or `bundle-damaged`. */
  async verify(arch: BundleArch, signal: AbortSignal): Promise<VerifiedBundle> {
    const description = await this.describe(arch);
    const { trustedKeyLine } = this.#options;
    const archivePath = join(this.#folder(arch), description.file);
    const sums = await this.#readList(arch, 'SHA256SUMS');
    const signature = await this.#readList(arch, 'SHA256SUMS.sig');
    const isSigned = verifySshsig({
      message: Buffer.from(sums, 'utf8'),
      signature,
      namespace: bundleSignatureNamespace,
      publicKeyLine: trustedKeyLine,
    });
    if (!isSigned) {
      throw fail(
        'bundle-damaged',
        `The engine bundle ${description.file} is not signed with the key that this Belvedere trusts.`,
        rebuildRemedy,
      );
    }
    if ((await hashFile(archivePath, signal)) !== description.sha256) {
      throw fail('bundle-damaged', `The engine bundle ${description.file} is damaged.`, rebuildRemedy);
    }
    return { description, sums, trustedKeyLine, openArchive: () => createReadStream(archivePath) };
  }

  async #describe(arch: BundleArch): Promise<BundleDescription | undefined> {
    const folder = this.#folder(arch);
    try {
      const text = await readFile(join(folder, 'bundle.json'), 'utf8');
      const description = BundleDescription.parse(JSON.parse(text));
      const { size } = await stat(join(folder, description.file));
      if (size === description.byteLength) return description;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw new DeskError(
        {
          code: 'bundle-damaged',
          message: `The description of the engine bundle for ${arch} is damaged.`,
          remedy: rebuildRemedy,
        },
        { cause: error },
      );
    }
    throw fail('bundle-damaged', `The engine bundle for ${arch} is not complete.`, rebuildRemedy);
  }

  async #readList(arch: BundleArch, name: string): Promise<string> {
    const path = join(this.#folder(arch), name);
    try {
      const { size } = await stat(path);
      if (size <= maxListBytes) return await readFile(path, 'utf8');
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    throw fail('bundle-damaged', `The engine bundle for ${arch} lacks a usable ${name}.`, rebuildRemedy);
  }

  #folder(arch: BundleArch): string {
    return join(this.#options.directory, `linux-${arch}`);
  }
}

async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest('hex');
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
