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
