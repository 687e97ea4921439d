/** RTMP from the first byte to samples: handshake, chunks, messages, commands, FLV bodies. */
import { ChunkReader } from '../../../src/engine/rtmp/chunk-reader.ts';
import { ServerProtocol } from '../../../src/engine/rtmp/protocol.ts';
import { amf } from '../../../src/sim/rtmp/amf.ts';
import { chunked, messageTypes } from '../../../src/sim/rtmp/chunks.ts';
import type { ChunkOptions } from '../../../src/sim/rtmp/chunks.ts';
import type { FlvClip } from '../../../src/sim/rtmp/flv-bodies.ts';
import { promise } from '../target.ts';
import type { FuzzInput, FuzzTarget } from '../target.ts';
import { MAX_ACCESS_UNIT_BYTES, pushedClips, watchedReader } from './flv.ts';

const HANDSHAKE = Buffer.concat([Buffer.of(3), Buffer.alloc(2 * 1_536)]);
const LARGEST_MESSAGE_BYTES = 64 * 1024;
const MAXIMUM_CHUNK_STREAMS = 8;

export const rtmpTarget: FuzzTarget = {
  name: 'rtmp',
  async load() {
    const clips = await pushedClips();
    const sessions = clips.flatMap((clip) => [
      sessionOf(clip, { chunkBytes: 128, repeatsExtended: true }, 0),
      sessionOf(clip, { chunkBytes: 4_096, repeatsExtended: false }, 0xffffff - 50),
    ]);
    return [
      { name: 'session', shape: 'stream', corpus: sessions.map((session) => [session]), run: publish },
      {
        name: 'messages',
        shape: 'packets',
        corpus: sessions.map((session) => [HANDSHAKE, session.subarray(HANDSHAKE.length)]),
        run: publish,
      },
      {
        name: 'chunks',
        shape: 'stream',
        corpus: sessions.map((session) => [session.subarray(HANDSHAKE.length)]),
        run: readChunks,
      },
    ];
  },
};

/** What a publisher sends from connecting to its end. */
function sessionOf({ videoHeader, frames, sound }: FlvClip, options: ChunkOptions, start: number): Buffer {
  const initial = { chunkBytes: 128, repeatsExtended: options.repeatsExtended };
  const command = (payload: Buffer, type: number = messageTypes.command): Buffer =>
    chunked({ chunkStreamId: 3, type, streamId: 0, timestampMs: 0, payload }, options);
  const media = (kind: 'audio' | 'video', payload: Buffer, timestampMs: number): Buffer =>
    chunked(
      {
        chunkStreamId: kind === 'video' ? 6 : 4,
        type: messageTypes[kind],
        streamId: 1,
        timestampMs,
        payload,
      },
      options,
    );
  const chunkSize = Buffer.alloc(4);
  chunkSize.writeUInt32BE(options.chunkBytes);
  return Buffer.concat([
    HANDSHAKE,
    chunked(
      { chunkStreamId: 2, type: messageTypes.setChunkSize, streamId: 0, timestampMs: 0, payload: chunkSize },
      initial,
    ),
    command(amf('connect', 1, { app: 'live' })),
    command(amf('createStream', 2, null)),
    command(amf('publish', 3, null, 'gate?key=abcdefgh', 'live')),
    command(amf('@setDataFrame', 'onMetaData', { audiocodecid: 10 }), messageTypes.data),
    media('video', videoHeader, start),
    ...(sound?.header === undefined ? [] : [media('audio', sound.header, start)]),
    ...frames.flatMap(({ body }, index) => [
      media('video', body, start + index * 40),
      ...(sound?.units.slice(index, index + 1) ?? []).map((unit) => media('audio', unit, start + index * 40)),
    ]),
    command(amf('deleteStream', 4, null, 1)),
  ]);
}

function publish(input: FuzzInput): number {
  const { reader, units } = watchedReader();
  let commands = 0;
  let written = 0;
  let received = 0;
  const protocol = new ServerProtocol({
    events: {
      write: (bytes) => {
        written += bytes.byteLength;
      },
      onCommand: () => {
        commands += 1;
      },
      onData: (payload) =>
        promise(payload.byteLength <= LARGEST_MESSAGE_BYTES, 'Data is larger than allowed.'),
      mediaSink: (kind) => (commands > 0 ? reader[kind] : undefined),
    },
    randomBytes: (byteLength) => Buffer.alloc(byteLength, 7),
    maxAccessUnitBytes: MAX_ACCESS_UNIT_BYTES,
  });
  let fault: string | undefined;
  for (const [index, piece] of input.entries()) {
    received += piece.length;
    const next = protocol.push(piece, piece.length, index);
    promise(fault === undefined || next === fault, 'A fault was not final.');
    fault = next;
  }
  protocol.close();
  reader.release();
  promise(written <= 3_100 + received, 'What is answered grows beyond what is said.');
  return commands + units();
}

function readChunks(input: FuzzInput): number {
  let messages = 0;
  let open = 0;
  const reader = new ChunkReader({
    events: {
      onMessage: ({ byteLength, timestampMs, type }) => {
        messages += 1;
        open += 1;
        let missing = byteLength;
        promise(byteLength <= LARGEST_MESSAGE_BYTES, 'A message is larger than allowed.');
        promise(timestampMs >= 0 && timestampMs < 2 ** 32, 'A timestamp has no 32 bits.');
        return {
          push: (bytes, start, end) => {
            missing -= end - start;
            promise(start >= 0 && start < end && end <= bytes.length, 'A piece lies outside of what came.');
            promise(missing >= 0, 'A message is longer than it said.');
            if (type === messageTypes.setChunkSize && missing === 0)
              reader.setChunkBytes(bytes[end - 1] ?? 0);
          },
          end: () => {
            open -= 1;
            promise(missing === 0, 'A message is shorter than it said.');
          },
          abort: () => {
            open -= 1;
          },
        };
      },
    },
    largestMessageBytes: () => LARGEST_MESSAGE_BYTES,
    maximumChunkStreams: MAXIMUM_CHUNK_STREAMS,
  });
  for (const piece of input) {
    reader.push(piece, 0, piece.length);
    promise(
      open >= 0 && open <= MAXIMUM_CHUNK_STREAMS,
      'More messages are open than there are chunk streams.',
    );
  }
  reader.close();
  promise(open === 0, 'A closed connection leaves messages open.');
  return messages;
}
