import { describe, expect, it } from 'vitest';
import {
  flvCarries,
  flvSoundObstacle,
  maximumSampleBytes,
  maximumTimestampMs,
  sampleTagBytes,
  writeConfigurationTags,
  writeFlvHeader,
  writeSampleTag,
  type FlvTag,
} from '../../../../../src/engine/media/flv/index.ts';
import { hevcDecoderConfiguration } from '../../../../../src/engine/media/h265.ts';
import type { H265Track, Sample, StreamDescription } from '../../../../../src/engine/media/sample.ts';
import { plain } from '../fmp4/byte-source.ts';
import { syntheticDescription } from '../../recording/synthetic-stream.ts';

function hex(...chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString('hex');
}

function sample(facts: Partial<Sample>): Sample {
  return {
    track: 'video',
    data: Uint8Array.from([0, 0, 0, 1, 0x65]),
    dts90k: 0,
    pts90k: 0,
    isSync: true,
    arrivalMonotonicMs: 0,
    utcMs: 0,
    ...facts,
  };
}

const h265Video: H265Track = {
  kind: 'video',
  codec: 'h265',
  vps: Buffer.from('QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA==', 'base64'),
  sps: Buffer.from('QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=', 'base64'),
  pps: Buffer.from('RAHA8saNA7NA', 'base64'),
  width: 704,
  height: 480,
};
const h265: StreamDescription = { generation: 1, video: h265Video };

const mulaw = { kind: 'audio', codec: 'pcmu', sampleRate: 8000, channels: 1 } as const;

function writeH265(byteLength: number): FlvTag {
  return writeSampleTag(sample({ data: new Uint8Array(byteLength), pts90k: 9000 }), 0, 'h265');
}

describe('writeFlvHeader', () => {
  it('says which tracks there are', () => {
    expect(hex(writeFlvHeader(syntheticDescription(false)))).toBe('464c5601010000000900000000');
    expect(hex(writeFlvHeader(syntheticDescription(true)))).toBe('464c5601050000000900000000');
  });
});

describe('writeConfigurationTags', () => {
  it('writes onMetaData, then the sequence headers of video and sound', () => {
    const [metadata, video, audio, ...others] = writeConfigurationTags(
      syntheticDescription(true),
      0x01020304,
    );

    expect(others).toEqual([]);
    expect(hex(...(video?.chunks ?? []))).toBe(
      plain(
        '09 00001f 020304 01 000000 17 00 000000 0142c01effe1000a6742c01ed900a02ff96101000568cb83cb20 0000002a',
      ),
    );
    expect(hex(...(audio?.chunks ?? []))).toBe(plain('08 000004 020304 01 000000 af 00 1188 0000000f'));
    const script = Buffer.concat(metadata?.chunks ?? []);
    expect(script.subarray(0, 29).toString('latin1')).toBe(
      '\x12\x00\x00\x88\x02\x03\x04\x01\x00\x00\x00\x02\x00\x0aonMetaData\x08\x00\x00\x00\x06',
    );
    expect(script.subarray(29, 46).toString('hex')).toBe(plain('0005 7769647468 00 4084000000000000 00'));
    expect(script.readUInt32BE(script.byteLength - 4)).toBe(script.byteLength - 4);
  });
});

describe('H.265 and sound that FLV does not carry', () => {
  it('has the FourCC in the sequence header and in onMetaData', () => {
    const [metadata, video, ...others] = writeConfigurationTags({ ...h265, audio: mulaw }, 0);

    expect(others).toEqual([]);
    const configuration = hevcDecoderConfiguration(h265Video);
    expect(hex(...(video?.chunks ?? [])).slice(22, -8)).toBe(`9068766331${hex(configuration)}`);
    const script = Buffer.concat(metadata?.chunks ?? []);
    const codecId = script.indexOf('videocodecid') + 'videocodecid'.length + 1;
    expect(script.readDoubleBE(codecId)).toBe(0x68766331);
    expect(script.includes('audiocodecid')).toBe(false);
    expect(hex(writeFlvHeader({ audio: mulaw }))).toBe('464c5601010000000900000000');
  });

  it('carries pictures, and no sound but AAC', () => {
    const tracks = [{ track: 'video' }, { track: 'audio' }, { track: 'metadata' }] as const;
    const carried = (description: StreamDescription): boolean[] =>
      tracks.map((track) => flvCarries(description, track));
    expect(carried(syntheticDescription(true))).toEqual([true, true, false]);
    expect(carried(h265)).toEqual([true, false, false]);
    expect(carried({ ...h265, audio: mulaw })).toEqual([true, false, false]);
  });

  it('says why nothing is heard', () => {
    expect([
      flvSoundObstacle(syntheticDescription(true)),
      flvSoundObstacle(h265),
      flvSoundObstacle({ ...h265, audioIgnored: 'No.' }),
      flvSoundObstacle({ ...h265, audio: mulaw }),
    ]).toEqual([
      undefined,
      undefined,
      'No.',
      "The camera sends G.711 mu-law sound, which is recorded but cannot be heard live. Choose AAC in the camera's settings.",
    ]);
  });
});

describe('writeSampleTag', () => {
  it('writes a key frame byte for byte', () => {
    const tag = writeSampleTag(sample({ dts90k: 900_000, pts90k: 907_200 }), 450_000, 'h264');

    expect(hex(...tag.chunks)).toBe(plain('09 00000a 001388 00 000000 17 01 000050 0000000165 00000015'));
    expect(tag.byteLength).toBe(25);
  });

  it('writes an inter frame that is shown before it is decoded', () => {
    const tag = writeSampleTag(sample({ dts90k: 9000, pts90k: 8910, isSync: false }), 0, 'h264');

    expect(hex(...tag.chunks)).toBe(plain('09 00000a 000064 00 000000 27 01 ffffff 0000000165 00000015'));
  });

  it('writes sound', () => {
    const tag = writeSampleTag(
      sample({ track: 'audio', data: Uint8Array.of(0x21), dts90k: 1920, pts90k: 1920 }),
      0,
      'h264',
    );

    expect(hex(...tag.chunks)).toBe(plain('08 000003 000015 00 000000 af 01 21 0000000e'));
  });

  it("hands out the sample's own bytes", () => {
    const { data } = sample({});

    expect(writeSampleTag(sample({ data }), 0, 'h264').chunks[1]).toBe(data);
  });

  it('reaches the end of the clock and no further', () => {
    const last = writeSampleTag(sample({ dts90k: maximumTimestampMs * 90 }), 0, 'h264');

    expect(hex(...last.chunks).slice(8, 16)).toBe('ffffff7f');
    expect(() => writeSampleTag(sample({ dts90k: (maximumTimestampMs + 1) * 90 }), 0, 'h264')).toThrow(
      'An FLV timestamp is between 0 and 2147483647 ms, not 2147483648.',
    );
    expect(() => writeSampleTag(sample({ dts90k: -90 }), 0, 'h264')).toThrow(RangeError);
  });

  it('writes H.265 as Enhanced RTMP has it: with the composition time where there is one', () => {
    const shownLater = writeSampleTag(sample({ pts90k: 7200 }), 0, 'h265');
    expect(hex(...shownLater.chunks)).toBe(
      plain('09 00000d 000000 00 000000 91 68766331 000050 0000000165 00000018'),
    );
    const shownAtOnce = sample({ dts90k: 9000, pts90k: 9000, isSync: false });
    expect(hex(...writeSampleTag(shownAtOnce, 0, 'h265').chunks)).toBe(
      plain('09 00000a 000064 00 000000 a3 68766331 0000000165 00000015'),
    );
    expect(sampleTagBytes(shownAtOnce, 'h265')).toBe(25);
  });

  it('refuses a sample that FLV cannot hold', () => {
    expect(() => writeH265(maximumSampleBytes)).not.toThrow();
    expect(() => writeH265(maximumSampleBytes + 1)).toThrow(
      'An FLV tag holds at most 16777215 bytes, not 16777216.',
    );
  });
});
