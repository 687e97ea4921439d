import { describe, expect, it } from 'vitest';
import { ServerProtocol } from '../../../../src/engine/rtmp/protocol.ts';
import type { ProtocolFault } from '../../../../src/engine/rtmp/protocol.ts';
import { amf } from '../../../../src/sim/rtmp/amf.ts';
import { chunked, MessageReader, messageTypes } from '../../../../src/sim/rtmp/chunks.ts';

const HANDSHAKE = Buffer.concat([Buffer.of(3), Buffer.alloc(2 * 1_536)]);
const chunking = { chunkBytes: 128, repeatsExtended: true } as const;

interface Conversation {
  readonly protocol: ServerProtocol;
  /** Messages to the protocol; the answer is what it makes of them. */
  readonly say: (...messages: readonly Buffer[]) => ProtocolFault | undefined;
  /** What it has written since it was asked last. */
  readonly heard: () => readonly string[];
  readonly events: string[];
}

function converse(takesMedia = true): Conversation {
  const reader = new MessageReader();
  const written: Uint8Array[] = [];
  const events: string[] = [];
  const sink = (kind: string) => ({
    begin: ({ byteLength, timestampMs }: { byteLength: number; timestampMs: number }) =>
      void events.push(`${kind} of ${byteLength} at ${timestampMs}`),
    push: () => undefined,
    end: () => void events.push(`end of ${kind}`),
    abort: () => void events.push(`abort of ${kind}`),
  });
  const sinks = { audio: sink('audio'), video: sink('video') };
  const protocol = new ServerProtocol({
    events: {
      write: (bytes) => void written.push(bytes),
      onCommand: (command, streamId) => void events.push(`${JSON.stringify(command)} on ${streamId}`),
      onData: (payload) => void events.push(`data of ${payload.length}`),
      mediaSink: (kind) => (takesMedia ? sinks[kind] : undefined),
    },
    randomBytes: (byteLength) => Buffer.alloc(byteLength),
    maxAccessUnitBytes: 1_000_000,
  });
  protocol.push(HANDSHAKE, HANDSHAKE.length, 0);
  written.length = 0;
  return {
    protocol,
    events,
    say(...messages) {
      const bytes = Buffer.concat(messages);
      return protocol.push(bytes, bytes.length, 0);
    },
    heard() {
      const messages = reader.push(Buffer.concat(written.splice(0)));
      return messages.map(({ type, payload }) => `${type}: ${payload.toString('hex')}`);
    },
  };
}

function message(type: number, payload: Buffer, chunkStreamId = 3): Buffer {
  return chunked({ chunkStreamId, type, streamId: 0, timestampMs: 0, payload }, chunking);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

describe('commands', () => {
  it('are understood in AMF 0, and in what is called AMF 3', () => {
    const { say, events } = converse();
    const publish = amf('publish', 5, null, 'gate', 'live');
    const faults = [
      say(message(messageTypes.command, amf('connect', 1, { app: 'live' }))),
      say(message(17, Buffer.concat([Buffer.of(0), publish]))),
      say(message(messageTypes.data, amf('onMetaData', { audiocodecid: 10 }))),
      say(message(messageTypes.command, amf('_checkbw', 2, null))),
    ];
    expect({ faults, events }).toEqual({
      faults: [undefined, undefined, undefined, undefined],
      events: [
        '{"kind":"connect","transactionId":1,"application":"live"} on 0',
        '{"kind":"publish","transactionId":5,"streamName":"gate"} on 0',
        'data of 40',
        '{"kind":"other","name":"_checkbw"} on 0',
      ],
    });
  });

  it('that are none end the connection', () => {
    expect([
      converse().say(message(messageTypes.command, Buffer.from('nonsense'))),
      converse().say(message(messageTypes.command, amf(1, 2))),
      converse().say(message(messageTypes.command, Buffer.alloc(70_000))),
    ]).toEqual(['malformed-command', 'malformed-command', 'message-too-large']);
  });
});

describe('the protocol itself', () => {
  it('answers a ping, and acknowledges as often as the peer wants', () => {
    const { say, heard, protocol } = converse();
    say(message(messageTypes.userControl, Buffer.from('000600000007', 'hex'), 2));
    say(message(messageTypes.windowSize, uint32(5_000), 2));
    say(message(messageTypes.audio, Buffer.alloc(6_000), 4));
    expect(heard()).toEqual([`4: 000700000007`, `3: ${uint32(protocol.receivedBytes).toString('hex')}`]);
  });

  it('follows the chunk size that the peer announces', () => {
    const { say, events } = converse();
    const large = chunked(
      {
        chunkStreamId: 6,
        type: messageTypes.video,
        streamId: 1,
        timestampMs: 7,
        payload: Buffer.alloc(9_000),
      },
      { chunkBytes: 4_096, repeatsExtended: true },
    );
    expect(say(message(messageTypes.setChunkSize, uint32(4_096), 2), large)).toBeUndefined();
    expect(events).toEqual(['video of 9000 at 7', 'end of video']);
  });

  it('gives up what is aborted, and what a closed connection leaves unfinished', () => {
    const { say, events, protocol } = converse();
    const begun = message(messageTypes.video, Buffer.alloc(500), 6).subarray(0, 12 + 128);
    say(begun, message(2, uint32(6), 2));
    say(begun);
    protocol.close();
    expect(events).toEqual(['video of 500 at 0', 'abort of video', 'video of 500 at 0', 'abort of video']);
  });
});

it('ends at what nobody may send', () => {
  const begun = message(messageTypes.video, Buffer.alloc(500), 6).subarray(0, 12 + 128);
  expect([
    converse(false).say(message(messageTypes.video, Buffer.alloc(1), 6)),
    converse().say(begun, message(messageTypes.video, Buffer.alloc(1), 7)),
    converse().say(message(messageTypes.setChunkSize, Buffer.alloc(2), 2)),
    converse().say(message(messageTypes.setChunkSize, uint32(0), 2)),
    converse().say(message(messageTypes.video, Buffer.alloc(1_000_017), 6).subarray(0, 20)),
    converse().say(
      ...Array.from({ length: 8 }, (_, index) =>
        message(messageTypes.data, Buffer.alloc(60_000), 8 + index).subarray(0, 140),
      ),
    ),
  ]).toEqual([
    'unexpected-media',
    'interleaved-media',
    'malformed-control',
    'chunk-size-out-of-range',
    'message-too-large',
    'message-too-large',
  ]);
});
