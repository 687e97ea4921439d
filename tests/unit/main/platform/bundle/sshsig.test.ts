import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifySshsig } from '../../../../../src/main/platform/bundle/sshsig.ts';

// Made with ssh-keygen -Y sign (OpenSSH 9.2).
const publicKeyLine =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFRlxqm7wbUH03ZlSeTsO00Z7237KQssrmwJ7tCOjTZQ belvedere test key';
const otherKeyLine = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOUzo8ddwqBhH3GWd3+a1NUqLnUn1FxAzqIbT0YX6R04 other';
const message = Buffer.from(
  '98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4  lib/engine.mjs\n',
);
const signature = `-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgVGXGqbvBtQfTdmVJ5Ow7TRnvbf
spCyyubAnu0I6NNlAAAAAQYmVsdmVkZXJlLWJ1bmRsZQAAAAAAAAAGc2hhNTEyAAAAUwAA
AAtzc2gtZWQyNTUxOQAAAEArQdM6coEcSRHq6oN1cPfqOfGVbsAZxSZ7a7/AYV3wNmUMsc
mZ6ayikgqPL3xqFllzbzNPODICQwnSBAR0z6EG
-----END SSH SIGNATURE-----
`;
const sha256Signature = `-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgVGXGqbvBtQfTdmVJ5Ow7TRnvbf
spCyyubAnu0I6NNlAAAAAQYmVsdmVkZXJlLWJ1bmRsZQAAAAAAAAAGc2hhMjU2AAAAUwAA
AAtzc2gtZWQyNTUxOQAAAEA7pnVvSeelN9kTJ23/p9ql4bAJB241tZ7QpiCkfBPv4QykMv
H7EFA4xRVuoclmgnu+RY2EjjRh+zsOScKGO58C
-----END SSH SIGNATURE-----
`;
const otherNamespaceSignature = `-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgVGXGqbvBtQfTdmVJ5Ow7TRnvbf
spCyyubAnu0I6NNlAAAAAEZmlsZQAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQyNTUx
OQAAAEAq5kHtNIucCHmIzaqKcQGSImOLgphl5NmHhesND3SasAUp1YdHJNhul22xICaN5B
tFNazuwl6DIAn3iLptZwsK
-----END SSH SIGNATURE-----
`;
const namespace = 'belvedere-bundle';
const signed = { message, signature, namespace, publicKeyLine };

it('accepts what ssh-keygen signed', () => {
  expect(verifySshsig(signed)).toBe(true);
  expect(verifySshsig({ ...signed, signature: sha256Signature })).toBe(true);
  expect(verifySshsig({ ...signed, signature: signature.replaceAll('\n', '\r\n') })).toBe(true);
});

describe('refuses', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  it.for([
    ['another message', { message: Buffer.from(`${message.toString()} `) }],
    ['another key', { publicKeyLine: otherKeyLine }],
    ['another purpose', { namespace: 'file' }],
    ['a signature for another purpose', { signature: otherNamespaceSignature }],
    ['no signature', { signature: '' }],
    ['garbage in armor', { signature: signature.replace('U1NIU0lH', 'AAAAAAAA') }],
    ['a signature that is cut off', { signature: signature.replace(/.{12}\n(?=-----END)/, '\n') }],
    ['something behind the signature', { signature: signature.replace('\n-----END', '\nAAAA\n-----END') }],
    ['a signature that is much too long', { signature: signature.replace('\n', `\n${'A'.repeat(10_000)}`) }],
    [
      'a key of another kind',
      { publicKeyLine: `ssh-rsa ${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}` },
    ],
    ['an empty key', { publicKeyLine: '' }],
    ['a key that is cut off', { publicKeyLine: publicKeyLine.slice(0, 60) }],
  ] as const)('%s', ([, change]) => {
    expect(verifySshsig({ ...signed, ...change })).toBe(false);
  });

  it('every signature with one bit flipped', () => {
    const blob = Buffer.from(signature.split('\n').slice(1, -2).join(''), 'base64');
    const accepted: number[] = [];
    for (let bit = 0; bit < blob.length * 8; bit += 1) {
      const flipped = Buffer.from(blob);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const armored = `-----BEGIN SSH SIGNATURE-----\n${flipped.toString('base64')}\n-----END SSH SIGNATURE-----\n`;
      if (verifySshsig({ ...signed, signature: armored })) accepted.push(bit);
    }
    expect(accepted).toEqual([]);
  });
});
