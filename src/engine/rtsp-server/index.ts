/** RTSP server: the engine's streams for players and middleware. */
export { createRtspServer, type RtspServer } from './server.ts';
