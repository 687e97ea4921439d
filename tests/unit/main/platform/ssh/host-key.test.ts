import { expect, it } from 'vitest';
import { algorithmOf, bannerOf, fingerprintOf } from '../../../../../src/main/platform/ssh/host-key.ts';

// Made with ssh-keygen; fingerprint from `ssh-keygen -lf`.
const blob = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIKaDWVfjDFKKdi9ZRw4XyW3N3sVBHB8OgTDtfLtG6/p4', 'base64');

it('shows fingerprints as OpenSSH does', () => {
  expect({ fingerprint: fingerprintOf(blob), algorithm: algorithmOf(blob) }).toEqual({
    fingerprint: 'SHA256:s7068+KJ+3vkpyw1oGYzJbwjPsBUqtKEQ1PBIvThfwA',
    algorithm: 'ssh-ed25519',
  });
});

it('does not trust the length that a broken key claims', () => {
  expect(
    [Buffer.alloc(0), Buffer.from('ffffffff', 'hex'), Buffer.from('00000003000102', 'hex')].map(algorithmOf),
  ).toEqual(['unknown', 'unknown', 'unknown']);
});

it('finds the identification string among other lines and drops what could steer a terminal', () => {
  expect(bannerOf('Welcome\r\nSSH-2.0-OpenSSH_9.2p1 \u001B[31mDebian\r\n')).toBe(
    'SSH-2.0-OpenSSH_9.2p1 [31mDebian',
  );
  expect(bannerOf('HTTP/1.1 400 Bad Request\r\n')).toBe('');
  expect(bannerOf(`SSH-2.0-${'x'.repeat(400)}`)).toHaveLength(255);
});
