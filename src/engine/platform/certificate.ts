import {
  X509Certificate,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { makeFileOnce, readFileIfPresent } from './atomic-file.ts';
import {
  derBitString,
  derBoolean,
  derExplicit,
  derInteger,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derSet,
  derTime,
  derUtf8String,
} from './der.ts';
import { EngineExit } from './exit.ts';
import type { EngineLayout } from './layout.ts';

const LIFETIME_YEARS = 10;
/** Nodes start with clocks that are wrong; a certificate from the future would keep the desk out. */
const BACKDATE_MS = 24 * 3_600_000;
const PEM_LIMIT_BYTES = 65_536;

export interface EngineCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** See `certificatePin`. */
  readonly pin: string;
}

/**
 * The engine's self-signed certificate and its key (EC P-256), made once. Whoever talks to the engine trusts the public
 * key it learned at enrolment, not a name or an authority, so the certificate says nothing else.
 * Throws `EngineExit` when the files are damaged or do not belong together.
 */
export function readOrMakeCertificate(layout: EngineLayout, nowUtcMs: number): EngineCertificate {
  const privateKeyPem = (
    readFileIfPresent(layout.certificateKey, PEM_LIMIT_BYTES) ??
    makeFileOnce(layout.certificateKey, newPrivateKeyPem())
  ).toString('utf8');
  const damaged = new EngineExit(
    'damaged-state',
    `${layout.certificate} and ${layout.certificateKey} are damaged or do not belong together; restore both from one backup, or remove both and enrol the node again.`,
  );
  try {
    const privateKey = createPrivateKey(privateKeyPem);
    const certificatePem = (
      readFileIfPresent(layout.certificate, PEM_LIMIT_BYTES) ??
      makeFileOnce(layout.certificate, selfSignedCertificatePem(privateKey, nowUtcMs))
    ).toString('utf8');
    const certificate = new X509Certificate(certificatePem);
    if (!certificate.checkPrivateKey(privateKey)) throw damaged;
    return { certificatePem, privateKeyPem, pin: certificatePin(certificate) };
  } catch (error) {
    throw error instanceof EngineExit ? error : damaged;
  }
}

/** Base64 SHA-256 of the certificate's SubjectPublicKeyInfo (RFC 7469 §2.4). */
export function certificatePin(certificate: X509Certificate): string {
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

function newPrivateKeyPem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** X.509 v3, RFC 5280 §4.1, for a TLS server: ECDSA with SHA-256 (RFC 5758 §3.2), no authority. */
export function selfSignedCertificatePem(privateKey: KeyObject, nowUtcMs: number): string {
  const ecdsaWithSha256 = derSequence(derObjectIdentifier('1.2.840.10045.4.3.2'));
  const name = derSequence(
    derSet(derSequence(derObjectIdentifier('2.5.4.3'), derUtf8String('Belvedere engine'))),
  );
  const expiry = new Date(nowUtcMs);
  expiry.setUTCFullYear(expiry.getUTCFullYear() + LIFETIME_YEARS);
  const toBeSigned = derSequence(
    derExplicit(0, derInteger(Buffer.of(2))),
    // RFC 5280 §4.1.2.2: positive and at most 20 bytes.
    derInteger(randomBytes(16)),
    ecdsaWithSha256,
    name,
    derSequence(derTime(nowUtcMs - BACKDATE_MS), derTime(expiry.getTime())),
    name,
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    derExplicit(
      3,
      derSequence(
        // basicConstraints: not an authority. keyUsage: digitalSignature (bit 0). extendedKeyUsage: serverAuth.
        extension('2.5.29.19', derSequence()),
        extension('2.5.29.15', derBitString(Buffer.of(0x80), 7)),
        extension('2.5.29.37', derSequence(derObjectIdentifier('1.3.6.1.5.5.7.3.1'))),
      ),
    ),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const certificate = derSequence(toBeSigned, ecdsaWithSha256, derBitString(signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function extension(objectIdentifier: string, value: Uint8Array): Buffer {
  return derSequence(derObjectIdentifier(objectIdentifier), derBoolean(true), derOctetString(value));
}
