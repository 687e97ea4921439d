export { createLiveChannel, type Admission, type LiveChannel, type LiveLimits } from './live-channel.ts';
export type { ViewerSink } from './viewer-sink.ts';
