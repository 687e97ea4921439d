import { X509Certificate, createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { certificatePin, selfSignedCertificatePem } from '../../../../src/engine/platform/certificate.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function certificateMadeAt(utcMs: number): X509Certificate {
  return new X509Certificate(selfSignedCertificatePem(privateKey, utcMs));
}

describe('the self-signed certificate', () => {
  it('is an end-entity certificate of ten years for a TLS server, signed with its own key', () => {
    const certificate = certificateMadeAt(Date.UTC(2026, 4, 6, 7, 8, 9));
    expect({
      subject: certificate.subject,
      issuer: certificate.issuer,
      from: certificate.validFromDate.toISOString(),
      to: certificate.validToDate.toISOString(),
      isAuthority: certificate.ca,
      extendedKeyUsage: certificate.keyUsage,
      isSignedByItself: certificate.verify(createPublicKey(privateKey)),
      belongsToKey: certificate.checkPrivateKey(privateKey),
    }).toEqual({
      subject: 'CN=Belvedere engine',
      issuer: 'CN=Belvedere engine',
      from: '2026-05-05T07:08:09.000Z',
      to: '2036-05-06T07:08:09.000Z',
      isAuthority: false,
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'],
      isSignedByItself: true,
      belongsToKey: true,
    });
  });

  it('changes its form of time in 2050 (RFC 5280 §4.1.2.5)', () => {
    const certificate = certificateMadeAt(Date.UTC(2049, 11, 31, 23, 59, 59));
    expect([certificate.validFromDate.toISOString(), certificate.validToDate.toISOString()]).toEqual([
      '2049-12-30T23:59:59.000Z',
      '2059-12-31T23:59:59.000Z',
    ]);
  });

  it('has a serial number of its own each time', () => {
    const now = Date.UTC(2026, 0, 1);
    const serials = Array.from({ length: 50 }, () => certificateMadeAt(now).serialNumber);
    expect(new Set(serials).size).toBe(50);
  });
});

describe('the pin', () => {
  it('is the SHA-256 of the SubjectPublicKeyInfo and does not change with the certificate', () => {
    const expected = createHash('sha256')
      .update(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }))
      .digest('base64');
    expect([certificatePin(certificateMadeAt(0)), certificatePin(certificateMadeAt(1e12))]).toEqual([
      expected,
      expected,
    ]);
  });
});
