import { X509Certificate, generateKeyPairSync } from 'node:crypto';
import { certificatePin, selfSignedCertificatePem } from '../../src/engine/platform/certificate.ts';

/** A key and a self-signed certificate for a simulated camera, and the pin of the key. */
export function newCameraTls(): { readonly certificate: string; readonly key: string; readonly pin: string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = selfSignedCertificatePem(privateKey, Date.UTC(2001, 0, 1));
  return {
    certificate,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    pin: certificatePin(new X509Certificate(certificate)),
  };
}
