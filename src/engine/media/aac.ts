/** AAC's AudioSpecificConfig: what the decoder, the container and the timeline need to know. */
import { BitReader } from './bit-reader.ts';
import type { AacTrack } from './sample.ts';

/** ISO/IEC 14496-3 Table 1.18. */
const SAMPLE_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
] as const;
/** ISO/IEC 14496-3 Table 1.19; configuration 0 (a program config element) is not supported. */
const CHANNELS = [undefined, 1, 2, 3, 4, 5, 6, 8] as const;
const EXPLICIT_SAMPLE_RATE = 15;
const ObjectType = { escape: 31, spectralBandReplication: 5, parametricStereo: 29 } as const;
/** Object types with a GASpecificConfig of which we know how it starts: main, LC, SSR, LTP. */
const GENERAL_AUDIO = new Set([1, 2, 3, 4]);

/**
 * Parses an AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1). For HE-AAC the rate and the samples are the core's, whose
 * quotient is the frame's true duration. Returns undefined for what is no AAC, or cut off.
 */
export function aacTrackFrom(audioSpecificConfig: Uint8Array): AacTrack | undefined {
  const reader = new BitReader(audioSpecificConfig);
  let objectType = readObjectType(reader);
  const sampleRate = readSampleRate(reader);
  const channels = CHANNELS[reader.bits(4)];
  if (objectType === ObjectType.spectralBandReplication || objectType === ObjectType.parametricStereo) {
    readSampleRate(reader); // of the extension
    objectType = readObjectType(reader);
  }
  if (!GENERAL_AUDIO.has(objectType)) return undefined;
  const samplesPerFrame = reader.flag() ? 960 : 1024;
  if (reader.overrun || sampleRate === undefined || channels === undefined) return undefined;
  return { kind: 'audio', codec: 'aac', audioSpecificConfig, sampleRate, channels, samplesPerFrame };
}

/** RFC 6381 §3.3, such as `mp4a.40.2`. */
export function aacCodecString(audioSpecificConfig: Uint8Array): string {
  return `mp4a.40.${readObjectType(new BitReader(audioSpecificConfig))}`;
}

function readObjectType(reader: BitReader): number {
  const type = reader.bits(5);
  return type === ObjectType.escape ? 32 + reader.bits(6) : type;
}

function readSampleRate(reader: BitReader): number | undefined {
  const index = reader.bits(4);
  if (index !== EXPLICIT_SAMPLE_RATE) return SAMPLE_RATES[index];
  const rate = reader.bits(24);
  return rate >= 1_000 && rate <= 192_000 ? rate : undefined;
}
