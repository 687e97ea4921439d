/** Live H.265 as the page's player reads it: mpegts.js's own demuxer on the tags that we write. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { writeConfigurationTags, writeFlvHeader, writeSampleTag } from '../../src/engine/media/flv/index.ts';
import { hevcDecoderConfiguration } from '../../src/engine/media/h265.ts';
import { videoTrackFrom } from '../../src/engine/media/parameter-sets.ts';
import type { Sample, StreamDescription } from '../../src/engine/media/sample.ts';
import { h265NalTypeOf } from '../../src/sim/clip/annex-b-h265.ts';
import { loadVideoClip } from '../../src/sim/clip/codec-clips.ts';
import { temporaryDirectory } from './codec-clips.ts';

interface DemuxedSample {
  readonly dts: number;
  readonly pts: number;
  readonly isKeyframe: boolean;
  readonly length: number;
}

interface DemuxedTrack {
  samples: DemuxedSample[];
  length: number;
}

interface Demuxer {
  onError: (type: string, words: string) => void;
  onMediaInfo: (info: unknown) => void;
  onTrackMetadata: (type: string, metadata: { readonly codec: string; readonly hvcc: Uint8Array }) => void;
  onDataAvailable: (audio: DemuxedTrack, video: DemuxedTrack) => void;
  parseChunks(chunk: ArrayBuffer, byteStart: number): number;
}

type DemuxerConstructor = new (probe: object, config: object) => Demuxer;

const DemuxerModule = z.object({
  default: z.custom<DemuxerConstructor>((value) => typeof value === 'function'),
});

/** The demuxer inside mpegts.js, which its package does not export. */
async function loadDemuxer(directory: string): Promise<DemuxerConstructor> {
  const input = join(import.meta.dirname, '../../node_modules/mpegts.js/src/demux/flv-demuxer.js');
  const bundle = await rolldown({ input, platform: 'browser' });
  const { output } = await bundle.generate({ format: 'esm' });
  await bundle.close();
  const file = join(directory, 'flv-demuxer.mjs');
  await writeFile(file, output[0].code);
  return DemuxerModule.parse({ ...(await import(pathToFileURL(file).href)) }).default;
}

const FRAME_TICKS = 6000;
/** No picture is shown before it is decoded. */
const REORDERED = 3;

async function h265Stream() {
  const clip = await loadVideoClip('h265-open');
  if (clip.codec !== 'h265') throw new Error('The clip is H.265.');
  const video = videoTrackFrom(clip);
  if (video === undefined) throw new Error('The clip has parameter sets that make sense.');
  const samples = clip.accessUnits.map(({ nalUnits, keyframe, presentationShift = 0 }, index): Sample => {
    const sized = nalUnits.flatMap((nal) =>
      h265NalTypeOf(nal) < 32 ? [Buffer.from([0, 0, nal.length >> 8, nal.length & 0xff]), nal] : [],
    );
    return {
      track: 'video',
      data: Buffer.concat(sized),
      dts90k: index * FRAME_TICKS,
      pts90k: (index + presentationShift + REORDERED) * FRAME_TICKS,
      isSync: keyframe,
      arrivalMonotonicMs: 0,
      utcMs: 0,
    };
  });
  const description: StreamDescription = { generation: 1, video };
  return { description, configuration: hevcDecoderConfiguration(clip), samples };
}

it('mpegts.js finds every picture of H.265 with its times, and the configuration', async () => {
  await using directory = await temporaryDirectory();
  const Demuxer = await loadDemuxer(directory.path);
  const { description, configuration, samples } = await h265Stream();
  const stream = Buffer.concat([
    writeFlvHeader(description),
    ...writeConfigurationTags(description, 0, 123_456).flatMap(({ chunks }) => chunks),
    ...samples.flatMap((sample) => writeSampleTag(sample, 0, 'h265').chunks),
  ]);

  const found: DemuxedSample[] = [];
  const configurations: { readonly codec: string; readonly hvcc: string }[] = [];
  const errors: string[] = [];
  const demuxer = new Demuxer({ match: true, dataOffset: 9, hasAudioTrack: false, hasVideoTrack: true }, {});
  demuxer.onError = (_type, words) => errors.push(words);
  demuxer.onMediaInfo = () => undefined;
  demuxer.onTrackMetadata = (_type, { codec, hvcc }) =>
    configurations.push({ codec, hvcc: Buffer.from(hvcc).toString('hex') });
  demuxer.onDataAvailable = (_audio, video) => {
    found.push(...video.samples);
    video.samples = [];
    video.length = 0;
  };
  // What it has not used up it wants again, with what follows.
  let position = 0;
  while (position < stream.length) {
    const used = demuxer.parseChunks(Uint8Array.from(stream.subarray(position)).buffer, position);
    if (used === 0) break;
    position += used;
  }

  expect(errors).toEqual([]);
  // It reads profile and level, and writes the same of the rest for every stream.
  expect(configurations).toEqual([
    { codec: 'hvc1.1.1.L63.B0', hvcc: Buffer.from(configuration).toString('hex') },
  ]);
  expect(found.map(({ dts, pts, isKeyframe, length }) => ({ dts, pts, isKeyframe, length }))).toEqual(
    samples.map(({ dts90k, pts90k, isSync, data }) => ({
      dts: Math.round(dts90k / 90),
      pts: Math.round(pts90k / 90),
      isKeyframe: isSync,
      length: data.byteLength,
    })),
  );
});
