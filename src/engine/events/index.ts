/** Events: what changes in the engine, told to whoever listens. */
export { announceGaps } from './announced-gaps.ts';
export { EventFeed, type FeedLimits, type FeedStatus } from './event-feed.ts';
export type { ListenerSink } from './event-listener.ts';
