/** Records what a source sends into files, track by track, and asks tools that are not ours what they hold. */
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from 'mediabunny';
import { z } from 'zod';
import { createStreamIngest, rtspSource } from '../../src/engine/ingest/index.ts';
import type { StreamIngest } from '../../src/engine/ingest/index.ts';
import { audioSampleDuration } from '../../src/engine/media/audio.ts';
import {
  companionFileTracks,
  mainFileTracks,
  metadataTimescale,
  videoTimescale,
  writeInit,
  writePart,
} from '../../src/engine/media/fmp4/index.ts';
import type { InitTracks, PartTrack } from '../../src/engine/media/fmp4/index.ts';
import type {
  Interruption,
  Sample,
  StreamDescription,
  StreamSubscriber,
} from '../../src/engine/media/sample.ts';
import { SlabPool } from '../../src/engine/media/slab-pool.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { DEFAULT_STREAM_OVERRIDES } from '../../src/shared/engine-api/overrides.ts';
import { MemoryLog } from './memory-log.ts';

/** What came under one description. */
export interface Generation {
  readonly description: StreamDescription;
  readonly samples: Sample[];
}

/** Keeps what a stream yields, generation by generation. */
export class GenerationSubscriber implements StreamSubscriber {
  readonly generations: Generation[] = [];
  readonly interruptions: Interruption[] = [];
  #wake = Promise.withResolvers<void>();

  onDescription(description: StreamDescription): void {
    this.generations.push({ description, samples: [] });
    this.#announce();
  }

  onSample({ memory: _memory, ...sample }: Sample): void {
    this.generations.at(-1)?.samples.push({ ...sample, data: Buffer.from(sample.data) });
    this.#announce();
  }

  onInterruption(interruption: Interruption): void {
    this.interruptions.push(interruption);
    this.#announce();
  }

  /** Resolves as soon as the condition holds. */
  async until(
    condition: (generations: readonly Generation[]) => boolean,
    deadlineMs = 30_000,
  ): Promise<void> {
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const seen = this.generations.map(
        ({ description, samples }) => `${samples.length} of ${description.video.codec}`,
      );
      reject(
        new Error(
          `What was waited for did not come within ${deadlineMs} ms; seen: ${seen.join()} ${JSON.stringify(this.interruptions)}`,
        ),
      );
    }, deadlineMs);
    try {
      while (!condition(this.generations)) await Promise.race([this.#wake.promise, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  #announce(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** Ingest of an RTSP stream with all of its tracks. */
export function ingestOf(
  url: string,
  subscriber: StreamSubscriber,
  credentials?: { readonly username: string; readonly password: string },
): StreamIngest {
  const clock = createSystemClock();
  const log = new MemoryLog();
  const ingest = createStreamIngest({
    openSource: rtspSource({
      url,
      credentials,
      clock,
      log,
      slabPool: new SlabPool({ maximumIdleBytes: 1024 ** 2 }),
      overrides: { ...DEFAULT_STREAM_OVERRIDES, metadata: true },
    }),
    clock,
    log,
  });
  ingest.subscribe(subscriber);
  ingest.start();
  return ingest;
}

/** Up to the last sync picture: what follows may be shown after pictures that have not come. */
export function wholeGroups({ description, samples }: Generation): Generation {
  const end = samples.findLastIndex(({ track, isSync }) => track === 'video' && isSync);
  return { description, samples: samples.slice(0, end) };
}

export interface RecordedFiles {
  readonly main: string;
  readonly companions: readonly string[];
}

/** Writes the main file and those beside it, as a recorder would, a part for each group of pictures. */
export async function writeFiles(directory: string, generation: Generation): Promise<RecordedFiles> {
  const { description } = generation;
  const write = async (name: string, tracks: InitTracks): Promise<string> => {
    const path = join(directory, `${description.generation}-${name}.mp4`);
    await writeFile(path, fileOf(generation, tracks));
    return path;
  };
  const companions = companionFileTracks(description).map((tracks) =>
    write(tracks.metadata === undefined ? 'sound' : 'metadata', tracks),
  );
  return {
    main: await write('main', mainFileTracks(description)),
    companions: await Promise.all(companions),
  };
}

function fileOf({ samples }: Generation, tracks: InitTracks): Buffer {
  const origin90k = samples[0]?.dts90k ?? 0;
  const cuts = samples.filter(({ track, isSync }) => track === 'video' && isSync).map(({ dts90k }) => dts90k);
  const parts = cuts.map((start, index) => {
    const end = cuts[index + 1] ?? Number.POSITIVE_INFINITY;
    return (['video', 'audio', 'metadata'] as const)
      .filter((track) => tracks[track] !== undefined)
      .map((track) => partTrack(samples, { track, tracks, origin90k, start, end }));
  });
  const written = parts
    .filter((part) => part.some((track) => track.samples.length > 0))
    .flatMap((part, index) => writePart(index + 1, part).chunks);
  return Buffer.concat([writeInit(tracks), ...written]);
}

function partTrack(
  all: readonly Sample[],
  place: {
    readonly track: Sample['track'];
    readonly tracks: InitTracks;
    readonly origin90k: number;
    readonly start: number;
    readonly end: number;
  },
): PartTrack {
  const { track, tracks, origin90k } = place;
  const { audio } = tracks;
  const timescales = { video: videoTimescale, audio: audio?.sampleRate ?? 0, metadata: metadataTimescale };
  const timeOf = ({ dts90k }: Sample): number =>
    Math.round(((dts90k - origin90k) * timescales[track]) / 90_000);
  const ofTrack = all.filter((sample) => sample.track === track && sample.dts90k >= origin90k);
  const first = ofTrack.findIndex(({ dts90k }) => dts90k >= place.start);
  const samples = ofTrack.filter(({ dts90k }) => dts90k >= place.start && dts90k < place.end);
  const lastDuration = (sample: Sample): number =>
    track === 'audio' && audio !== undefined
      ? audioSampleDuration(audio, sample.data)
      : timescales[track] / 15;
  return {
    track,
    baseDecodeTime: samples[0] === undefined ? 0 : timeOf(samples[0]),
    samples: samples.map((sample, index) => {
      const following = ofTrack[first + index + 1];
      return {
        data: sample.data,
        duration: following === undefined ? lastDuration(sample) : timeOf(following) - timeOf(sample),
        compositionOffset: sample.pts90k - sample.dts90k,
        isSync: sample.isSync,
      };
    }),
  };
}

/** MD5 of every decoded picture in the order of display, by ffmpeg; with what it complained about. */
export function pictureHashes(path: string): {
  readonly hashes: readonly string[];
  readonly complaints: string;
} {
  const { stdout, stderr } = spawnSync(
    'ffmpeg',
    ['-v', 'error', '-i', path, '-map', '0:v', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'],
    { encoding: 'utf8' },
  );
  const hashes = stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)?.trim() ?? '');
  return { hashes, complaints: stderr };
}

const Packets = z.object({
  streams: z.array(z.object({ codec_name: z.string().optional(), codec_tag_string: z.string() })),
  packets: z.array(z.object({ pts_time: z.coerce.number(), data_hash: z.string() })),
});
export type ProbedPackets = z.infer<typeof Packets>;

/** The packets of one kind of track as ffprobe finds them. */
export function probePackets(path: string, kind: 'v' | 'a' | 'd'): ProbedPackets {
  const { stdout, stderr, status } = spawnSync(
    'ffprobe',
    ['-v', 'error', '-select_streams', kind, '-show_data_hash', 'md5']
      .concat(['-show_entries', 'packet=pts_time,data_hash:stream=codec_name,codec_tag_string'])
      .concat(['-of', 'json', path]),
    { encoding: 'utf8' },
  );
  if (status !== 0 || stderr !== '') throw new Error(`ffprobe about ${path}: ${stderr}`);
  return Packets.parse(JSON.parse(stdout));
}

/** Codec and packets of every track as mediabunny finds them. */
export async function readWithMediabunny(
  path: string,
): Promise<
  readonly { readonly codec: string | null; readonly parameters: string | null; readonly packets: number }[]
> {
  using input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
  const tracks = await input.getTracks();
  return await Promise.all(
    tracks.map(async (track) => {
      let packets = 0;
      for await (const packet of new EncodedPacketSink(track).packets())
        packets += packet.byteLength > 0 ? 1 : 0;
      return { codec: track.codec, parameters: await track.getCodecParameterString(), packets };
    }),
  );
}
