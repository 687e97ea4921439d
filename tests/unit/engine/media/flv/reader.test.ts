import { describe, expect, it } from 'vitest';
import {
  FlvStreamReader,
  writeConfigurationTags,
  writeFlvHeader,
  writeSampleTag,
} from '../../../../../src/engine/media/flv/index.ts';
import type { FlvStreamFault } from '../../../../../src/engine/media/flv/index.ts';
import type { Sample, StreamDescription } from '../../../../../src/engine/media/sample.ts';
import {
  audioBody,
  avcBody,
  avcRecord,
  createReading,
  hevcRecord,
  OTHER_SPS,
  PPS,
  readBodies,
  SECOND_PPS,
  SPS,
  withLengths,
} from './reading.ts';
import type { Body, Event } from './reading.ts';

const IDR = Buffer.from([0x65, 0x88, 0x84, 1, 2, 3]);
const SLICE = Buffer.from([0x41, 0x9a, 4, 5]);
const SEI = Buffer.from([0x06, 0x05, 1, 7, 0x80]);
const DELIMITER = Buffer.from([0x09, 0xf0]);
const SETS = `h264 ${SPS.toString('hex')}${PPS.toString('hex')}`;

const header = avcBody(avcRecord({ sps: [SPS], pps: [PPS] }), { packet: 0 });

function picture(nals: readonly Buffer[], facts: Partial<Extract<Event, { kind: 'video' }>> = {}): Event {
  return {
    kind: 'video',
    data: withLengths(nals).toString('hex'),
    timestamp: 0,
    compositionOffset: 0,
    isSync: true,
    sets: SETS,
    ...facts,
  };
}

function legacyHevc(first: number, packet: number, payload: Buffer): Body {
  const bytes = Buffer.concat([Buffer.from([first, packet, 0, 0, 40]), payload]);
  return { track: 'video', timestampMs: 0, bytes };
}

function latin1Body(text: string): Body {
  return { track: 'video', timestampMs: 0, bytes: Buffer.from(text, 'latin1') };
}

function aacFrame(at: number): Body {
  return audioBody([0xaf, 1], Buffer.from([at & 0xff]), at);
}

describe('video', () => {
  it('reads the same however the bodies are cut', () => {
    const bodies = [
      header,
      avcBody(withLengths([DELIMITER, SPS, PPS, SEI, IDR]), { at: 40 }),
      avcBody(withLengths([SLICE]), { key: false, at: 80, compositionMs: -40 }),
      avcBody(withLengths([SLICE, SLICE]), { key: false, at: 120, compositionMs: 80 }),
      avcBody(Buffer.alloc(0), { packet: 2, at: 160 }),
    ];
    for (const pieceBytes of [1, 2, 3, 5, 7, 1000]) {
      const { reader, events } = createReading();
      readBodies(reader, bodies, pieceBytes);
      expect(events).toEqual([
        picture([SEI, IDR], { timestamp: 3_600 }),
        picture([SLICE], { timestamp: 7_200, compositionOffset: -3_600, isSync: false }),
        picture([SLICE, SLICE], { timestamp: 10_800, compositionOffset: 7_200, isSync: false }),
      ]);
    }
  });

  it.each([1, 2, 3])('turns NAL lengths of %i bytes into four', (nalLengthBytes) => {
    const { reader, events } = createReading();
    const record = avcRecord({ sps: [SPS], pps: [PPS] }, nalLengthBytes);
    readBodies(
      reader,
      [avcBody(record, { packet: 0 }), avcBody(withLengths([SEI, IDR], nalLengthBytes), {})],
      3,
    );
    expect(events).toEqual([picture([SEI, IDR])]);
  });

  it('takes another sequence header, and parameter sets in band, into force', () => {
    const { reader, events } = createReading();
    readBodies(reader, [
      header,
      avcBody(withLengths([IDR]), {}),
      header,
      avcBody(avcRecord({ sps: [OTHER_SPS], pps: [PPS] }), { packet: 0 }),
      avcBody(withLengths([IDR]), {}),
      avcBody(withLengths([SPS, PPS, IDR]), {}),
    ]);
    expect(events).toEqual([
      picture([IDR]),
      picture([IDR], { sets: `h264 ${OTHER_SPS.toString('hex')}${PPS.toString('hex')}` }),
      picture([IDR]),
    ]);
  });

  it('puts picture parameter sets besides the described one before each sync picture', () => {
    const { reader, events } = createReading();
    readBodies(reader, [
      avcBody(avcRecord({ sps: [SPS], pps: [PPS, SECOND_PPS] }), { packet: 0 }),
      avcBody(withLengths([IDR]), {}),
      avcBody(withLengths([SLICE]), { key: false }),
    ]);
    expect(events).toEqual([picture([SECOND_PPS, IDR]), picture([SLICE], { isSync: false })]);
  });

  it('reads H.265 in the form that cameras made up and in that of Enhanced RTMP', () => {
    const vps = Buffer.from('40010c01ffff01600000030090000003000003003c959409', 'hex');
    const sps = Buffer.from(
      '42010101600000030090000003000003003ca00a080f16595952930bc05a020000030002000003003210',
      'hex',
    );
    const pps = Buffer.from('4401c073c189', 'hex');
    const idr = Buffer.from([0x26, 0x01, 0xaf, 1, 2]);
    const trailing = Buffer.from([0x02, 0x01, 0xd0, 3]);
    const record = hevcRecord([vps, sps, pps]);
    const sets = `h265 ${sps.toString('hex')}${pps.toString('hex')}`;
    const fourCc = Buffer.from('hvc1');
    const ex = (first: number, payload: readonly Buffer[], timestampMs = 0): Body => ({
      track: 'video',
      timestampMs,
      bytes: Buffer.concat([Buffer.from([first]), fourCc, ...payload]),
    });

    const enhanced = createReading();
    readBodies(
      enhanced.reader,
      [
        ex(0x90, [record]),
        ex(0x91, [Buffer.from([0xff, 0xff, 0xd8]), withLengths([idr])], 40),
        ex(0xa3, [withLengths([trailing])], 80),
      ],
      2,
    );
    expect(enhanced.events).toEqual([
      picture([idr], { sets, timestamp: 3_600, compositionOffset: -3_600 }),
      picture([trailing], { sets, timestamp: 7_200, isSync: false }),
    ]);

    const old = createReading();
    readBodies(
      old.reader,
      [
        legacyHevc(0x1c, 0, record),
        legacyHevc(0x1c, 1, withLengths([vps, sps, pps, idr])),
        legacyHevc(0x2c, 1, withLengths([trailing])),
      ],
      2,
    );
    expect(old.events).toEqual([
      picture([idr], { sets, compositionOffset: 3_600 }),
      picture([trailing], { sets, compositionOffset: 3_600, isSync: false }),
    ]);
  });

  it('counts what is damaged and goes on with the next body', () => {
    const { reader, events } = createReading(64);
    const tooLong = withLengths([IDR]);
    tooLong.writeUInt32BE(IDR.length + 1);
    const cutOff: Body = { ...avcBody(withLengths([IDR]), {}), byteLength: 100 };
    readBodies(
      reader,
      [
        header,
        avcBody(tooLong, {}),
        cutOff,
        avcBody(withLengths([Buffer.alloc(80, 0x65)]), {}),
        avcBody(withLengths([IDR]).subarray(0, 2), {}),
      ],
      4,
    );
    reader.video.begin({ byteLength: 50, timestampMs: 0 });
    reader.video.push(avcBody(withLengths([IDR]), {}).bytes, 0, 12);
    reader.video.abort();
    readBodies(reader, [avcBody(withLengths([IDR]), {})]);

    const damage: Event = { kind: 'video-damage' };
    expect(events).toEqual([damage, damage, damage, damage, damage, picture([IDR])]);
  });

  it('says once what it does not know, and refuses several tracks in one stream', () => {
    const { reader, events } = createReading();
    const sorenson = latin1Body('\x22abcdefgh');
    readBodies(reader, [
      sorenson,
      sorenson,
      latin1Body('\x90av01....'),
      latin1Body('\x96\x00hvc1....'),
      latin1Body('\x50\x00'),
    ]);
    expect(events).toEqual([
      {
        kind: 'unsupported',
        detail: 'The camera pushes video of FLV codec 2. Choose H.264 or H.265 in its settings.',
      },
      {
        kind: 'unsupported',
        detail: 'The camera pushes video of av01. Choose H.264 or H.265 in its settings.',
      },
      {
        kind: 'unsupported',
        detail: 'The camera pushes Enhanced RTMP with several tracks. Choose a single video track.',
      },
    ]);
  });

  it('passes over what nobody wants, and knows the sequence headers when somebody does', () => {
    const { reader, events } = createReading();
    reader.isWanted = false;
    readBodies(reader, [
      header,
      audioBody([0xaf, 0], Buffer.from([0x11, 0x88])),
      avcBody(withLengths([IDR]), {}),
      audioBody([0xaf, 1], Buffer.from([1, 2])),
    ]);
    expect(events.map(({ kind }) => kind)).toEqual(['sound']);
    reader.isWanted = true;
    readBodies(reader, [avcBody(withLengths([IDR]), { at: 40 }), audioBody([0xaf, 1], Buffer.from([3]), 40)]);
    expect(events.slice(1)).toEqual([
      picture([IDR], { timestamp: 3_600 }),
      { kind: 'audio', data: '03', timestamp: 3_600 },
    ]);
  });
});

describe('sound', () => {
  it('places AAC frames side by side although stamps are whole milliseconds, and follows a gap', () => {
    const { reader, events } = createReading();
    readBodies(reader, [
      audioBody([0xaf, 0], Buffer.from([0x12, 0x10])),
      ...[0, 23, 46, 70, 93, 193, 216].map(aacFrame),
    ]);
    const duration = (1024 * 90_000) / 44_100;
    expect(events.flatMap((event) => (event.kind === 'audio' ? [event.timestamp] : []))).toEqual([
      0,
      duration,
      2 * duration,
      3 * duration,
      4 * duration,
      193 * 90,
      193 * 90 + duration,
    ]);
  });

  it('knows G.711 by its first packet, Opus and AAC by their headers, and says what it leaves out', () => {
    const { reader, events } = createReading();
    const opusHead = Buffer.concat([
      Buffer.from('OpusHead'),
      Buffer.from([1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0]),
    ]);
    readBodies(
      reader,
      [
        audioBody([0x72], Buffer.from([1, 2])),
        audioBody([0x72], Buffer.from([3, 4])),
        audioBody([0x83], Buffer.from([5])),
        audioBody([0x90, ...Buffer.from('Opus')], opusHead),
        audioBody([0x91, ...Buffer.from('Opus')], Buffer.from([0xfc, 9])),
        audioBody([0x90, ...Buffer.from('mp4a')], Buffer.from([0x11, 0x88])),
        audioBody([0x91, ...Buffer.from('mp4a')], Buffer.from([7])),
        audioBody([0x2f], Buffer.from([1])),
        audioBody([0x2f], Buffer.from([1])),
        audioBody([0x90, ...Buffer.from('fLaC')], Buffer.from([1])),
      ],
      2,
    );
    const g711 = { kind: 'audio', sampleRate: 8_000 } as const;
    expect(events).toEqual([
      { kind: 'sound', sound: { kind: 'track', track: { ...g711, codec: 'pcma', channels: 1 } } },
      { kind: 'audio', data: '0102', timestamp: 0 },
      { kind: 'audio', data: '0304', timestamp: 22.5 },
      { kind: 'sound', sound: { kind: 'track', track: { ...g711, codec: 'pcmu', channels: 2 } } },
      { kind: 'audio', data: '05', timestamp: 0 },
      {
        kind: 'sound',
        sound: {
          kind: 'track',
          track: { kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2, preSkip: 312 },
        },
      },
      { kind: 'audio', data: 'fc09', timestamp: 0 },
      {
        kind: 'sound',
        sound: {
          kind: 'track',
          track: {
            kind: 'audio',
            codec: 'aac',
            audioSpecificConfig: Uint8Array.of(0x11, 0x88),
            sampleRate: 48_000,
            channels: 1,
            samplesPerFrame: 1024,
          },
        },
      },
      { kind: 'audio', data: '07', timestamp: 0 },
      {
        kind: 'sound',
        sound: {
          kind: 'ignored',
          reason:
            "The camera pushes sound of FLV format 2, which is left out. Choose AAC in the camera's settings.",
        },
      },
      {
        kind: 'sound',
        sound: {
          kind: 'ignored',
          reason: "The camera pushes fLaC sound, which is left out. Choose AAC in the camera's settings.",
        },
      },
    ]);
  });
});

it('goes on where 32-bit stamps wrap, with sound a little before the pictures', () => {
  const { reader, events } = createReading();
  readBodies(reader, [
    { ...header, timestampMs: 2 ** 32 - 60 },
    avcBody(withLengths([IDR]), { at: 2 ** 32 - 40 }),
    audioBody([0x72], Buffer.from([1]), 2 ** 32 - 60),
    avcBody(withLengths([SLICE]), { key: false, at: 10 }),
    audioBody([0x72], Buffer.from([2]), 2 ** 32 - 1),
    audioBody([0x72], Buffer.from([2]), 30),
  ]);
  const times = events.flatMap((event) => ('timestamp' in event ? [event.timestamp / 90 - 2 ** 32] : []));
  expect(times).toEqual([-40, -60, 10, -1, 30]);
});

function faultOf(bytes: Buffer): FlvStreamFault | undefined {
  const { reader } = createReading();
  return new FlvStreamReader({ media: reader, largestTagBytes: 20 }).push(bytes, bytes.length, 0);
}

describe('a stream of FLV', () => {
  const description: StreamDescription = {
    generation: 1,
    video: { kind: 'video', codec: 'h264', sps: SPS, pps: PPS, width: 320, height: 240 },
    audio: {
      kind: 'audio',
      codec: 'aac',
      audioSpecificConfig: Uint8Array.of(0x11, 0x88),
      sampleRate: 48_000,
      channels: 1,
      samplesPerFrame: 1024,
    },
  };
  const sample = (facts: Partial<Sample>): Sample => ({
    track: 'video',
    data: withLengths([IDR]),
    dts90k: 0,
    pts90k: 0,
    isSync: true,
    arrivalMonotonicMs: 0,
    utcMs: 0,
    ...facts,
  });
  const late = 0x01_02_03_04;
  const stream = Buffer.concat([
    writeFlvHeader(description),
    ...[
      ...writeConfigurationTags(description, 0),
      writeSampleTag(sample({ pts90k: 3_600 }), 0, 'h264'),
      writeSampleTag(sample({ track: 'audio', data: Buffer.from([7, 7]), dts90k: 1_800 }), 0, 'h264'),
      writeSampleTag(sample({ dts90k: late * 90, pts90k: late * 90 }), 0, 'h264'),
    ].flatMap(({ chunks }) => chunks),
  ]);
  const expected: Event[] = [
    { kind: 'sound', sound: { kind: 'track', track: description.audio ?? expect.fail() } },
    picture([IDR], { compositionOffset: 3_600 }),
    { kind: 'audio', data: '0707', timestamp: 1_800 },
    picture([IDR], { timestamp: late * 90 }),
  ];

  it.each([1, 7, 4096])('as we write it is read back, in pieces of %i bytes', (pieceBytes) => {
    const { reader, events } = createReading();
    const file = new FlvStreamReader({ media: reader, largestTagBytes: 1_000 });
    for (let at = 0; at < stream.length; at += pieceBytes) {
      const piece = stream.subarray(at, at + pieceBytes);
      expect(file.push(piece, piece.length, 0)).toBeUndefined();
    }
    expect(events).toEqual(expected);
  });

  it('ends at what is no FLV and at tags that are too large', () => {
    expect([faultOf(Buffer.from('HTTP/1.1 200 OK')), faultOf(stream)]).toEqual(['not-flv', 'tag-too-large']);
  });
});
