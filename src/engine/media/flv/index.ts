export {
  flvTimestampMs,
  maximumSampleBytes,
  maximumTimestampMs,
  writeConfigurationTags,
  writeFlvHeader,
  writeSampleTag,
  type FlvTag,
} from './tag.ts';
