export type { FlvAudioFrame, FlvSound } from './audio-body.ts';
export { FLV_CLOCK_RATE, type FlvBody, type FlvBodyReader } from './body-reader.ts';
export {
  FlvMediaReader,
  FlvStreamReader,
  type FlvMediaEvents,
  type FlvMediaReaderOptions,
  type FlvStreamFault,
} from './reader.ts';
export {
  flvCarries,
  flvSound,
  flvSoundObstacle,
  flvTimestampMs,
  maximumSampleBytes,
  maximumTimestampMs,
  sampleTagBytes,
  writeConfigurationTags,
  writeFlvHeader,
  writeSampleTag,
  type FlvTag,
} from './tag.ts';
export type { FlvVideoUnit } from './video-body.ts';
