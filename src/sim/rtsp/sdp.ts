/** The session description (RFC 8866) of one camera stream. */

import type { AacTrack } from '../clip/adts.ts';
import type { VideoTrack } from '../clip/clip.ts';

/** RTP payload types from the dynamic range (RFC 3551 §6). */
export const videoPayloadType = 96;
export const audioPayloadType = 97;

export const videoClockRateHz = 90_000;

export type TrackKind = 'video' | 'audio';

/** Control URLs relative to the stream's, the form that many cameras use. */
export const trackControl: Readonly<Record<TrackKind, string>> = { video: 'trackID=0', audio: 'trackID=1' };

export interface SessionDescription {
  /** Address of the camera, dotted. */
  readonly address: string;
  readonly name: string;
  readonly video: VideoTrack;
  readonly audio: AacTrack | undefined;
}

export function formatSdp({ address, name, video, audio }: SessionDescription): string {
  const lines = [
    'v=0',
    `o=- 1 1 IN IP4 ${address}`,
    `s=${name}`,
    'c=IN IP4 0.0.0.0',
    't=0 0',
    'a=control:*',
    'a=range:npt=now-',
    `m=video 0 RTP/AVP ${videoPayloadType}`,
    `a=rtpmap:${videoPayloadType} H264/${videoClockRateHz}`,
    // RFC 6184 §8.1: profile-level-id is the three bytes after the NAL header of the SPS.
    `a=fmtp:${videoPayloadType} packetization-mode=1;profile-level-id=${video.sps.toString('hex', 1, 4)};sprop-parameter-sets=${video.sps.toString('base64')},${video.pps.toString('base64')}`,
    `a=framerate:${video.framesPerSecond}`,
    `a=control:${trackControl.video}`,
  ];
  if (audio !== undefined) {
    lines.push(
      `m=audio 0 RTP/AVP ${audioPayloadType}`,
      `a=rtpmap:${audioPayloadType} MPEG4-GENERIC/${audio.sampleRateHz}/${audio.channels}`,
      // RFC 3640 §4.1
      `a=fmtp:${audioPayloadType} streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=${audio.config.toString('hex')}`,
      `a=control:${trackControl.audio}`,
    );
  }
  return `${lines.join('\r\n')}\r\n`;
}
