import { describe, expect, it } from 'vitest';
import { ChunkReader } from '../../../../src/engine/rtmp/chunk-reader.ts';
import { chunked } from '../../../../src/sim/rtmp/chunks.ts';
import { inPiecesOf, readChunks } from './reading-chunks.ts';
import type { ReadMessage } from './reading-chunks.ts';

const LATE = 0x01_23_45_67;

function message(timestampMs: number, text: string, chunkStreamId = 6): Parameters<typeof chunked>[0] {
  return { chunkStreamId, type: 9, streamId: 1, timestampMs, payload: Buffer.from(text) };
}

function read(timestampMs: number, payload: string, facts: Partial<ReadMessage> = {}): ReadMessage {
  return { type: 9, streamId: 1, timestampMs, payload, ...facts };
}

/** Hexadecimal, with spaces where they help. */
function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

describe('messages that are cut anywhere', () => {
  const texts = ['a', 'b'.repeat(127), 'c'.repeat(128), 'd'.repeat(129), 'e'.repeat(1_000)];

  it.each([128, 1, 4_096])('come whole with chunks of %i bytes', (chunkBytes) => {
    for (const start of [0, LATE]) {
      for (const repeatsExtended of [true, false]) {
        const stream = Buffer.concat(
          texts.map((text, index) =>
            chunked(message(start + index * 40, text), { chunkBytes, repeatsExtended }),
          ),
        );
        for (const pieceBytes of [1, 2, 3, 7, 100, 100_000]) {
          expect(readChunks(inPiecesOf(stream, pieceBytes), { chunkBytes })).toEqual({
            messages: texts.map((text, index) => read(start + index * 40, text)),
            fault: undefined,
          });
        }
      }
    }
  });
});

it('sorts the chunks of interleaved chunk streams', () => {
  const video = chunked(message(10, 'v'.repeat(300)), { chunkBytes: 128, repeatsExtended: true });
  const sound = chunked(message(12, 's'.repeat(100), 4), { chunkBytes: 128, repeatsExtended: true });
  const firstChunk = 12 + 128;
  const stream = [video.subarray(0, firstChunk), sound, video.subarray(firstChunk)];
  expect(readChunks(stream).messages).toEqual([read(12, 's'.repeat(100)), read(10, 'v'.repeat(300))]);
});

describe('headers that leave out what stays the same', () => {
  it('add steps to the time, and repeat the step before', () => {
    const stream = hex(
      ['06 000064 000002 09 01000000 6161', '46 000028 000001 08 62', '86 000014 63', 'c6 64', 'c6 65'].join(
        '',
      ),
    );
    expect(readChunks([stream]).messages).toEqual([
      read(100, 'aa'),
      read(140, 'b', { type: 8 }),
      read(160, 'c', { type: 8 }),
      read(180, 'd', { type: 8 }),
      read(200, 'e', { type: 8 }),
    ]);
  });

  it('repeat a time as a step at the start of a stream, and never one that would leap', () => {
    const early = hex('06 000028 000001 09 01000000 61 c6 62');
    const late = hex('06 100000 000001 09 01000000 61 c6 62');
    expect([readChunks([early]).messages, readChunks([late]).messages]).toEqual([
      [read(40, 'a'), read(80, 'b')],
      [read(0x100000, 'a'), read(0x100000, 'b')],
    ]);
  });

  it('wrap with the time', () => {
    const stream = hex('06 ffffff 000001 09 01000000 ffffffff 61 86 000005 62');
    expect(readChunks([stream]).messages).toEqual([read(2 ** 32 - 1, 'a'), read(4, 'b')]);
  });

  it('may begin a chunk stream without naming a message stream, as some do', () => {
    expect(readChunks([hex('46 000005 000001 09 61')])).toEqual({
      messages: [read(5, 'a', { streamId: 0 })],
      fault: undefined,
    });
  });

  it('cannot begin one without a length', () => {
    const faults = ['86 000005 61', 'c6 61'].map((text) => readChunks([hex(text)]).fault);
    expect(faults).toEqual(['unknown-chunk-stream', 'unknown-chunk-stream']);
  });
});

it('knows chunk streams of all three lengths of header', () => {
  const stream = hex(
    '00 10 000001 000001 09 01000000 61 01 0001 000002 000001 09 01000000 62 c0 10 63 c1 0001 64',
  );
  for (const pieceBytes of [1, 2, 100]) {
    expect(readChunks(inPiecesOf(stream, pieceBytes)).messages).toEqual([
      read(1, 'a'),
      read(2, 'b'),
      read(2, 'c'),
      read(4, 'd'),
    ]);
  }
});

it('passes messages without content, and gives up one that another header interrupts', () => {
  const stream = hex(
    '06 000001 000000 09 01000000 06 000002 0000c8 09 01000000' +
      '61'.repeat(128) +
      '06 000003 000001 09 01000000 62',
  );
  expect(readChunks([stream]).messages).toEqual([
    read(1, ''),
    read(2, 'a'.repeat(128), { isAborted: true }),
    read(3, 'b'),
  ]);
});

it('gives up what the peer aborts, and nothing twice', () => {
  const ended: string[] = [];
  const reader = new ChunkReader({
    events: {
      onMessage: () => ({
        push: () => undefined,
        end: () => void ended.push('end'),
        abort: () => void ended.push('abort'),
      }),
    },
    largestMessageBytes: () => 1_000,
  });
  const begun = hex('06 000002 0000c8 09 01000000' + '61'.repeat(128));
  reader.push(begun, 0, begun.length);
  for (const chunkStreamId of [4, 6, 6]) reader.abort(chunkStreamId);
  const next = hex('c6' + '61'.repeat(128) + 'c6' + '61'.repeat(72));
  reader.push(next, 0, next.length);
  reader.close();
  expect(ended).toEqual(['abort', 'end']);
});

it('ends at what passes its bounds', () => {
  const streams = Array.from({ length: 5 }, (_, index) =>
    chunked(message(0, 'a', 3 + index), { chunkBytes: 128, repeatsExtended: true }),
  );
  const reader = new ChunkReader({ events: { onMessage: () => undefined }, largestMessageBytes: () => 10 });
  reader.setChunkBytes(0);
  expect([
    readChunks(streams, { maximumChunkStreams: 4 }).fault,
    readChunks([chunked(message(0, 'a'.repeat(11)), { chunkBytes: 128, repeatsExtended: true })], {
      largestMessageBytes: 10,
    }).fault,
    reader.push(Buffer.alloc(1), 0, 1),
  ]).toEqual(['too-many-chunk-streams', 'message-too-large', 'chunk-size-out-of-range']);
});
