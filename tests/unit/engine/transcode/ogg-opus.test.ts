import { expect, it } from 'vitest';
import { OggOpusWriter } from '../../../../src/engine/transcode/ogg-opus.ts';
import { parseOggOpus } from '../../../../src/sim/clip/ogg.ts';

const track = { kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2, preSkip: 312 } as const;

it('writes what another reader of Ogg reads', () => {
  const writer = new OggOpusWriter();
  // The first byte names 20 ms of CELT; lengths at the edges of lacing.
  const packets = [1, 10, 254, 255, 256, 510, 1_275].map((length) => Buffer.alloc(length, 0xf8));
  const stream = Buffer.concat([writer.head(track), ...packets.map((packet) => writer.packet(packet))]);
  expect(parseOggOpus(stream)).toEqual(packets);
});

it('refuses what is too large for a page', () => {
  expect(() => new OggOpusWriter().packet(Buffer.alloc(65_025))).toThrow(RangeError);
});
