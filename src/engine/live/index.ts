export {
  createLiveChannel,
  defaultLiveLimits,
  type Admission,
  type LiveChannel,
  type LiveChannelOptions,
  type LiveLimits,
  type LiveStatus,
} from './live-channel.ts';
export type { ViewerSink } from './viewer-sink.ts';
