/** Live: one stream to any number of those who want it, with the group of pictures in hand for newcomers. */
export { FlvChannel, type Admission, type FlvLimits, type WantedSound } from './flv-channel.ts';
export { GopBudget } from './gop-budget.ts';
export { GopCache } from './gop-cache.ts';
export { LiveCounters, type LiveTotals } from './live-counters.ts';
export { SendQueue, type SendLimits } from './send-queue.ts';
export { StreamFanout, type JoinableStream } from './stream-fanout.ts';
export type { ViewerSink } from './viewer-sink.ts';
