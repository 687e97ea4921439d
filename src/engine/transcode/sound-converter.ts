import type { Readable } from 'node:stream';
import { aacTrackFrom } from '../media/aac.ts';
import { audioSampleDuration } from '../media/audio.ts';
import type { AacTrack, AudioTrack, G711Track, OpusTrack, Sample } from '../media/sample.ts';
import { errorCode } from '../platform/layout.ts';
import { AdtsReader } from './adts.ts';
import { collectComplaint, startFfmpeg } from './ffmpeg.ts';
import type { FfmpegProcess } from './ffmpeg.ts';
import { OggOpusWriter } from './ogg-opus.ts';
import { SoundClock } from './sound-clock.ts';

export type ConvertibleTrack = G711Track | OpusTrack;

/** The track as something to convert; undefined for AAC, which needs no conversion. */
export function convertible(track: AudioTrack | undefined): ConvertibleTrack | undefined {
  return track === undefined || track.codec === 'aac' ? undefined : track;
}

/** Bytes on their way into ffmpeg: some seconds of sound. When they do not go, sound is dropped and counted. */
const MAXIMUM_QUEUED_BYTES = 64 * 1024;
/** What ffmpeg's encoder puts before the first sound. */
const PRIMING_SAMPLES = 1024;
const SAMPLES_A_FRAME = 1024;

export interface SoundConverterOptions {
  readonly program: string;
  readonly track: ConvertibleTrack;
  readonly onSound: (sample: Sample) => void;
  /** It ended by itself. Told once, and not after `stop`. */
  readonly onEnded: (detail: string) => void;
  /** Once, however it ends, and before `onEnded`. */
  readonly onStopped: () => void;
  /** Sound was not converted because ffmpeg was too slow. */
  readonly onSoundDropped: () => void;
}

/**
 * Turns sound into AAC with an ffmpeg of its own. Sound goes through pipes in both directions and nowhere else. What comes
 * out is on the timeline of what went in.
 */
export class SoundConverter {
  readonly track: AacTrack;
  readonly #options: SoundConverterOptions;
  readonly #process: FfmpegProcess;
  readonly #clock: SoundClock;
  readonly #reader = new AdtsReader();
  readonly #ogg: OggOpusWriter | undefined;
  #newest: Pick<Sample, 'arrivalMonotonicMs' | 'utcMs' | 'dts90k'> | undefined;
  #framesOut = 0;
  #lastDts90k = Number.NEGATIVE_INFINITY;
  #hasEnded = false;

  constructor(options: SoundConverterOptions) {
    const { program, track } = options;
    this.#options = options;
    this.track = outputTrack(track);
    this.#clock = new SoundClock(track.sampleRate);
    this.#process = startFfmpeg(program, argumentsFor(track, this.track));
    this.#ogg = track.codec === 'opus' ? new OggOpusWriter() : undefined;
    this.#watch(collectComplaint(this.#process.stderr), this.#process.stdout);
    if (this.#ogg !== undefined && track.codec === 'opus') this.#process.stdin.write(this.#ogg.head(track));
  }

  /** Takes a copy of a sample's sound. */
  write(sample: Sample): void {
    if (this.#hasEnded) return;
    const { stdin } = this.#process;
    if (stdin.writableLength > MAXIMUM_QUEUED_BYTES) {
      this.#options.onSoundDropped();
      return;
    }
    this.#clock.note(sample.dts90k, audioSampleDuration(this.#options.track, sample.data));
    this.#newest = sample;
    stdin.write(this.#ogg === undefined ? Buffer.from(sample.data) : this.#ogg.packet(sample.data));
  }

  stop(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#process.kill('SIGKILL');
    this.#options.onStopped();
  }

  #watch(complaint: () => string | undefined, stdout: Readable): void {
    stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#process.stdin.on('error', () => undefined);
    this.#process.once('error', (error) => this.#end(`ffmpeg cannot be started (${errorCode(error)}).`));
    this.#process.once('close', (code) =>
      this.#end(complaint() ?? `ffmpeg ended with ${code ?? 'a signal'}.`),
    );
  }

  #end(detail: string): void {
    if (this.#hasEnded) return;
    this.stop();
    this.#options.onEnded(detail);
  }

  #take(chunk: Buffer): void {
    if (this.#hasEnded) return;
    const frames = this.#reader.push(chunk);
    if (frames === undefined) {
      this.#end('ffmpeg did not make AAC.');
      return;
    }
    for (const frame of frames) this.#emit(frame);
  }

  #emit(data: Buffer): void {
    const position = this.#framesOut * SAMPLES_A_FRAME - PRIMING_SAMPLES;
    this.#framesOut += 1;
    const dts90k = position < 0 ? undefined : this.#clock.dts90kAt(position / this.track.sampleRate);
    const newest = this.#newest;
    if (dts90k === undefined || newest === undefined || dts90k <= this.#lastDts90k) return;
    this.#lastDts90k = dts90k;
    const { arrivalMonotonicMs, utcMs } = newest;
    this.#options.onSound({
      track: 'audio',
      data,
      dts90k,
      pts90k: dts90k,
      isSync: true,
      arrivalMonotonicMs,
      utcMs: utcMs - (newest.dts90k - dts90k) / 90,
    });
  }
}

/** ISO/IEC 14496-3 Table 1.18: 16 kHz is the lowest rate that every browser plays; Opus is 48 kHz. */
const outputRates = { g711: { hertz: 16_000, index: 8 }, opus: { hertz: 48_000, index: 3 } } as const;
const AAC_LC = 2;

/** What ffmpeg is told to make, known before it has made it. */
function outputTrack({ codec, channels }: ConvertibleTrack): AacTrack {
  const { hertz, index } = codec === 'opus' ? outputRates.opus : outputRates.g711;
  const channelCount = Math.min(2, channels);
  const configuration = Buffer.alloc(2);
  configuration.writeUInt16BE((AAC_LC << 11) | (index << 7) | (channelCount << 3));
  const track = aacTrackFrom(configuration);
  if (track === undefined || track.sampleRate !== hertz)
    throw new Error('The output is no AAC that we know.');
  return track;
}

function argumentsFor(input: ConvertibleTrack, output: AacTrack): string[] {
  const [bitrate, rate, channels] = [output.channels * 48_000, output.sampleRate, output.channels].map(
    String,
  );
  return [
    ...'-protocol_whitelist pipe -fflags nobuffer -probesize 32 -analyzeduration 0'.split(' '),
    ...inputArguments(input),
    ...`-i pipe:0 -map 0:a -c:a aac -b:a ${bitrate} -ar ${rate} -ac ${channels}`.split(' '),
    ...'-flush_packets 1 -f adts pipe:1'.split(' '),
  ];
}

function inputArguments({ codec, sampleRate, channels }: ConvertibleTrack): string[] {
  switch (codec) {
    case 'pcmu':
      return ['-f', 'mulaw', '-ar', String(sampleRate), '-ac', String(channels)];
    case 'pcma':
      return ['-f', 'alaw', '-ar', String(sampleRate), '-ac', String(channels)];
    case 'opus':
      return ['-f', 'ogg'];
  }
}
