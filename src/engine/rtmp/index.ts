/** RTMP server: takes the streams that cameras push, and serves players. */
export { defaultRtmpLimits, type OpenLive, type RtmpLimits } from './context.ts';
export {
  PublishPoints,
  type PublishPointConfig,
  type PushedMedia,
  type PushTaker,
} from './publish-points.ts';
export { createRtmpServer, type RtmpServer, type RtmpServerConfig } from './server.ts';
