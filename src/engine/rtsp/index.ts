/** RTSP client: what ingest needs of it. */
export { AacDepacketizer, aacPacketFormat } from './aac-depacketizer.ts';
export type { AacFrame, AacPacketFormat } from './aac-depacketizer.ts';
export { parseRtspAddress } from './addresses.ts';
export type { RtspCredentials } from './authentication.ts';
export { dialTcp } from './byte-connection.ts';
export type { ByteConnectionEvents, Dial } from './byte-connection.ts';
export { RtspFailure } from './failure.ts';
export { H264Depacketizer } from './h264-depacketizer.ts';
export type { H264AccessUnit } from './h264-depacketizer.ts';
export { RtpReceiver } from './rtp.ts';
export type { MediaDescription, SessionDescription } from './sdp.ts';
export { RtspSession } from './session.ts';
