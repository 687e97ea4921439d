import { describe, expect, it } from 'vitest';

import { createIdentity } from '../../../../src/sim/camera/identity.ts';
import { addressAfter } from '../../../../src/sim/site/cameras.ts';

describe('addressAfter', () => {
  it('counts on over the last octet', () => {
    expect([addressAfter('127.20.0.1', 0), addressAfter('127.20.0.250', 10)]).toEqual([
      '127.20.0.1',
      '127.20.1.4',
    ]);
  });

  it.each(['10.0.0.1', '127.255.255.255', 'localhost', '127.0.1', '127.0.0.1.2'])(
    'refuses to leave loopback: %s',
    (first) => {
      expect(() => addressAfter(first, 1)).toThrow(RangeError);
    },
  );
});

const identity = (seed: number, index: number) =>
  createIdentity({ name: 'Roof', location: 'building', seed, index });

describe('createIdentity', () => {
  it('is the same for the same seed and index', () => {
    expect(identity(7, 3)).toEqual(identity(7, 3));
  });

  it('is another for every camera and every seed', () => {
    const all = [1, 2].flatMap((seed) => Array.from({ length: 100 }, (_, index) => identity(seed, index)));
    expect(new Set(all.map(({ endpointUuid }) => endpointUuid)).size).toBe(200);
    expect(new Set(all.map(({ serialNumber }) => serialNumber)).size).toBe(200);
    expect(new Set(all.map(({ manufacturer }) => manufacturer)).size).toBe(4);
  });

  it('has a UUID of version 8', () => {
    expect(identity(1, 1).endpointUuid).toMatch(
      /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    );
  });
});
