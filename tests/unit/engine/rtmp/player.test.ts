import { expect, it } from 'vitest';
import { MessageWriter } from '../../../../src/engine/rtmp/message.ts';
import { RtmpPlayer } from '../../../../src/engine/rtmp/player.ts';
import { liveCloseCodes } from '../../../../src/shared/engine-api/index.ts';
import { writeFlvHeader } from '../../../../src/engine/media/flv/index.ts';
import { parseAnswer } from '../../../../src/sim/rtmp/amf.ts';
import { readChunks } from './reading-chunks.ts';

const STREAM_ID = 1;
const CHUNK_BYTES = 1_000;

function tag(type: number, timestampMs: number, body: Buffer): Buffer {
  const header = Buffer.alloc(11);
  header.writeUInt8(type, 0);
  header.writeUIntBE(body.length, 1, 3);
  header.writeUIntBE(timestampMs & 0xffffff, 4, 3);
  header.writeUInt8(timestampMs >>> 24, 7);
  const end = Buffer.alloc(4);
  end.writeUInt32BE(11 + body.length);
  return Buffer.concat([header, body, end]);
}

function createPlayer() {
  const sent: Uint8Array[] = [];
  const events: string[] = [];
  const writer = new MessageWriter((bytes) => void sent.push(bytes));
  writer.announceChunkBytes(CHUNK_BYTES);
  sent.length = 0;
  const player = new RtmpPlayer(STREAM_ID, {
    writer,
    write: (pieces) => void sent.push(...pieces),
    bufferedBytes: () => 7,
    close: (reason) => void events.push(`close: ${reason}`),
    onTooSlow: () => void events.push('too slow'),
  });
  const messages = () => readChunks([Buffer.concat(sent.splice(0))], { chunkBytes: CHUNK_BYTES }).messages;
  return { player, sent, events, messages };
}

it('sends the bodies of tags as messages, from time 0, however many come at once', () => {
  const { player, messages } = createPlayer();
  const origin = 0x01_23_45_67;
  const key = Buffer.alloc(2_500, 0x61);
  player.send(writeFlvHeader({}));
  const preamble = messages();
  player.send(
    Buffer.concat([
      tag(18, origin, Buffer.from('metadata')),
      tag(9, origin, key),
      tag(8, origin + 20, Buffer.from('sound')),
    ]),
  );
  player.send(tag(9, origin + 0x01_00_00_00, key));
  player.start();

  expect(preamble.map(({ type }) => type)).toEqual([4, 20, 20, 18]);
  const codes = preamble
    .filter(({ type }) => type === 20)
    .map(({ payload }) => parseAnswer(Buffer.from(payload, 'latin1')).code);
  expect(codes).toEqual(['NetStream.Play.Reset', 'NetStream.Play.Start']);
  const streamId = STREAM_ID;
  expect(messages()).toEqual([
    { type: 18, streamId, timestampMs: 0, payload: 'metadata' },
    { type: 9, streamId, timestampMs: 0, payload: key.toString() },
    { type: 8, streamId, timestampMs: 20, payload: 'sound' },
    { type: 9, streamId, timestampMs: 0x01_00_00_00, payload: key.toString() },
  ]);
});

it('shares the bytes of a picture instead of copying them', () => {
  const { player, sent } = createPlayer();
  const made = tag(9, 0, Buffer.alloc(8_500));
  // In memory of its own: small buffers share theirs.
  const picture = Buffer.alloc(made.length);
  made.copy(picture);
  player.send(picture);
  const shared = sent.filter(({ buffer }) => buffer === picture.buffer);
  expect(shared.map(({ byteLength }) => byteLength)).toEqual([
    ...Array.from({ length: 8 }, () => 1_000),
    500,
  ]);
});

it('says why it ends, and counts who was too slow', () => {
  const { player, events, messages } = createPlayer();
  player.start();
  messages();
  player.close(liveCloseCodes.tooSlow, 'The connection is too slow for this stream.');
  expect(events).toEqual(['too slow', 'close: The connection is too slow for this stream.']);
  const [status, end] = messages();
  expect(parseAnswer(Buffer.from(status?.payload ?? '', 'latin1')).code).toBe('NetStream.Play.Stop');
  expect(end?.payload).toBe('\0\u0001\0\0\0\u0001');
  expect(player.bufferedBytes()).toBe(7);
});
