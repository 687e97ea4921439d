import { describe, expect, it } from 'vitest';
import { AdtsReader } from '../../../../src/engine/transcode/adts.ts';
import { mulberry32 } from '../recording/synthetic-stream.ts';

function frame(payload: readonly number[], hasChecksum = false): Buffer {
  const headerBytes = hasChecksum ? 9 : 7;
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(hasChecksum ? 0xfff0 : 0xfff1);
  header[2] = 0x60;
  header.writeUIntBE((headerBytes + payload.length) << 5, 3, 3);
  return Buffer.concat([header, Buffer.from(payload)]);
}

describe('an ADTS stream', () => {
  const payloads = [[1], [2, 3], [], Array.from({ length: 700 }, (_, index) => index & 0xff)];
  const stream = Buffer.concat(payloads.map((payload, index) => frame(payload, index % 2 === 1)));

  it.each([1, 2, 7, 100, 10_000])(
    'is cut into frames, whatever pieces of %i bytes it comes in',
    (pieceBytes) => {
      const reader = new AdtsReader();
      const frames: number[][] = [];
      for (let offset = 0; offset < stream.byteLength; offset += pieceBytes) {
        const some = reader.push(stream.subarray(offset, offset + pieceBytes));
        frames.push(...(some ?? []).map((bytes) => [...bytes]));
      }
      expect(frames).toEqual(payloads);
    },
  );

  it('is not taken for one when it is none, nor when a frame is shorter than its header', () => {
    expect(new AdtsReader().push(Buffer.from('this is text'))).toBeUndefined();
    const short = frame([]);
    short.writeUIntBE(3 << 5, 3, 3);
    expect(new AdtsReader().push(short)).toBeUndefined();
  });

  it('ends well or is refused, whatever comes', () => {
    const seed = 20_261_121;
    const random = mulberry32(seed);
    for (let run = 0; run < 500; run += 1) {
      const damaged = Buffer.from(stream);
      for (let hit = 0; hit < 4; hit += 1) damaged[Math.floor(random() * 40)] = Math.floor(random() * 256);
      const frames = new AdtsReader().push(damaged) ?? [];
      const taken = frames.reduce((sum, { byteLength }) => sum + byteLength, 0);
      expect(taken, `seed ${seed}, run ${run}`).toBeLessThanOrEqual(damaged.byteLength);
    }
  });
});
