import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { deriveKey, seal, unseal } from '../../../../../src/main/platform/vault/seal.ts';

const key = randomBytes(32);
const plain = Buffer.from('käse');

describe('sealing', () => {
  it('gives back what was sealed', () => {
    expect(unseal(key, seal(key, plain, 'name'), 'name')).toEqual(plain);
    expect(unseal(key, seal(key, Buffer.alloc(0), 'name'), 'name')).toEqual(Buffer.alloc(0));
  });

  it('never repeats a nonce', () => {
    expect(seal(key, plain, 'name')).not.toEqual(seal(key, plain, 'name'));
  });

  it('refuses another key, another name and every changed byte', () => {
    const sealed = seal(key, plain, 'name');
    expect(unseal(randomBytes(32), sealed, 'name')).toBeUndefined();
    expect(unseal(key, sealed, 'other')).toBeUndefined();
    for (const index of sealed.keys()) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      expect(unseal(key, changed, 'name')).toBeUndefined();
    }
    expect(unseal(key, sealed.subarray(0, 20), 'name')).toBeUndefined();
  });
});

it('derives keys by scrypt as RFC 7914 §12 says', async () => {
  const derived = await deriveKey('pleaseletmein', {
    salt: Buffer.from('SodiumChloride'),
    cost: 16384,
    blockSize: 8,
    parallelization: 1,
  });
  // The first 32 of the vector's 64 bytes: PBKDF2's blocks are independent of the length.
  expect(derived.toString('hex')).toBe('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2');
});
