import { expect, it } from 'vitest';

import { formatSdp } from '../../../../src/sim/rtsp/sdp.ts';
import { tinyClip } from '../tiny-clip.ts';

const { clip } = tinyClip();
const video = [
  'v=0',
  'o=- 1 1 IN IP4 127.20.0.1',
  's=Main gate',
  'c=IN IP4 0.0.0.0',
  't=0 0',
  'a=control:*',
  'a=range:npt=now-',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 packetization-mode=1;profile-level-id=64001f;sprop-parameter-sets=Z2QAH6zZQFAFuw==,aOvjyyLA',
  'a=framerate:10',
  'a=control:trackID=0',
];
const audio = [
  'm=audio 0 RTP/AVP 97',
  'a=rtpmap:97 MPEG4-GENERIC/8000/1',
  'a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1588',
  'a=control:trackID=1',
];
const description = { address: '127.20.0.1', name: 'Main gate', video: clip.streams.main };

it('describes video and audio', () => {
  expect(formatSdp({ ...description, audio: clip.audio }).split('\r\n')).toEqual([...video, ...audio, '']);
});

it('describes a camera without a microphone', () => {
  expect(formatSdp({ ...description, audio: undefined }).split('\r\n')).toEqual([...video, '']);
});
