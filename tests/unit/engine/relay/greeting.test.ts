import { describe, expect, it } from 'vitest';
import {
  writeConfigurationTags,
  writeFlvHeader,
  writeSampleTag,
} from '../../../../src/engine/media/flv/index.ts';
import type { StreamDescription } from '../../../../src/engine/media/sample.ts';
import {
  announcedGreetingBytes,
  greetingPieces,
  readLiveMetadata,
} from '../../../../src/engine/relay/index.ts';
import { seededRandom } from '../../../integration/seeded-random.ts';
import { damaged } from '../../../fuzz/mutate.ts';
import { accessUnit, counting, sampleOf } from '../rtsp-server/written-packets.ts';
import { runsWhole } from '../../../support/sampling.ts';

const RUNS = Number(process.env['BELVEDERE_FUZZ_RUNS'] ?? (runsWhole ? 30_000 : 500));

const description: StreamDescription = {
  generation: 1,
  video: {
    kind: 'video',
    codec: 'h264',
    sps: Buffer.from('Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA', 'base64'),
    pps: Buffer.from('aO48gA==', 'base64'),
    width: 704,
    height: 480,
  },
  audio: {
    kind: 'audio',
    codec: 'aac',
    audioSpecificConfig: Buffer.from([0x12, 0x10]),
    sampleRate: 44_100,
    channels: 2,
    samplesPerFrame: 1_024,
  },
};

function tag(track: 'video' | 'audio', timestampMs: number): Buffer {
  const data = track === 'video' ? accessUnit(counting(20, 0x65)) : counting(9);
  const dts90k = timestampMs * 90;
  const { chunks } = writeSampleTag(sampleOf(track, data, { dts90k, pts90k: dts90k }), 0, 'h264');
  return Buffer.concat(chunks);
}

const header = Buffer.from(writeFlvHeader(description));
const configuration = Buffer.concat(
  writeConfigurationTags(description, 1_000).flatMap(({ chunks }) => chunks),
);

/** Two seconds of pictures and sound, the newest of 2,960 ms. */
function greeting(): Buffer {
  const tags = Array.from({ length: 50 }, (_, index) => [
    tag('video', 1_000 + index * 40),
    tag('audio', 1_000 + index * 40),
  ]).flat();
  return Buffer.concat([header, configuration, ...tags]);
}

/** The samples of the pieces: kind by number (8, 9), stamp, and when they are said to have come. */
function samplesOf(
  pieces: ReturnType<typeof greetingPieces>,
): readonly (readonly [number, number, number])[] {
  return pieces
    .slice(3)
    .map(({ bytes, arrivalMonotonicMs }) => [bytes.readUInt8(0), bytes.readUIntBE(4, 3), arrivalMonotonicMs]);
}

/** Of the script tag. */
function metadataBody(described: StreamDescription): Buffer {
  const [metadata] = writeConfigurationTags(described, 0);
  return Buffer.concat(metadata?.chunks ?? []).subarray(11, -4);
}

describe('what a slave sends at once', () => {
  it('came when it was live, as far as nothing of it was seen before', () => {
    const bytes = greeting();
    const original = Buffer.from(bytes);
    for (const timelineEndMonotonicMs of [-1_000, 100, 47_988]) {
      const pieces = greetingPieces(bytes, { arrivalMonotonicMs: 50_000, timelineEndMonotonicMs });
      expect(samplesOf(pieces)).toEqual(
        Array.from({ length: 100 }, (_, index) => {
          const offsetMs = Math.floor(index / 2) * 40;
          return [index % 2 === 0 ? 9 : 8, 1_000 + offsetMs, 48_040 + offsetMs];
        }),
      );
      expect(Buffer.concat(pieces.map((piece) => piece.bytes))).toEqual(original);
    }
  });

  it('is squeezed together behind the last picture, without sound, when all of it was seen', () => {
    const pieces = greetingPieces(greeting(), { arrivalMonotonicMs: 50_000, timelineEndMonotonicMs: 50_000 });
    expect(samplesOf(pieces)).toEqual(
      Array.from({ length: 50 }, (_, index) => [9, 3_012 + 2 * index, 50_052 + 2 * index]),
    );
  });

  it('goes on as it was from where nothing was seen', () => {
    const pieces = greetingPieces(greeting(), { arrivalMonotonicMs: 50_000, timelineEndMonotonicMs: 49_000 });
    const samples = samplesOf(pieces);
    const pictures = samples.filter(([type]) => type === 9);
    const firstSound = samples.find(([type]) => type === 8);
    // 26 pictures of the time up to 49,050 ms take two milliseconds each, and make the 27th one of them.
    expect(pictures.slice(0, 29).map(([, , arrivalMs]) => arrivalMs)).toEqual([
      ...Array.from({ length: 27 }, (_, index) => 49_052 + 2 * index),
      49_120,
      49_160,
    ]);
    expect(firstSound).toEqual([8, 2_080, 49_120]);
    const stamps = samples.map(([, stampMs]) => stampMs);
    expect(stamps).toEqual(stamps.toSorted((left, right) => left - right));
  });

  it('keeps sequence headers and what is incomplete', () => {
    const cut = greeting().subarray(0, -10);
    const pieces = greetingPieces(cut, { arrivalMonotonicMs: 50_000, timelineEndMonotonicMs: 60_000 });
    const joined = Buffer.concat(pieces.map(({ bytes }) => bytes));
    expect(joined.subarray(0, header.length)).toEqual(header);
    expect(pieces[0]?.bytes.subarray(header.length).readUInt8(0)).toBe(18);
    expect(pieces.slice(1, 3).map(({ bytes }) => bytes.readUInt8(0))).toEqual([9, 8]);
    expect(pieces.at(-1)?.bytes).toEqual(cut.subarray(-(tag('audio', 0).length - 10)));
  });

  it('is as long as it says at its beginning, if it does', () => {
    const announcing = Buffer.concat([
      header,
      ...writeConfigurationTags(description, 1_000, 123_456).flatMap(({ chunks }) => chunks),
    ]);
    expect(announcedGreetingBytes(announcing)).toBe(123_456);
    expect(announcedGreetingBytes(header)).toBeUndefined();
    expect(announcedGreetingBytes(greeting())).toBeUndefined();
    expect(announcedGreetingBytes(Buffer.concat([header, tag('video', 0)]))).toBeUndefined();
    for (const bytes of [-1, 0, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const tags = writeConfigurationTags(description, 0, bytes).flatMap(({ chunks }) => chunks);
      expect(announcedGreetingBytes(Buffer.concat([header, ...tags]))).toBeUndefined();
    }
  });

  it('tells why there is no sound', () => {
    const mulaw = { kind: 'audio', codec: 'pcmu', sampleRate: 8_000, channels: 1 } as const;
    expect([
      readLiveMetadata(metadataBody(description)),
      readLiveMetadata(metadataBody({ ...description, audio: mulaw })),
      readLiveMetadata(Buffer.from('no metadata')),
    ]).toEqual([
      { hasSound: true, soundObstacle: undefined, greetingBytes: undefined },
      {
        hasSound: false,
        soundObstacle: expect.stringMatching(/^The camera sends G\.711 mu-law sound/),
        greetingBytes: undefined,
      },
      undefined,
    ]);
  });

  it('never throws, whatever it is', () => {
    const random = seededRandom();
    for (let run = 0; run < RUNS; run += 1) {
      const bytes = damaged(greeting(), () => random.next());
      expect(
        () =>
          announcedGreetingBytes(bytes) ??
          greetingPieces(bytes, { arrivalMonotonicMs: 50_000, timelineEndMonotonicMs: 49_000 }),
        `seed ${random.seed}, run ${run}`,
      ).not.toThrow();
    }
  });
});
