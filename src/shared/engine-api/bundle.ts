import { z } from 'zod';

export const BundleArch = z.enum(['x64', 'arm64']);
export type BundleArch = z.infer<typeof BundleArch>;

/** `1.4.0`, or `1.4.0+3f9a01c2` for a development build, whose suffix is a hash of the bundle's content. */
export const EngineVersion = z
  .string()
  .max(64)
  .regex(/^\d+\.\d+\.\d+(-[0-9a-z.-]+)?(\+[0-9a-f]{8})?$/, 'a version such as 1.4.0 or 1.4.0+3f9a01c2');

export const Sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hexadecimal');

/** A relative path of plain segments: a file of a bundle cannot name a place outside it. */
export const BundlePath = z
  .string()
  .max(200)
  .regex(/^(?!\.)[A-Za-z0-9._-]+(\/(?!\.)[A-Za-z0-9._-]+)*$/, 'a relative path inside the bundle');

/**
 * `manifest.json` in a bundle: what it is and what is in it. Its own sum stands in `SHA256SUMS`, which is the one file
 * that is signed (`SHA256SUMS.sig`, SSHSIG, namespace `bundleSignatureNamespace`).
 */
export const BundleManifest = z.object({
  formatVersion: z.literal(1),
  name: z.literal('belvedere-engine'),
  version: EngineVersion,
  arch: BundleArch,
  /** ISO 8601 UTC: of the source, not of the build, so that equal sources give equal bundles. */
  builtAt: z.iso.datetime(),
  files: z
    .array(
      z.object({
        path: BundlePath,
        sha256: Sha256Hex,
        byteLength: z.int().nonnegative(),
        executable: z.boolean(),
      }),
    )
    .max(1000),
});
export type BundleManifest = z.infer<typeof BundleManifest>;

/** `bundle.json` beside a bundle: which file to send to a node, before anything is unpacked. */
export const BundleDescription = z.object({
  formatVersion: z.literal(1),
  /** Name of the archive, in the same folder. All its entries lie below one folder of the name `belvedere-engine-VERSION`. */
  file: z.string().regex(/^belvedere-engine-[0-9A-Za-z.+-]+\.tgz$/),
  version: EngineVersion,
  arch: BundleArch,
  /** Of the archive. */
  sha256: Sha256Hex,
  byteLength: z.int().positive(),
});
export type BundleDescription = z.infer<typeof BundleDescription>;

/** What a bundle's signature is for (`ssh-keygen -Y verify -n`): a signature made for anything else is refused. */
export const bundleSignatureNamespace = 'belvedere-bundle';

/** Who signed it, in `allowed_signers` (`ssh-keygen -Y verify -I`). */
export const bundleSignerIdentity = 'belvedere';
