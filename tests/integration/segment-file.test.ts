import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { allocatePages } from '../../src/engine/media/page-memory.ts';
import { openLocalVolume } from '../../src/engine/storage/local-volume.ts';
import { mulberry32 } from '../unit/engine/recording/synthetic-stream.ts';

const block = 4096;
let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'belvedere-segment-file-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Whether the file system of the temporary directory does direct I/O, asked in another way than the volume does. */
async function doesDirectIo(): Promise<boolean> {
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_DIRECT;
    await (await open(join(directory, 'probe'), flags)).close();
    return true;
  } catch {
    return false;
  }
}

/** Size and type of every box, and whether a `free` box has nothing but zeros. */
function boxesOf(bytes: Buffer): { type: string; byteLength: number; isBlank: boolean }[] {
  const boxes = [];
  for (let at = 0; at < bytes.byteLength;) {
    const byteLength = bytes.readUInt32BE(at);
    const payload = bytes.subarray(at + 8, at + byteLength);
    boxes.push({
      type: bytes.toString('latin1', at + 4, at + 8),
      byteLength,
      isBlank: payload.every((byte) => byte === 0),
    });
    at += byteLength;
  }
  return boxes;
}

/** A box with a payload in two chunks, as a part has its header and its samples apart. */
function boxIn(chunkCount: number, byteLength: number): Uint8Array[] {
  const bytes = Buffer.alloc(byteLength, 0xa5);
  bytes.writeUInt32BE(byteLength, 0);
  bytes.write('mdat', 4, 'latin1');
  const size = Math.ceil(byteLength / chunkCount);
  return Array.from({ length: chunkCount }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

test.for([
  { byteLength: block, filled: block },
  { byteLength: block - 8, filled: block },
  // No box is smaller than its header: a block more.
  { byteLength: block - 7, filled: 2 * block },
  { byteLength: block - 1, filled: 2 * block },
  { byteLength: block + 1, filled: 2 * block },
  { byteLength: 500_000, filled: 503_808 },
  // The size of the buffers, and around it.
  { byteLength: 512 * 1024 - block, filled: 512 * 1024 - block },
  { byteLength: 512 * 1024 - 3, filled: 512 * 1024 + block },
  { byteLength: 512 * 1024, filled: 512 * 1024 },
  { byteLength: 3_333_333, filled: 3_334_144 },
])(
  'an append of $byteLength bytes is filled up to whole blocks with a blank box',
  async (append, { skip }) => {
    if (!(await doesDirectIo())) skip('the file system of the temporary directory does no direct I/O');
    const file = await openLocalVolume(directory).create('camera/a.mp4');
    // Something of before must not show in what is filled up.
    const before = await file.append(boxIn(1, 1024 * 1024 + 17));
    const grown = await file.append(boxIn(7, append.byteLength));
    await file.sync();
    await file.close();

    expect(grown).toBe(append.filled);
    const bytes = await readFile(join(directory, 'camera/a.mp4'));
    expect(bytes.byteLength).toBe(before + grown);
    const rest = append.filled - append.byteLength;
    const filling = rest === 0 ? [] : [{ type: 'free', byteLength: rest, isBlank: true }];
    expect(boxesOf(bytes.subarray(before))).toEqual([
      { type: 'mdat', byteLength: append.byteLength, isBlank: false },
      ...filling,
    ]);
    expect(
      bytes.subarray(before, before + append.byteLength).equals(Buffer.concat(boxIn(1, append.byteLength))),
    ).toBe(true);
  },
);

test('what lies in memory as it will in the file is written from there, and nothing of its neighbours', async ({
  skip,
}) => {
  if (!(await doesDirectIo())) skip('the file system of the temporary directory does no direct I/O');
  const seed = Number(process.env['BELVEDERE_TEST_SEED'] ?? randomInt(2 ** 31));
  const random = mulberry32(seed);
  const memory = Buffer.from(allocatePages(4 * 1024 ** 2));
  for (let at = 0; at < memory.byteLength; at += 4) memory.writeUInt32BE(Math.floor(random() * 2 ** 32), at);
  const file = await openLocalVolume(directory).create('a.mp4');
  const expected: Buffer[] = [];
  for (let round = 0; round < 40; round += 1) {
    const chunks = [Buffer.alloc(8)];
    for (let count = Math.floor(random() * 5); count >= 0; count -= 1) {
      // Half of them as far into a page as into a block of the file.
      const into = Buffer.concat(chunks).byteLength % block;
      const start =
        block * Math.floor(random() * 500) + (random() < 0.5 ? into : Math.floor(random() * block));
      chunks.push(memory.subarray(start, start + Math.floor(random() * 300_000)));
    }
    const box = chunks[0] ?? Buffer.alloc(8);
    box.writeUInt32BE(Buffer.concat(chunks).byteLength, 0);
    box.write('mdat', 4, 'latin1');
    await file.append(chunks);
    expected.push(Buffer.concat(chunks));
  }
  await file.close();
  const bytes = await readFile(join(directory, 'a.mp4'));
  let at = 0;
  for (const [round, box] of expected.entries()) {
    const isSame = bytes.subarray(at, at + box.byteLength).equals(box);
    expect({ seed, round, isSame }).toEqual({ seed, round, isSame: true });
    at += box.byteLength;
    const filling = boxesOf(bytes.subarray(at, at + bytes.readUInt32BE(at)))[0];
    if (filling?.type !== 'free') continue;
    expect({ seed, round, isBlank: filling.isBlank }).toEqual({ seed, round, isBlank: true });
    at += filling.byteLength;
  }
  expect(at).toBe(bytes.byteLength);
});

test('appends of many files at once all arrive, more than there are buffers', async () => {
  const volume = openLocalVolume(directory);
  const lengths = Array.from({ length: 24 }, (_, index) => 10_000 + index * 90_001);
  await Promise.all(
    lengths.map(async (byteLength, index) => {
      const file = await volume.create(`camera-${index}/a.mp4`);
      await file.append(boxIn(3, byteLength));
      await file.append(boxIn(2, 100));
      await file.close();
    }),
  );
  const found = await Promise.all(
    lengths.map(async (_, index) => {
      const boxes = boxesOf(await readFile(join(directory, `camera-${index}/a.mp4`)));
      return boxes.filter(({ type }) => type === 'mdat').map(({ byteLength }) => byteLength);
    }),
  );
  expect(found).toEqual(lengths.map((byteLength) => [byteLength, 100]));
});

test('through the page cache nothing is filled up', async () => {
  const file = await openLocalVolume(directory, { writing: 'buffered' }).create('a.mp4');
  expect(await file.append(boxIn(3, 1001))).toBe(1001);
  expect(await file.append(boxIn(3, 500))).toBe(500);
  await file.truncate(1001);
  expect(await file.append(boxIn(1, 20))).toBe(20);
  await file.close();
  expect(boxesOf(await readFile(join(directory, 'a.mp4')))).toMatchObject([
    { type: 'mdat', byteLength: 1001 },
    { type: 'mdat', byteLength: 20 },
  ]);
});

test('a file cut back to where an append ended goes on there', async () => {
  const file = await openLocalVolume(directory).create('a.mp4');
  const first = await file.append(boxIn(1, 5000));
  await file.append(boxIn(1, 7000));
  await file.truncate(first);
  await file.append(boxIn(1, 300));
  await file.close();
  const boxes = boxesOf(await readFile(join(directory, 'a.mp4')));
  expect(boxes.filter(({ type }) => type === 'mdat').map(({ byteLength }) => byteLength)).toEqual([
    5000, 300,
  ]);
});

test('a file system in memory, with direct I/O or without, takes the footage too', async ({ skip }) => {
  const memory = await mkdtemp('/dev/shm/belvedere-').catch(() => undefined);
  if (memory === undefined) return skip('there is no /dev/shm to write to');
  try {
    const file = await openLocalVolume(memory).create('a.mp4');
    await file.append(boxIn(1, 5000));
    await file.close();
    expect(boxesOf(await readFile(join(memory, 'a.mp4')))[0]).toEqual({
      type: 'mdat',
      byteLength: 5000,
      isBlank: false,
    });
  } finally {
    await rm(memory, { recursive: true });
  }
});

test('a disk with room for a part of a block only is a full one, not one to be asked for ever', async ({
  skip,
}) => {
  if (!(await doesDirectIo())) skip('the file system of the temporary directory does no direct I/O');
  const program = `
    import { openLocalVolume } from ${JSON.stringify(new URL('../../src/engine/storage/local-volume.ts', import.meta.url).href)};
    const file = await openLocalVolume(${JSON.stringify(directory)}).create('a.mp4');
    await file.append([new Uint8Array(20_000)]).then(
      () => console.log('taken'),
      (error) => console.log(error.code),
    );
    await file.close();
  `;
  // The shell counts in blocks of 512 bytes or of 1024: neither 9 nor 4.5 KiB are whole blocks of 4 KiB.
  const answer = await promisify(execFile)(
    'sh',
    ['-c', 'ulimit -f 9; exec "$0" --input-type=module -e "$1"', process.execPath, program],
    { timeout: 20_000 },
  );
  expect(answer.stdout.trim()).toBe('ENOSPC');
});
