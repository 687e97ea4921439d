import { describe, expect, it } from 'vitest';
import type { AacTrack, H264Track, H265Track } from '../../../../src/engine/media/sample.ts';
import { payloadFormats } from '../../../../src/engine/rtsp-server/payload/index.ts';
import type { PayloadFormat } from '../../../../src/engine/rtsp-server/payload/index.ts';
import { accessUnit, counting, packetsOf, sampleOf } from './written-packets.ts';
import type { WrittenPacket } from './written-packets.ts';

const h264: H264Track = {
  kind: 'video',
  codec: 'h264',
  sps: Buffer.from('Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA', 'base64'),
  pps: Buffer.from('aO48gA==', 'base64'),
  width: 704,
  height: 480,
};
const h265: H265Track = {
  kind: 'video',
  codec: 'h265',
  vps: counting(20, 0x40, 0x01),
  sps: counting(30, 0x42, 0x01),
  pps: counting(8, 0x44, 0x01),
  width: 704,
  height: 480,
};
const aac: AacTrack = {
  kind: 'audio',
  codec: 'aac',
  audioSpecificConfig: Buffer.from([0x12, 0x10]),
  sampleRate: 44_100,
  channels: 2,
  samplesPerFrame: 1_024,
};

function formatOf(
  description: Omit<Parameters<typeof payloadFormats>[0], 'generation' | 'video'>,
): PayloadFormat {
  const [, format] = payloadFormats({ generation: 1, video: h264, ...description });
  if (format === undefined) throw new Error('There is no second track.');
  return format;
}

function videoFormat(video: H264Track | H265Track): PayloadFormat {
  const [format] = payloadFormats({ generation: 1, video });
  if (format === undefined) throw new Error('There is no video.');
  return format;
}

/** The NAL units that a receiver makes of H.264 packets: RFC 6184 §5.6 and §5.8. */
function receiveH264(packets: readonly WrittenPacket[]): readonly Buffer[] {
  const nals: Buffer[] = [];
  let open: Buffer | undefined;
  for (const { payload } of packets) {
    const [indicator = 0, header = 0] = payload;
    if ((indicator & 0x1f) !== 28) {
      nals.push(payload);
      continue;
    }
    if ((header & 0x80) !== 0) open = Buffer.of((indicator & 0xe0) | (header & 0x1f));
    open = Buffer.concat([open ?? Buffer.alloc(0), payload.subarray(2)]);
    if ((header & 0x40) !== 0) nals.push(open);
  }
  return nals;
}

/** The same for H.265: RFC 7798 §4.4.1 and §4.4.3. */
function receiveH265(packets: readonly WrittenPacket[]): readonly Buffer[] {
  const nals: Buffer[] = [];
  let open: Buffer | undefined;
  for (const { payload } of packets) {
    const [first = 0, second = 0, header = 0] = payload;
    if (((first >> 1) & 0x3f) !== 49) {
      nals.push(payload);
      continue;
    }
    if ((header & 0x80) !== 0) open = Buffer.of((first & 0x81) | ((header & 0x3f) << 1), second);
    open = Buffer.concat([open ?? Buffer.alloc(0), payload.subarray(3)]);
    if ((header & 0x40) !== 0) nals.push(open);
  }
  return nals;
}

const SIZES = [1, 2, 3, 97, 98, 99, 100, 101, 197, 198, 199, 300, 1_000].filter((size) => size > 2);

describe('H.264 in RTP', () => {
  it.each(SIZES)('brings a slice of %i bytes over, the marker on its last packet only', (size) => {
    const [sei, idr] = [counting(30, 0x06, 0x05), counting(size, 0x65, 0x88)];
    const packets = packetsOf(videoFormat(h264), sampleOf('video', accessUnit(sei, idr))) ?? [];
    expect(receiveH264(packets)).toEqual([h264.sps, h264.pps, sei, idr]);
    expect(packets.map(({ marker }) => marker)).toEqual(
      packets.map((_, index) => index === packets.length - 1),
    );
    expect(Math.max(...packets.map(({ payload }) => payload.length))).toBeLessThanOrEqual(100);
  });

  it('repeats parameter sets before sync pictures only', () => {
    const slice = counting(20, 0x41, 0x9a);
    const packets =
      packetsOf(videoFormat(h264), sampleOf('video', accessUnit(slice), { isSync: false })) ?? [];
    expect(receiveH264(packets)).toEqual([slice]);
  });

  it('is described with its parameter sets', () => {
    expect(videoFormat(h264)).toMatchObject({
      payloadType: 96,
      clockRate: 90_000,
      encoding: 'H264/90000',
      parameters:
        'packetization-mode=1;profile-level-id=64001E;sprop-parameter-sets=Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA,aO48gA==',
    });
  });

  it.each([
    ['a length beyond the end', Buffer.from([0, 0, 0, 9, 0x65])],
    ['part of a length', Buffer.from([0, 0, 0, 1, 0x65, 0, 0])],
    ['a length of 2^32 - 1', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x65])],
    ['an empty NAL unit', Buffer.from([0, 0, 0, 0])],
    ['nothing', Buffer.alloc(0)],
  ])('leaves a sample with %s out', (_what, bytes) => {
    expect(packetsOf(videoFormat(h264), sampleOf('video', bytes))).toBeUndefined();
  });
});

describe('H.265 in RTP', () => {
  it.each(SIZES)('brings a slice of %i bytes over, the marker on its last packet only', (size) => {
    const idr = counting(size, 0x26, 0x01);
    const packets = packetsOf(videoFormat(h265), sampleOf('video', accessUnit(idr))) ?? [];
    expect(receiveH265(packets)).toEqual([h265.vps, h265.sps, h265.pps, idr]);
    expect(packets.map(({ marker }) => marker)).toEqual(
      packets.map((_, index) => index === packets.length - 1),
    );
    expect(Math.max(...packets.map(({ payload }) => payload.length))).toBeLessThanOrEqual(100);
  });

  it('is described with its parameter sets', () => {
    const [vps, sps, pps] = [h265.vps, h265.sps, h265.pps].map((set) => Buffer.from(set).toString('base64'));
    expect(videoFormat(h265)).toMatchObject({
      encoding: 'H265/90000',
      parameters: `sprop-vps=${vps};sprop-sps=${sps};sprop-pps=${pps}`,
    });
  });
});

describe('AAC in RTP', () => {
  const format = formatOf({ audio: aac });

  it('has one frame a packet, after its size', () => {
    const frame = counting(70);
    // 16 bits of headers; 70 in 13 bits and a zero index in 3.
    const head = Buffer.of(0, 16, 70 >> 5, (70 << 3) & 0xff);
    expect(packetsOf(format, sampleOf('audio', frame))).toEqual([
      { marker: true, ticksLater: 0, payload: Buffer.concat([head, frame]) },
    ]);
  });

  it('cuts a large frame, each fragment with the size of the whole', () => {
    const frame = counting(200);
    const head = Buffer.of(0, 16, 200 >> 5, (200 << 3) & 0xff);
    expect(packetsOf(format, sampleOf('audio', frame))).toEqual([
      { marker: false, ticksLater: 0, payload: Buffer.concat([head, frame.subarray(0, 96)]) },
      { marker: false, ticksLater: 0, payload: Buffer.concat([head, frame.subarray(96, 192)]) },
      { marker: true, ticksLater: 0, payload: Buffer.concat([head, frame.subarray(192)]) },
    ]);
  });

  it('leaves out what 13 bits cannot count', () => {
    expect(packetsOf(format, sampleOf('audio', counting(8_191)))).toBeDefined();
    expect(packetsOf(format, sampleOf('audio', counting(8_192)))).toBeUndefined();
  });

  it('is described with its configuration', () => {
    expect(format).toMatchObject({
      clockRate: 44_100,
      encoding: 'MPEG4-GENERIC/44100/2',
      parameters:
        'streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1210',
    });
  });
});

describe('other tracks in RTP', () => {
  it('G.711 at 8 kHz has its static number, and any other a dynamic one', () => {
    const track = { kind: 'audio', codec: 'pcma', sampleRate: 8_000, channels: 1 } as const;
    expect([
      formatOf({ audio: track }),
      formatOf({ audio: { ...track, codec: 'pcmu' } }),
      formatOf({ audio: { ...track, channels: 2, sampleRate: 16_000 } }),
    ]).toMatchObject([
      { payloadType: 8, encoding: 'PCMA/8000', clockRate: 8_000 },
      { payloadType: 0, encoding: 'PCMU/8000', clockRate: 8_000 },
      { payloadType: 97, encoding: 'PCMA/16000/2', clockRate: 16_000 },
    ]);
  });

  it('G.711 is cut between sound samples, each piece at its time', () => {
    const format = formatOf({ audio: { kind: 'audio', codec: 'pcma', sampleRate: 8_000, channels: 2 } });
    const bytes = counting(250);
    expect(packetsOf(format, sampleOf('audio', bytes), 101)).toEqual([
      { marker: false, ticksLater: 0, payload: bytes.subarray(0, 100) },
      { marker: false, ticksLater: 50, payload: bytes.subarray(100, 200) },
      { marker: false, ticksLater: 100, payload: bytes.subarray(200) },
    ]);
  });

  it('Opus has one packet, or none when it is larger than a packet may be', () => {
    const format = formatOf({
      audio: { kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 1, preSkip: 312 },
    });
    expect(format).toMatchObject({ encoding: 'opus/48000/2', clockRate: 48_000 });
    expect(packetsOf(format, sampleOf('audio', counting(100)))).toEqual([
      { marker: false, ticksLater: 0, payload: counting(100) },
    ]);
    expect(packetsOf(format, sampleOf('audio', counting(101)))).toBeUndefined();
  });

  it('metadata is cut anywhere, with the marker at the end of the document', () => {
    const format = formatOf({ metadata: { kind: 'metadata', codec: 'onvif' } });
    const xml = Buffer.from(`<MetadataStream>${'x'.repeat(150)}</MetadataStream>`);
    const packets = packetsOf(format, sampleOf('metadata', xml)) ?? [];
    expect(Buffer.concat(packets.map(({ payload }) => payload))).toEqual(xml);
    expect(packets.map(({ marker }) => marker)).toEqual([false, true]);
    expect(format).toMatchObject({ media: 'application', encoding: 'vnd.onvif.metadata/90000' });
  });
});
