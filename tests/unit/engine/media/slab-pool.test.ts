import { describe, expect, it } from 'vitest';
import { SampleSlab } from '../../../../src/engine/media/sample-slab.ts';
import { regionBytes } from '../../../../src/engine/media/memory-region.ts';
import { SlabPool, type Slab } from '../../../../src/engine/media/slab-pool.ts';
import { mulberry32 } from '../recording/synthetic-stream.ts';

const kibibyte = 1024;
const seed = Math.floor(Math.random() * 2 ** 31);

function isSameMemory(one: Buffer, other: Buffer): boolean {
  return one.buffer === other.buffer && one.byteOffset === other.byteOffset;
}

function unexpected(): never {
  throw new Error('There is none.');
}

function take(slab: SampleSlab, byteLength: number): Uint8Array {
  slab.append(Buffer.alloc(byteLength), 0, byteLength);
  return slab.take().data;
}

describe('SlabPool', () => {
  it('uses memory again when its last holder has released it', () => {
    const pool = new SlabPool({ maximumIdleBytes: 0 });
    const first = pool.take(20_000);
    first.retain();
    first.release();
    const second = pool.take(20_000);
    expect(isSameMemory(first.bytes, second.bytes)).toBe(false);
    first.release();
    expect({ usedBytes: pool.usedBytes, byteLength: first.bytes.length }).toEqual({
      usedBytes: 32 * kibibyte,
      byteLength: 32 * kibibyte,
    });
    expect(isSameMemory(pool.take(32 * kibibyte).bytes, first.bytes)).toBe(true);
  });

  it('keeps what it needed at once lately, and lets go of the rest after a while', () => {
    const pool = new SlabPool({ maximumIdleBytes: regionBytes });
    const useAtOnce = (count: number): void => {
      const slabs = Array.from({ length: count }, () => pool.take(regionBytes));
      for (const slab of slabs) slab.release();
    };
    for (let round = 0; round < 1000; round += 1) useAtOnce(4);
    expect({ used: pool.usedBytes, idle: pool.idleBytes }).toEqual({ used: 0, idle: 4 * regionBytes });
    for (let round = 0; round < 5000; round += 1) useAtOnce(2);
    expect(pool.idleBytes).toBe(2 * regionBytes);
    for (let round = 0; round < 5000; round += 1) useAtOnce(1);
    expect(pool.idleBytes).toBe(regionBytes);
  });

  it('gives a slab larger than a region memory of its own', () => {
    const pool = new SlabPool({ maximumIdleBytes: 0 });
    const slab = pool.take(regionBytes + 1);
    expect(slab.bytes.byteLength).toBe(2 * regionBytes);
    slab.release();
    expect({ used: pool.usedBytes, idle: pool.idleBytes }).toEqual({ used: 0, idle: 0 });
  });

  it('tells a holder that releases twice, even after the memory is used again', () => {
    const pool = new SlabPool({ maximumIdleBytes: 1024 * kibibyte });
    const slab = pool.take(1);
    slab.release();
    const next = pool.take(1);
    expect(isSameMemory(next.bytes, slab.bytes)).toBe(true);
    expect(() => slab.release()).toThrow('Memory was released more often than retained.');
    expect(() => slab.retain()).toThrow('Memory that was given back cannot be retained.');
    expect(() => next.release()).not.toThrow();
  });

  it(`never gives memory to two holders, and gets all of it back (seed ${seed})`, () => {
    const pool = new SlabPool({ maximumIdleBytes: 0 });
    const random = mulberry32(seed);
    let damaged = 0;
    const held: { slab: Slab; mark: number }[] = [];
    for (let mark = 1; mark <= 4000; mark += 1) {
      if (held.length > 0 && random() < 0.5) {
        const [{ slab, mark: own } = unexpected()] = held.splice(Math.floor(random() * held.length), 1);
        if (!slab.bytes.every((byte) => byte === own % 251)) damaged += 1;
        slab.release();
      } else {
        const slab = pool.take(Math.ceil(2 ** (random() * 19)));
        slab.bytes.fill(mark % 251);
        held.push({ slab, mark });
      }
    }
    expect(damaged).toBe(0);
    expect(pool.usedBytes).toBe(held.reduce((sum, { slab }) => sum + slab.bytes.byteLength, 0));
    for (const { slab } of held) slab.release();
    expect(pool.usedBytes).toBe(0);
  });
});

describe('SampleSlab', () => {
  const limits = { limitBytes: 4 * 1024 * kibibyte, preferredBytes: 256 * kibibyte };

  it('takes small slabs for a small stream, larger ones when its samples grow, and no larger than preferred', () => {
    const pool = new SlabPool({ maximumIdleBytes: 0 });
    const slab = new SampleSlab(pool, limits);
    const sizes = [100, 20_000, 20_000, 30_000, 100_000, 300_000, 300_000].map((byteLength) => {
      take(slab, byteLength);
      return pool.usedBytes / kibibyte;
    });
    expect(sizes).toEqual([16, 32, 64, 64, 128, 512, 512]);
  });

  it('moves a sample that outgrows its slab, and gives everything back at the end', () => {
    const pool = new SlabPool({ maximumIdleBytes: 64 * 1024 * kibibyte });
    const slab = new SampleSlab(pool, limits);
    const packet = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
    for (let index = 0; index < 700; index += 1) slab.append(packet, 0, packet.length);
    const { data } = slab.take();
    expect(Buffer.compare(data, Buffer.concat(Array.from({ length: 700 }, () => packet)))).toBe(0);
    expect(pool.usedBytes).toBe(1024 * kibibyte);
    slab.release();
    expect(pool.usedBytes).toBe(0);
  });

  it('refuses a sample beyond its limit, and goes on with the next', () => {
    const slab = new SampleSlab(new SlabPool({ maximumIdleBytes: 0 }), {
      limitBytes: 10,
      preferredBytes: 10,
    });
    expect(slab.append(Buffer.alloc(8), 0, 8)).toBe(true);
    expect(slab.append(Buffer.alloc(3), 0, 3)).toBe(false);
    expect(slab.length).toBe(8);
    slab.truncate(0);
    expect(slab.append(Buffer.alloc(10, 7), 0, 10)).toBe(true);
    expect(slab.take().data).toEqual(Buffer.alloc(10, 7));
  });
});
