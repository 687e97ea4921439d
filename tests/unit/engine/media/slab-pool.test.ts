import { describe, expect, it } from 'vitest';
import { SampleSlab } from '../../../../src/engine/media/sample-slab.ts';
import { SlabPool } from '../../../../src/engine/media/slab-pool.ts';

const kibibyte = 1024;

function take(slab: SampleSlab, byteLength: number): Uint8Array {
  slab.append(Buffer.alloc(byteLength), 0, byteLength);
  return slab.take().data;
}

describe('SlabPool', () => {
  it('uses memory again when its last holder has released it', () => {
    const pool = new SlabPool({ maximumIdleBytes: 1024 * kibibyte });
    const first = pool.take(20_000);
    first.retain();
    first.release();
    const second = pool.take(20_000);
    expect(second.bytes).not.toBe(first.bytes);
    first.release();
    expect({ idleBytes: pool.idleBytes, byteLength: first.bytes.length }).toEqual({
      idleBytes: 32 * kibibyte,
      byteLength: 32 * kibibyte,
    });
    expect(pool.take(32 * kibibyte).bytes).toBe(first.bytes);
    expect(pool.idleBytes).toBe(0);
  });

  it('keeps no more idle memory than it may', () => {
    const pool = new SlabPool({ maximumIdleBytes: 40 * kibibyte });
    const slabs = [pool.take(16 * kibibyte), pool.take(16 * kibibyte), pool.take(16 * kibibyte)];
    for (const slab of slabs) slab.release();
    expect(pool.idleBytes).toBe(32 * kibibyte);
  });

  it('tells a holder that releases twice, even after the memory is used again', () => {
    const pool = new SlabPool({ maximumIdleBytes: 1024 * kibibyte });
    const slab = pool.take(1);
    slab.release();
    const next = pool.take(1);
    expect(next.bytes).toBe(slab.bytes);
    expect(() => slab.release()).toThrow('Memory was released more often than retained.');
    expect(() => slab.retain()).toThrow('Memory that was given back cannot be retained.');
    expect(() => next.release()).not.toThrow();
  });
});

describe('SampleSlab', () => {
  const limits = { limitBytes: 4 * 1024 * kibibyte, preferredBytes: 256 * kibibyte };

  it('takes small slabs for a small stream, larger ones when its samples grow, and no larger than preferred', () => {
    const slab = new SampleSlab(new SlabPool({ maximumIdleBytes: 0 }), limits);
    const sizes = [100, 20_000, 20_000, 30_000, 100_000, 300_000, 300_000].map(
      (byteLength) => take(slab, byteLength).buffer.byteLength / kibibyte,
    );
    expect(sizes).toEqual([16, 32, 64, 64, 128, 512, 512]);
  });

  it('moves a sample that outgrows its slab, and gives everything back at the end', () => {
    const pool = new SlabPool({ maximumIdleBytes: 64 * 1024 * kibibyte });
    const slab = new SampleSlab(pool, limits);
    const packet = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
    for (let index = 0; index < 700; index += 1) slab.append(packet, 0, packet.length);
    const { data } = slab.take();
    expect(Buffer.compare(data, Buffer.concat(Array.from({ length: 700 }, () => packet)))).toBe(0);
    slab.release();
    // 16, 32, ... 1024 KiB: each was needed once.
    expect(pool.idleBytes / kibibyte).toBe(16 + 32 + 64 + 128 + 256 + 512 + 1024);
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
