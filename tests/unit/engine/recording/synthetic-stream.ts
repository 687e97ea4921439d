import type { Sample, StreamDescription } from '../../../../src/engine/media/sample.ts';

export interface SyntheticOptions {
  readonly seed: number;
  readonly seconds: number;
  /** On all clocks. */
  readonly startMs?: number;
  readonly framesPerSecond?: number;
  readonly gopFrames?: number;
  /** Pictures are up to this large. */
  readonly maximumPictureBytes?: number;
  /** Pictures come up to this much early or late. */
  readonly jitterMs?: number;
  readonly withAudio?: boolean;
  /** How much later sound arrives than the picture of its time. */
  readonly audioLateMs?: number;
}

export interface SyntheticStream {
  readonly description: StreamDescription;
  readonly samples: readonly Sample[];
}

const audioRate = 48_000;
const samplesPerAudioFrame = 1024;

/** What a camera could send, made from a seed: no picture can be decoded, and each has other bytes. */
export function syntheticStream(options: SyntheticOptions): SyntheticStream {
  const { seconds, startMs = 0, framesPerSecond = 25, gopFrames = framesPerSecond } = options;
  const { maximumPictureBytes = 4000, jitterMs = 0, withAudio = false, audioLateMs = 0 } = options;
  const random = mulberry32(options.seed);
  const start90k = startMs * 90;
  const video = Array.from({ length: Math.floor(seconds * framesPerSecond) }, (_, index): Sample => {
    const jitter90k = Math.round((random() - 0.5) * 2 * jitterMs * 90);
    const dts90k = start90k + Math.round((index * 90_000) / framesPerSecond) + (index === 0 ? 0 : jitter90k);
    const data = randomBytes(random, 5 + Math.floor(random() * maximumPictureBytes));
    return sampleAt(dts90k, { track: 'video', data, isSync: index % gopFrames === 0 });
  });
  const audioFrames = withAudio ? Math.floor((seconds * audioRate) / samplesPerAudioFrame) : 0;
  const audio = Array.from({ length: audioFrames }, (_, index): Sample => {
    const dts90k = start90k + Math.round((index * samplesPerAudioFrame * 90_000) / audioRate);
    return sampleAt(dts90k, { track: 'audio', data: randomBytes(random, 100), isSync: true });
  });
  const arrival90k = ({ track, dts90k }: Sample): number =>
    dts90k + (track === 'audio' ? audioLateMs * 90 : 0);
  return {
    description: syntheticDescription(withAudio),
    samples: [...video, ...audio].sort((a, b) => arrival90k(a) - arrival90k(b)),
  };
}

export function syntheticDescription(withAudio: boolean, generation = 1): StreamDescription {
  return {
    generation,
    video: {
      kind: 'video',
      codec: 'h264',
      // Baseline, level 3.0, 640x360.
      sps: Uint8Array.from([0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x61]),
      pps: Uint8Array.from([0x68, 0xcb, 0x83, 0xcb, 0x20]),
      width: 640,
      height: 360,
    },
    ...(withAudio
      ? {
          audio: {
            kind: 'audio',
            codec: 'aac',
            audioSpecificConfig: Uint8Array.from([0x11, 0x88]),
            sampleRate: audioRate,
            channels: 1,
            samplesPerFrame: samplesPerAudioFrame,
          },
        }
      : {}),
  };
}

function sampleAt(dts90k: number, sample: Pick<Sample, 'track' | 'data' | 'isSync'>): Sample {
  const ms = dts90k / 90;
  return { ...sample, dts90k, pts90k: dts90k, arrivalMonotonicMs: 1000 + ms, utcMs: 1_700_000_000_000 + ms };
}

function randomBytes(random: () => number, byteLength: number): Uint8Array {
  return Uint8Array.from({ length: byteLength }, () => Math.floor(random() * 256));
}

/** A small random generator with 32 bits of state. */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
