/** Streams with known samples, made by ffmpeg, for outputs to be judged by. */
import { execFileSync } from 'node:child_process';
import { videoTrackFrom } from '../../src/engine/media/parameter-sets.ts';
import type { JoinableStream } from '../../src/engine/live/index.ts';
import type { AudioTrack, Sample, StreamDescription, VideoTrack } from '../../src/engine/media/sample.ts';

export interface KnownMedia {
  readonly description: StreamDescription;
  /** In decoding order. */
  readonly samples: readonly Sample[];
  /** The pictures as ffmpeg made them, to be decoded for comparison. */
  readonly annexB: Buffer;
}

const FRAMES_A_SECOND = 25;
const MAX_OUTPUT_BYTES = 16 * 1024 ** 2;
const START_UTC_MS = Date.UTC(2026, 0, 1);

const videoCodecs = {
  h264: { encoder: 'libx264', options: ['-bf', '0'], aud: 'h264_metadata=aud=insert', typeOf: h264Type },
  h265: {
    encoder: 'libx265',
    options: ['-x265-params', 'log-level=none:bframes=0:keyint=25'],
    aud: 'hevc_metadata=aud=insert',
    typeOf: h265Type,
  },
} as const;

/** NAL unit types that are no part of a sample: parameter sets and delimiters. */
const apart = {
  h264: { sps: 7, pps: 8, aud: 9, vps: undefined, sync: [5] },
  h265: { sps: 33, pps: 34, aud: 35, vps: 32, sync: [19, 20, 21] },
} as const;

/** Two seconds of a test picture with a keyframe each second, and sound where asked. */
export function makeMedia(codec: 'h264' | 'h265', audio?: 'aac' | 'pcmu' | 'pcma' | 'opus'): KnownMedia {
  const { encoder, options, aud, typeOf } = videoCodecs[codec];
  const size = ['-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=${FRAMES_A_SECOND}`, '-frames:v', '50'];
  const format = ['-pix_fmt', 'yuv420p', '-bsf:v', aud, '-f', codec === 'h264' ? 'h264' : 'hevc', '-'];
  const annexB = ffmpeg([...size, '-c:v', encoder, '-g', '25', ...options, ...format]);
  const types = apart[codec];
  const units = accessUnits(nalUnitsOf(annexB), (nal) => typeOf(nal) === types.aud);
  const all = units.flat();
  const set = (type: number | undefined): Buffer =>
    all.find((nal) => typeOf(nal) === type) ?? Buffer.alloc(0);
  const [vps, sps, pps] = [set(types.vps), set(types.sps), set(types.pps)];
  const video = videoTrackFrom(codec === 'h264' ? { codec, sps, pps } : { codec, vps, sps, pps });
  if (video === undefined) throw new Error(`ffmpeg made ${codec} that the engine does not understand.`);
  const apartTypes = new Set<number | undefined>([types.vps, types.sps, types.pps, types.aud]);
  const pictures = units.map((unit, index) => {
    const nals = unit.filter((nal) => !apartTypes.has(typeOf(nal)));
    const isSync = nals.some((nal) => types.sync.some((type) => type === typeOf(nal)));
    return sample('video', withLengths(nals), { time90k: (index * 90_000) / FRAMES_A_SECOND, isSync });
  });
  return { ...withAudio(video, pictures, audio), annexB };
}

/** Gives all of its samples at once to whoever joins, and then it ends. */
export function endingStream({
  description,
  samples,
}: Pick<KnownMedia, 'description' | 'samples'>): JoinableStream {
  return {
    join(subscriber) {
      subscriber.onDescription(description);
      for (const each of samples) subscriber.onSample(each);
      subscriber.onInterruption({ kind: 'stopped', detail: 'The stream is over.' });
      return { [Symbol.dispose]: () => undefined };
    },
  };
}

function withAudio(
  video: VideoTrack,
  pictures: readonly Sample[],
  codec: 'aac' | 'pcmu' | 'pcma' | 'opus' | undefined,
): Pick<KnownMedia, 'description' | 'samples'> {
  if (codec === undefined) return { description: { generation: 1, video }, samples: pictures };
  const { track, frames, frameTicks90k } = audioOf(codec);
  const sounds = frames.map((data, index) =>
    sample('audio', data, { time90k: Math.round(index * frameTicks90k), isSync: true }),
  );
  // A stream begins with a picture.
  const samples = [...pictures, ...sounds].toSorted((left, right) => left.dts90k - right.dts90k);
  return { description: { generation: 1, video, audio: track }, samples };
}

interface Sound {
  readonly track: AudioTrack;
  readonly frames: readonly Buffer[];
  readonly frameTicks90k: number;
}

function audioOf(codec: 'aac' | 'pcmu' | 'pcma' | 'opus'): Sound {
  switch (codec) {
    case 'aac': {
      const frames = adtsFrames(ffmpeg([...tone(32_000), '-c:a', 'aac', '-f', 'adts', '-']));
      const track: AudioTrack = {
        kind: 'audio',
        codec,
        // AAC-LC, 32 kHz, one channel: ISO/IEC 14496-3 §1.6.2.1.
        audioSpecificConfig: Buffer.from([0x12, 0x88]),
        sampleRate: 32_000,
        channels: 1,
        samplesPerFrame: 1_024,
      };
      return { track, frames, frameTicks90k: 2_880 };
    }
    case 'pcmu':
    case 'pcma': {
      const name = codec === 'pcmu' ? 'mulaw' : 'alaw';
      const bytes = ffmpeg([...tone(8_000), '-c:a', `pcm_${name}`, '-f', name, '-']);
      const count = Math.floor(bytes.length / 320);
      const frames = Array.from({ length: count }, (_, index) =>
        bytes.subarray(index * 320, (index + 1) * 320),
      );
      return {
        track: { kind: 'audio', codec, sampleRate: 8_000, channels: 1 },
        frames,
        frameTicks90k: 3_600,
      };
    }
    case 'opus': {
      const pages = ffmpeg([
        ...tone(48_000),
        '-c:a',
        'libopus',
        '-page_duration',
        '20000',
        '-f',
        'opus',
        '-',
      ]);
      const [head, , ...frames] = oggPackets(pages);
      const preSkip = head?.readUInt16LE(10) ?? 0;
      const track: AudioTrack = { kind: 'audio', codec, sampleRate: 48_000, channels: 1, preSkip };
      return { track, frames, frameTicks90k: 1_800 };
    }
  }
}

/** ffmpeg's input: two seconds of sound. */
function tone(rate: number): readonly string[] {
  return ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=${rate}:duration=2`];
}

function ffmpeg(args: readonly string[]): Buffer {
  return execFileSync('ffmpeg', ['-v', 'error', ...args], { maxBuffer: MAX_OUTPUT_BYTES });
}

function sample(
  track: Sample['track'],
  data: Buffer,
  { time90k, isSync }: { readonly time90k: number; readonly isSync: boolean },
): Sample {
  const utcMs = START_UTC_MS + time90k / 90;
  return { track, data, dts90k: time90k, pts90k: time90k, isSync, arrivalMonotonicMs: time90k / 90, utcMs };
}

/** ITU-T H.264 §B.1, H.265 alike. */
export function nalUnitsOf(annexB: Buffer): readonly Buffer[] {
  const starts: number[] = [];
  for (let at = annexB.indexOf('000001', 0, 'hex'); at !== -1; at = annexB.indexOf('000001', at + 3, 'hex')) {
    starts.push(at + 3);
  }
  return starts.map((start, index) => {
    let end = (starts[index + 1] ?? annexB.length + 3) - 3;
    while (annexB[end - 1] === 0) end -= 1;
    return annexB.subarray(start, end);
  });
}

function accessUnits(
  nals: readonly Buffer[],
  startsUnit: (nal: Buffer) => boolean,
): readonly (readonly Buffer[])[] {
  const units: Buffer[][] = [];
  for (const nal of nals) {
    if (startsUnit(nal)) units.push([]);
    units.at(-1)?.push(nal);
  }
  return units;
}

function withLengths(nals: readonly Buffer[]): Buffer {
  return Buffer.concat(
    nals.flatMap((nal) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(nal.length);
      return [length, nal];
    }),
  );
}

function h264Type(nal: Buffer): number {
  return nal.readUInt8(0) & 0x1f;
}

function h265Type(nal: Buffer): number {
  return (nal.readUInt8(0) >> 1) & 0x3f;
}

/** ISO/IEC 14496-3 §1.A.2.2, without CRC. */
function adtsFrames(bytes: Buffer): readonly Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + 7 <= bytes.length;) {
    const length = (bytes.readUInt32BE(at + 2) >>> 5) & 0x1fff;
    frames.push(bytes.subarray(at + 7, at + length));
    at += length;
  }
  return frames;
}

/** RFC 3533 §6, packets that do not go over the end of a page. */
function oggPackets(bytes: Buffer): readonly Buffer[] {
  const packets: Buffer[] = [];
  for (let page = 0; page < bytes.length;) {
    const segments = bytes.subarray(page + 27, page + 27 + bytes.readUInt8(page + 26));
    let at = page + 27 + segments.length;
    let length = 0;
    for (const segment of segments) {
      length += segment;
      if (segment === 255) continue;
      packets.push(bytes.subarray(at, at + length));
      at += length;
      length = 0;
    }
    page = at;
  }
  return packets;
}
