import { describe, expect, it } from 'vitest';
import { scanFile, writeInit, type ScannedFile } from '../../../../src/engine/media/fmp4/index.ts';
import type { Sample } from '../../../../src/engine/media/sample.ts';
import {
  PartAssembler,
  type AssembledPart,
  type AssemblyEvent,
  type AssemblyLimits,
  type SegmentStart,
} from '../../../../src/engine/recording/part-assembler.ts';
import { byteSource } from '../media/fmp4/byte-source.ts';
import {
  mulberry32,
  syntheticDescription,
  syntheticStream,
  type SyntheticOptions,
} from './synthetic-stream.ts';

const limits: AssemblyLimits = {
  partDurationMs: 1000,
  maximumPartBytes: 200_000,
  segmentDurationMs: 5000,
  staggerMs: 0,
};

interface Segment {
  readonly start: SegmentStart;
  readonly parts: AssembledPart[];
  end?: 'cut' | 'stopped';
}

/** Puts events together and insists on their order. */
function segmentsFrom(events: readonly AssemblyEvent[]): Segment[] {
  const segments: Segment[] = [];
  for (const event of events) {
    const open = segments.at(-1);
    if (event.kind === 'segment-start') {
      if (open !== undefined && open.end === undefined) throw new Error('a segment within a segment');
      segments.push({ start: event.start, parts: [] });
      continue;
    }
    if (open === undefined || open.end !== undefined) throw new Error(`${event.kind} outside a segment`);
    if (event.kind === 'part') open.parts.push(event.part);
    else open.end = event.because;
  }
  return segments;
}

function scan({ start, parts }: Segment): Promise<ScannedFile> {
  const chunks = parts.flatMap((part) => part.chunks);
  return scanFile(byteSource(Buffer.concat([writeInit(start.description), ...chunks])));
}

function feed(assembler: PartAssembler, samples: readonly Sample[]): AssemblyEvent[] {
  return samples.flatMap((sample) => assembler.add(sample));
}

function assemble(options: SyntheticOptions, chosen: Partial<AssemblyLimits> = {}): Segment[] {
  const { description, samples } = syntheticStream(options);
  const assembler = new PartAssembler({ ...limits, ...chosen });
  assembler.describe(description);
  return segmentsFrom([...feed(assembler, samples), ...assembler.end()]);
}

/** The samples of all parts, by identity, one track's after the other's within a part. */
function writtenData(segments: readonly Segment[]): Uint8Array[] {
  return segments.flatMap(({ parts }) => parts.flatMap((part) => part.chunks.slice(1)));
}

/** Lengths of the segments of 18 s. */
function lengths90k(staggerMs: number): (number | undefined)[] {
  const segments = assemble({ seed: 7, seconds: 18 }, { staggerMs });
  return segments.map(({ parts }) => parts.at(-1)?.segmentDuration90k);
}

function dataOf(samples: readonly Sample[], track: Sample['track']): Uint8Array[] {
  return samples.filter((sample) => sample.track === track).map(({ data }) => data);
}

describe('PartAssembler', () => {
  it('makes parts of a second and cuts segments at sync pictures', async () => {
    const segments = assemble({ seed: 1, seconds: 12 });

    expect(
      segments.map(({ parts, end }) => ({ frames: parts.map((part) => part.videoFrames), end })),
    ).toEqual([
      { frames: [25, 25, 25, 25, 25], end: 'cut' },
      { frames: [25, 25, 25, 25, 25], end: 'cut' },
      { frames: [25, 25], end: 'stopped' },
    ]);
    expect(segments.map(({ start }) => start)).toEqual(
      [0, 5000, 10_000].map((startMs) => ({
        description: syntheticDescription(false),
        startUtcMs: 1_700_000_000_000 + startMs,
        startMonotonicMs: 1000 + startMs,
        mediaStart90k: 0,
      })),
    );
    const [scanned] = await Promise.all(segments.map(scan));
    expect(scanned?.parts.map(({ tracks }) => tracks)).toEqual(
      [0, 1, 2, 3, 4].map((second) => [
        {
          trackId: 1,
          baseDecodeTime: second * 90_000,
          duration: 90_000,
          sampleCount: 25,
          startsWithSync: true,
        },
      ]),
    );
  });

  it('gives the newest picture the time up to its successor, however late that comes', () => {
    const { description, samples } = syntheticStream({
      seed: 1,
      seconds: 2,
      framesPerSecond: 2,
      gopFrames: 2,
    });
    const assembler = new PartAssembler(limits);
    assembler.describe(description);
    const [first, second, third] = samples;
    if (!first || !second || !third) throw new Error('The stream has four pictures.');

    expect(assembler.add(first)).toEqual([]);
    expect(assembler.add({ ...second, dts90k: 85_000 })).toEqual([]);
    const [, event] = assembler.add({ ...third, dts90k: 400_000 });

    expect(event).toMatchObject({ kind: 'part', part: { videoFrames: 2, segmentDuration90k: 400_000 } });
  });

  it('keeps fractions of a tick from adding up', async () => {
    const { description, samples } = syntheticStream({ seed: 2, seconds: 4 });
    const assembler = new PartAssembler(limits);
    assembler.describe(description);
    const slewed = samples.map((sample) => ({ ...sample, dts90k: sample.dts90k * 1.0001 + 0.4 }));

    const [segment] = segmentsFrom([...feed(assembler, slewed), ...assembler.end()]);

    if (segment === undefined) throw new Error('There is one segment.');
    const scanned = await scan(segment);
    expectContiguous(scanned, 1);
    expect(segment.parts.map((part) => part.segmentDuration90k)).toEqual([90_009, 180_018, 270_027, 360_036]);
  });

  it('begins a part with every sync picture, also when times tremble', async () => {
    const segments = assemble(
      { seed: 10, seconds: 30, gopFrames: 50, jitterMs: 10 },
      { segmentDurationMs: 60_000 },
    );

    const [segment, ...others] = segments;
    if (segment === undefined || others.length > 0) throw new Error('There is one segment.');
    const stretches = (await scan(segment)).parts.flatMap(({ tracks }) => tracks);
    expect(stretches.filter(({ startsWithSync }) => startsWithSync)).toHaveLength(15);
    expect(stretches.length).toBeLessThanOrEqual(33);
    expect(Math.max(...stretches.map(({ duration }) => duration))).toBeLessThanOrEqual(90_000 + 20 * 90 * 2);
  });

  it('ends a part before it grows over its bound in bytes', () => {
    const segments = assemble(
      { seed: 3, seconds: 4, maximumPictureBytes: 20_000 },
      { maximumPartBytes: 50_000 },
    );

    const parts = segments.flatMap((segment) => segment.parts);
    expect(parts.length).toBeGreaterThan(10);
    const mediaBytes = parts.map((part) => part.byteLength - (part.chunks[0]?.byteLength ?? 0));
    expect(Math.max(...mediaBytes)).toBeLessThanOrEqual(50_000);
  });

  it('begins with the first sync picture of a described stream', () => {
    const { description, samples } = syntheticStream({ seed: 4, seconds: 3, withAudio: true });
    const assembler = new PartAssembler(limits);

    expect(feed(assembler, samples)).toEqual([]);
    assembler.describe(description);
    const afterSync = samples.slice(samples.findIndex(({ dts90k }) => dts90k > 40_000));
    const segments = segmentsFrom([...feed(assembler, afterSync), ...assembler.end()]);

    expect(segments[0]?.start.startUtcMs).toBe(1_700_000_001_000);
    expect(writtenData(segments)[0]).toBe(
      samples.find(({ dts90k, isSync }) => dts90k >= 90_000 && isSync)?.data,
    );
  });

  it('writes sound although the picture stands still', () => {
    const { description, samples } = syntheticStream({ seed: 5, seconds: 9, withAudio: true });
    const assembler = new PartAssembler(limits);
    assembler.describe(description);
    const frozen = samples.filter(({ track, dts90k }) => track === 'audio' || dts90k < 45_000);

    const segments = segmentsFrom(feed(assembler, frozen));

    expect(segments).toHaveLength(1);
    expect(segments[0]?.parts.length).toBeGreaterThanOrEqual(4);
    expect(assembler.heldBytes).toBeLessThan(30_000);
  });

  it('starts a file where leading sound starts, and says where the picture does', async () => {
    const { description, samples } = syntheticStream({
      seed: 6,
      seconds: 12,
      withAudio: true,
      audioLateMs: 300,
    });
    const assembler = new PartAssembler(limits);
    assembler.describe(description);
    const segments = segmentsFrom([...feed(assembler, samples), ...assembler.end()]);

    const [, second] = segments;
    if (second === undefined) throw new Error('There are three segments.');
    expect(second.start.startUtcMs).toBe(1_700_000_005_000);
    expect(second.start.mediaStart90k).toBeGreaterThan(20_000);
    const [firstPart] = (await scan(second)).parts;
    expect(firstPart?.tracks.map(({ baseDecodeTime }) => baseDecodeTime)).toEqual([
      second.start.mediaStart90k,
      0,
    ]);
    expect(new Set(writtenData(segments))).toEqual(new Set(samples.map(({ data }) => data)));
  });

  it('makes the first segment longer or shorter by the stagger, the others not', () => {
    expect(lengths90k(-2000)).toEqual([270_000, 450_000, 450_000, 450_000]);
    expect(lengths90k(2000)).toEqual([630_000, 450_000, 450_000, 90_000]);
  });

  it('starts anew with another generation, and the last picture before it lasts until then', () => {
    const { description, samples } = syntheticStream({ seed: 8, seconds: 3 });
    const assembler = new PartAssembler(limits);
    assembler.describe(description);
    const events = feed(assembler, samples.slice(0, 30));
    assembler.describe(syntheticDescription(false, 2));
    events.push(...feed(assembler, samples.slice(50)), ...assembler.end());

    const segments = segmentsFrom(events);
    expect(
      segments.map(({ start, parts, end }) => ({
        generation: start.description.generation,
        lengths90k: parts.map((part) => part.segmentDuration90k),
        end,
      })),
    ).toEqual([
      { generation: 1, lengths90k: [90_000, 180_000], end: 'cut' },
      { generation: 2, lengths90k: [90_000], end: 'stopped' },
    ]);
  });

  it('forgets what it holds when told to, and counts it', () => {
    const { description, samples } = syntheticStream({ seed: 9, seconds: 3 });
    const assembler = new PartAssembler(limits);
    assembler.describe(description);
    feed(assembler, samples.slice(0, 60));

    expect(assembler.discard()).toBe(10);
    expect(assembler.heldBytes).toBe(0);
    expect(feed(assembler, samples.slice(60, 75))).toEqual([]);
    expect(assembler.end()).toEqual([]);
  });

  const firstSeed = Number(process.env['BELVEDERE_TEST_SEED'] ?? Date.now() % 2 ** 31);
  it.each(Array.from({ length: 40 }, (_, round) => firstSeed + round))(
    'loses, doubles and reorders nothing (seed %i)',
    async (seed) => {
      const random = mulberry32(seed);
      const options: SyntheticOptions = {
        seed,
        seconds: 5 + random() * 20,
        framesPerSecond: 1 + Math.floor(random() * 60),
        gopFrames: 1 + Math.floor(random() * 100),
        maximumPictureBytes: random() * 500,
        jitterMs: random() * 7,
        withAudio: random() < 0.7,
        audioLateMs: random() * 400,
      };
      const { description, samples } = syntheticStream(options);
      const isBoundedByTime = random() < 0.5;
      const assembler = new PartAssembler({
        ...limits,
        maximumPartBytes: isBoundedByTime ? 1_000_000 : 500 + random() * 20_000,
        segmentDurationMs: 1000 + random() * 8000,
      });
      assembler.describe(description);
      const events: AssemblyEvent[] = [];
      for (const sample of samples) events.push(...assembler.add(sample));
      events.push(...assembler.end());

      const segments = segmentsFrom(events);
      const written = writtenData(segments);
      const pictures = new Set(dataOf(samples, 'video'));
      expect(written.filter((data) => pictures.has(data))).toEqual(dataOf(samples, 'video'));
      // Sound that arrives before the first picture has no segment to go to.
      const afterFirstPicture = samples.slice(samples.findIndex(({ track }) => track === 'video'));
      const due = dataOf(afterFirstPicture, 'audio');
      const sounds = new Set(written.filter((data) => !pictures.has(data)));
      expect([...sounds]).toEqual(due.filter((data) => sounds.has(data)));
      expect(sounds.size + assembler.soundsDropped).toBe(due.length);
      expect(isBoundedByTime ? assembler.soundsDropped : 0).toBe(0);
      expect(assembler.heldBytes).toBe(0);
      for (const segment of segments) {
        const scanned = await scan(segment);
        expect(scanned).not.toHaveProperty('damage');
        for (const trackId of [1, 2]) expectContiguous(scanned, trackId);
        expect(scanned.parts[0]?.tracks[0]?.startsWithSync).toBe(true);
      }
    },
  );
});

/** Each part begins where the one before it ended. */
function expectContiguous({ parts }: ScannedFile, trackId: number): void {
  const stretches = parts.flatMap(({ tracks }) => tracks.filter((track) => track.trackId === trackId));
  const ends = stretches.map(({ baseDecodeTime, duration }) => baseDecodeTime + duration);
  const starts = stretches.map(({ baseDecodeTime }) => baseDecodeTime);
  expect(starts.slice(1)).toEqual(ends.slice(0, -1));
}

function counted(samples: readonly Sample[]): { samples: readonly Sample[]; readonly held: () => number } {
  let holders = 0;
  const memory = {
    retain: () => {
      holders += 1;
    },
    release: () => {
      holders -= 1;
    },
  };
  return { samples: samples.map((sample) => ({ ...sample, memory })), held: () => holders };
}

describe('the memory of samples', () => {
  it('is held until the part is written, over cuts and to the end', () => {
    const { description, samples } = syntheticStream({ seed: 5, seconds: 12, withAudio: true });
    const { samples: fed, held } = counted(samples);
    const assembler = new PartAssembler(limits);
    assembler.describe(description);
    const events = [...feed(assembler, fed), ...assembler.end()];
    expect(held()).toBe(samples.length);
    for (const event of events) if (event.kind === 'part') event.part.release();
    expect(held()).toBe(0);
  });

  it('is released when what is held is discarded', () => {
    const { description, samples } = syntheticStream({ seed: 5, seconds: 0.5, withAudio: true });
    const { samples: fed, held } = counted(samples);
    const assembler = new PartAssembler(limits);
    assembler.describe(description);
    feed(assembler, fed);
    expect(held()).toBe(samples.length);
    assembler.discard();
    expect(held()).toBe(0);
  });
});
