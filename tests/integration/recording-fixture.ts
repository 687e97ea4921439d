import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AacTrack, H264Track, Sample, StreamDescription } from '../../src/engine/media/sample.ts';

/** Real video and sound for the recorder: ffmpeg makes them, and ffmpeg and ffprobe judge what became of them. */

const run = promisify(execFile);
const outputLimitBytes = 64 * 1024 ** 2;

/** Why tests with ffmpeg are skipped, or nothing. */
export const ffmpegMissing: string | undefined = ['ffmpeg', 'ffprobe'].find(
  (tool) => spawnSync(tool, ['-version']).error !== undefined,
);

function words(text: string): string[] {
  return text.split(' ');
}

/** An empty directory that is removed with everything in it. */
export async function temporaryDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'belvedere-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export interface SourceOptions {
  readonly seconds: number;
  readonly framesPerSecond: number;
  readonly size: string;
  readonly gopFrames: number;
  readonly bFrames?: number;
  readonly withAudio?: boolean;
}

export interface Stream {
  readonly description: StreamDescription;
  /** In the order a camera would send them. */
  readonly samples: readonly Sample[];
}

export interface MediaSource extends Stream {
  /** MD5 of each decoded picture, in display order. */
  readonly pictureHashes: readonly string[];
}

/** When the made stream begins. */
export const sourceStart = { utcMs: Date.UTC(2026, 0, 2, 3, 4, 5), monotonicMs: 50_000 } as const;

export async function makeSource(directory: string, options: SourceOptions): Promise<MediaSource> {
  const { mp4, annexB } = videoFiles(directory);
  await run('ffmpeg', [
    ...words('-v error -y -f lavfi -i'),
    `testsrc2=size=${options.size}:rate=${options.framesPerSecond}:duration=${options.seconds}`,
    ...words('-c:v libx264 -preset ultrafast -threads 1 -pix_fmt yuv420p -sc_threshold 0'),
    ...words(
      `-profile:v ${options.bFrames ? 'main' : 'baseline'} -bf ${options.bFrames ?? 0} -g ${options.gopFrames}`,
    ),
    mp4,
  ]);
  await run('ffmpeg', [
    ...words('-v error -y -i'),
    mp4,
    ...words('-c copy -bsf h264_mp4toannexb -f h264'),
    annexB,
  ]);
  if (options.withAudio) await makeSound(directory, options.seconds);
  return { ...(await readSource(directory, options)), pictureHashes: await pictureHashes([mp4]) };
}

/** What `makeSource` left in the directory, for another process. */
export async function readSource(directory: string, options: SourceOptions): Promise<Stream> {
  const { framesPerSecond } = options;
  const [width, height] = options.size.split('x').map(Number);
  if (width === undefined || height === undefined) throw new Error(`${options.size} is not a size.`);
  const { mp4, annexB } = videoFiles(directory);
  const presentation = options.bFrames ? await presentationOrder(mp4, framesPerSecond) : [];
  const { sps, pps, pictures } = readAnnexB(await readFile(annexB));
  const video: H264Track = { kind: 'video', codec: 'h264', sps, pps, width, height };
  const frameDuration90k = 90_000 / framesPerSecond;
  const samples = pictures.map(({ data, isSync }, index): Sample => {
    const dts90k = Math.round(index * frameDuration90k);
    const pts90k = Math.round((presentation[index] ?? index) * frameDuration90k);
    return at({ track: 'video', data, isSync }, { dts90k, pts90k });
  });
  const audio = options.withAudio ? await readSound(directory) : undefined;
  return {
    description: { generation: 1, video, ...(audio === undefined ? {} : { audio: audio.track }) },
    samples: [...samples, ...(audio?.samples ?? [])].sort((a, b) => a.dts90k - b.dts90k),
  };
}

/** The same sample later on all clocks. */
export function later(sample: Sample, byMs: number): Sample {
  return {
    ...sample,
    dts90k: sample.dts90k + byMs * 90,
    pts90k: sample.pts90k + byMs * 90,
    arrivalMonotonicMs: sample.arrivalMonotonicMs + byMs,
    utcMs: sample.utcMs + byMs,
  };
}

/** ffmpeg's own file, for its times, and the same stream as a camera has it. */
function videoFiles(directory: string): { mp4: string; annexB: string } {
  return { mp4: join(directory, 'source.mp4'), annexB: join(directory, 'source.h264') };
}

function soundFile(directory: string): string {
  return join(directory, 'source.aac');
}

function at(
  sample: Pick<Sample, 'track' | 'data' | 'isSync'>,
  time: Pick<Sample, 'dts90k' | 'pts90k'>,
): Sample {
  return {
    ...sample,
    ...time,
    arrivalMonotonicMs: sourceStart.monotonicMs + time.dts90k / 90,
    utcMs: sourceStart.utcMs + time.dts90k / 90,
  };
}

/** When each picture is shown, in frames after the first is decoded, in decoding order. */
async function presentationOrder(mp4: string, framesPerSecond: number): Promise<number[]> {
  const lines = await probe(mp4, ['-select_streams', 'v', '-show_entries', 'packet=pts_time,dts_time']);
  const times = lines.map((line) => line.split(',').map(Number));
  const firstDecoding = times[0]?.[1] ?? 0;
  return times.map(([presentation = NaN]) => Math.round((presentation - firstDecoding) * framesPerSecond));
}

interface AnnexB {
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
  readonly pictures: readonly { data: Uint8Array; isSync: boolean }[];
}

/** Splits at start codes (ITU-T H.264 Annex B); one slice a picture, as made above. */
function readAnnexB(stream: Buffer): AnnexB {
  let sps: Uint8Array | undefined;
  let pps: Uint8Array | undefined;
  const pictures: { data: Uint8Array; isSync: boolean }[] = [];
  let pending: Uint8Array[] = [];
  for (const nal of nalUnits(stream)) {
    const type = (nal[0] ?? 0) & 0x1f;
    if (type === 7) sps = nal;
    else if (type === 8) pps = nal;
    else if (type !== 9) pending.push(nal);
    if (type === 1 || type === 5) {
      pictures.push({ data: withLengths(pending), isSync: type === 5 });
      pending = [];
    }
  }
  if (sps === undefined || pps === undefined) throw new Error('ffmpeg made no parameter sets.');
  return { sps, pps, pictures };
}

function nalUnits(stream: Buffer): Uint8Array[] {
  const startCode = Buffer.from([0, 0, 1]);
  const units: Uint8Array[] = [];
  let start = stream.indexOf(startCode);
  while (start >= 0) {
    const next = stream.indexOf(startCode, start + 3);
    let end = next < 0 ? stream.byteLength : next;
    // Zeros before a start code belong to it; a NAL unit never ends with one.
    while (stream[end - 1] === 0) end -= 1;
    units.push(stream.subarray(start + 3, end));
    start = next;
  }
  return units;
}

function withLengths(nals: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    nals.flatMap((nal) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(nal.byteLength);
      return [length, nal];
    }),
  );
}

const sound = { sampleRate: 48_000, channels: 1, samplesPerFrame: 1024 } as const;

async function makeSound(directory: string, seconds: number): Promise<void> {
  await run('ffmpeg', [
    ...words('-v error -y -f lavfi -i'),
    `sine=frequency=440:sample_rate=${sound.sampleRate}:duration=${seconds}`,
    ...words(`-c:a aac -b:a 64k -ac ${sound.channels} -f adts`),
    soundFile(directory),
  ]);
}

async function readSound(directory: string): Promise<{ track: AacTrack; samples: Sample[] }> {
  const frames = adtsFrames(await readFile(soundFile(directory)));
  const track: AacTrack = {
    kind: 'audio',
    codec: 'aac',
    // ISO/IEC 14496-3 §1.6.2.1: AAC-LC (2), index 3 (48 kHz), one channel.
    audioSpecificConfig: Uint8Array.from([0x11, 0x88]),
    ...sound,
  };
  const samples = frames.map((data, index): Sample => {
    const dts90k = Math.round((index * sound.samplesPerFrame * 90_000) / sound.sampleRate);
    return at({ track: 'audio', data, isSync: true }, { dts90k, pts90k: dts90k });
  });
  return { track, samples };
}

/** ISO/IEC 13818-7 §6.2: 7 bytes of header, 13 bits of length. */
function adtsFrames(stream: Buffer): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let offset = 0; offset + 7 <= stream.byteLength;) {
    const length = (stream.readUIntBE(offset + 3, 3) >> 5) & 0x1fff;
    frames.push(stream.subarray(offset + 7, offset + length));
    offset += length;
  }
  return frames;
}

/** Lines of `ffprobe -of csv`, without the section names. */
export async function probe(file: string, args: readonly string[]): Promise<string[]> {
  const { stdout } = await run('ffprobe', ['-v', 'error', ...args, '-of', 'csv=p=0', file], {
    maxBuffer: outputLimitBytes,
  });
  return stdout.split('\n').filter((line) => line !== '');
}

/** What ffmpeg complains about when it decodes everything; empty when it does not. */
export async function decodingComplaints(file: string): Promise<string> {
  const { stderr } = await run('ffmpeg', ['-v', 'error', '-i', file, '-f', 'null', '-'], {
    maxBuffer: outputLimitBytes,
  });
  return stderr;
}

/** MD5 of each decoded picture of the files, one after the other. */
export async function pictureHashes(files: readonly string[]): Promise<string[]> {
  const hashes: string[] = [];
  for (const file of files) {
    const { stdout } = await run(
      'ffmpeg',
      ['-v', 'error', '-i', file, '-map', '0:v', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'],
      { maxBuffer: outputLimitBytes },
    );
    const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    hashes.push(...lines.map((line) => line.split(',').at(-1)?.trim() ?? ''));
  }
  return hashes;
}

/** Presentation times of all packets of one kind, in 1/timescale, in file order. */
export async function packetTimes(
  file: string,
  stream: 'v' | 'a',
): Promise<{ pts: number; dts: number; duration: number }[]> {
  const lines = await probe(file, ['-select_streams', stream, '-show_entries', 'packet=pts,dts,duration']);
  return lines.map((line) => {
    const [pts, dts, duration] = line.split(',').map(Number);
    return { pts: pts ?? NaN, dts: dts ?? NaN, duration: duration ?? NaN };
  });
}
