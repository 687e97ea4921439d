import { execFileSync } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { storedFile } from '../../src/engine/storage/stored-file.ts';
import { defaultGuardLimits, VolumeGuard } from '../../src/engine/storage/volume-guard.ts';
import { temporaryDirectory } from './recording-fixture.ts';

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const read: Uint8Array[] = [];
  for await (const chunk of chunks) read.push(chunk);
  return Buffer.concat(read);
}

describe('a stored file', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let guard: VolumeGuard;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    guard = new VolumeGuard({
      clock: createSystemClock(),
      limits: { ...defaultGuardLimits, hangAfterMs: 200 },
      events: { shouldWait: () => true, onHang: () => undefined, onAnswer: () => undefined },
    });
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  it('gives the bytes that are asked for, and fewer when it became shorter', async () => {
    const path = join(directory.path, 'segment.mp4');
    const content = Buffer.from(Uint8Array.from({ length: 700_000 }, (_, place) => place % 251));
    await writeFile(path, content);
    const file = storedFile({ path, byteLength: 800_000 }, guard);

    expect((await bytesOf(file.read({ first: 10, last: 699_999 }))).equals(content.subarray(10))).toBe(true);
    expect(await bytesOf(file.read({ first: 5, last: 5 }))).toEqual(Buffer.of(5));
    expect(await bytesOf(file.read({ first: 699_990, last: 799_999 }))).toHaveLength(10);
    const gone = storedFile({ path: `${path}.gone`, byteLength: 1 }, guard);
    await expect(bytesOf(gone.read({ first: 0, last: 0 }))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('of a volume that hangs costs a few threads, however many readers there are, and all are told', async () => {
    // Whoever opens a pipe to which nobody writes waits in the system.
    const path = join(directory.path, 'pipe');
    execFileSync('mkfifo', [path]);
    const readers = Array.from({ length: 20 }, () =>
      bytesOf(storedFile({ path, byteLength: 10 }, guard).read({ first: 0, last: 9 })),
    );

    const outcomes = await Promise.allSettled(readers);

    expect(outcomes).toEqual(
      readers.map(() => ({ status: 'rejected', reason: expect.objectContaining({ code: 'EHUNG' }) })),
    );
    await expect.poll(() => guard.stuckOperations).toBe(defaultGuardLimits.maximumOperations);
    await using pipe = await open(path, 'w');
    await expect.poll(() => guard.stuckOperations).toBe(0);
    await pipe.close();
  });
});
