/** The session description (RFC 8866) of one camera stream. */

import type { VideoTrack } from '../clip/clip.ts';
import type { SoundTrack } from '../clip/sound.ts';
import { latmConfiguration } from './latm-packetizer.ts';

/** RTP payload types from the dynamic range (RFC 3551 §6). */
export const videoPayloadType = 96;
export const metadataPayloadType = 107;
const dynamicAudioPayloadType = 97;
/** RFC 3551 §6: G.711 has numbers of its own. */
const staticAudioPayloadTypes: Partial<Record<SoundTrack['codec'], number>> = { pcmu: 0, pcma: 8 };

export function audioPayloadType(codec: SoundTrack['codec']): number {
  return staticAudioPayloadTypes[codec] ?? dynamicAudioPayloadType;
}

export const videoClockRateHz = 90_000;

export type TrackKind = 'video' | 'audio' | 'metadata';

/** Control URLs relative to the stream's, the form that many cameras use. */
export const trackControl: Readonly<Record<TrackKind, string>> = {
  video: 'trackID=0',
  audio: 'trackID=1',
  metadata: 'trackID=2',
};

export interface SessionDescription {
  /** Address of the camera, dotted. */
  readonly address: string;
  readonly name: string;
  readonly video: VideoTrack;
  readonly audio: SoundTrack | undefined;
  readonly hasMetadata?: boolean;
}

export function formatSdp({ address, name, video, audio, hasMetadata }: SessionDescription): string {
  const lines = [
    'v=0',
    `o=- 1 1 IN IP4 ${address}`,
    `s=${name}`,
    'c=IN IP4 0.0.0.0',
    't=0 0',
    'a=control:*',
    'a=range:npt=now-',
    `m=video 0 RTP/AVP ${videoPayloadType}`,
    ...videoFormat(video),
    `a=framerate:${video.framesPerSecond}`,
    `a=control:${trackControl.video}`,
  ];
  if (audio !== undefined) {
    lines.push(
      `m=audio 0 RTP/AVP ${audioPayloadType(audio.codec)}`,
      ...soundFormat(audio),
      `a=control:${trackControl.audio}`,
    );
  }
  if (hasMetadata === true) {
    lines.push(
      `m=application 0 RTP/AVP ${metadataPayloadType}`,
      `a=rtpmap:${metadataPayloadType} vnd.onvif.metadata/${videoClockRateHz}`,
      `a=control:${trackControl.metadata}`,
    );
  }
  return `${lines.join('\r\n')}\r\n`;
}

function videoFormat(video: VideoTrack): string[] {
  const [sps, pps] = [video.sps.toString('base64'), video.pps.toString('base64')];
  switch (video.codec) {
    case 'h264':
      return [
        `a=rtpmap:${videoPayloadType} H264/${videoClockRateHz}`,
        // RFC 6184 §8.1: profile-level-id is the three bytes after the NAL header of the SPS.
        `a=fmtp:${videoPayloadType} packetization-mode=1;profile-level-id=${video.sps.toString('hex', 1, 4)};sprop-parameter-sets=${sps},${pps}`,
      ];
    case 'h265':
      return [
        `a=rtpmap:${videoPayloadType} H265/${videoClockRateHz}`,
        // RFC 7798 §7.1
        `a=fmtp:${videoPayloadType} sprop-vps=${video.vps.toString('base64')};sprop-sps=${sps};sprop-pps=${pps}`,
      ];
  }
}

function soundFormat(audio: SoundTrack): string[] {
  const payloadType = audioPayloadType(audio.codec);
  const rtpmap = (encoding: string): string => `a=rtpmap:${payloadType} ${encoding}`;
  switch (audio.codec) {
    case 'aac':
      return [
        rtpmap(`MPEG4-GENERIC/${audio.sampleRateHz}/${audio.channels}`),
        // RFC 3640 §4.1
        `a=fmtp:${payloadType} streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=${audio.config.toString('hex')}`,
      ];
    case 'latm':
      return [
        rtpmap(`MP4A-LATM/${audio.sampleRateHz}/${audio.channels}`),
        // RFC 6416 §7.3
        `a=fmtp:${payloadType} profile-level-id=1;cpresent=0;object=2;config=${latmConfiguration(audio.config).toString('hex')}`,
      ];
    case 'pcmu':
    case 'pcma':
      return [rtpmap(`${audio.codec.toUpperCase()}/${audio.sampleRateHz}`)];
    case 'opus':
      // RFC 7587 §7: always two channels here, whatever is sent.
      return [rtpmap('opus/48000/2'), `a=fmtp:${payloadType} sprop-stereo=${audio.channels - 1}`];
  }
}
