import { describe, expect, it } from 'vitest';
import { parseSessionDescription } from '../../../../src/engine/rtsp/sdp.ts';
import type { SessionDescription } from '../../../../src/engine/rtsp/sdp.ts';
import { cameraDescription } from './camera-answers.ts';

/** What matters of a description, one line a track. */
function outline(description: SessionDescription | undefined): readonly string[] | undefined {
  return description?.media.map(({ type, payloadType, encoding, clockRate, control, direction }) =>
    [type, payloadType, encoding, clockRate, control, direction].join(' '),
  );
}

describe('parseSessionDescription', () => {
  it.each([
    {
      name: 'dahua_describe_h264_aac_onvif',
      control: '*',
      tracks: [
        'video 96 H264 90000 trackID=0 recvonly',
        'audio 97 MPEG4-GENERIC 48000 trackID=1 recvonly',
        'application 107 VND.ONVIF.METADATA 90000 trackID=4 recvonly',
      ],
    },
    {
      name: 'dahua_describe_h265_pcma',
      control: '*',
      tracks: ['video 98 H265 90000 trackID=0 recvonly', 'audio 8 PCMA 8000 trackID=1 recvonly'],
    },
    {
      name: 'foscam_describe',
      control: '*',
      tracks: ['video 96 H264 90000 track1 ', 'audio 0 PCMU 8000 track2 '],
    },
    {
      name: 'geovision_sdp',
      control: undefined,
      tracks: [
        'video 105 H264 90000 rtsp://192.168.5.237/media/video1/video recvonly',
        'application 107 VND.ONVIF.METADATA 90000 rtsp://192.168.5.237/media/video1/metadata recvonly',
      ],
    },
    {
      name: 'hikvision_describe',
      control: 'rtsp://192.168.5.106:554/Streaming/Channels/101/?transportmode=unicast&profile=Profile_1',
      tracks: [
        'video 96 H264 90000 rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1 recvonly',
        'application 107 VND.ONVIF.METADATA 90000 rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=3?transportmode=unicast&profile=Profile_1 recvonly',
      ],
    },
    { name: 'ipcam_describe', control: '*', tracks: ['video 96 H264 90000 trackID=1 '] },
    {
      name: 'reolink_describe',
      control: '*',
      tracks: ['video 96 H264 90000 trackID=1 ', 'audio 97 MPEG4-GENERIC 16000 trackID=2 '],
    },
    {
      name: 'reolink_describe_control_first',
      control: '*',
      tracks: ['video 96 H264 90000 trackID=1 ', 'audio 97 MPEG4-GENERIC 16000 trackID=2 '],
    },
    {
      name: 'tplink_sdp',
      control: undefined,
      tracks: [
        'video 96 H265 90000 track1 ',
        'audio 8 PCMA 8000 track2 ',
        'application/tp-link -1   track3 ',
      ],
    },
  ])('reads $name', ({ name, control, tracks }) => {
    const description = parseSessionDescription(cameraDescription(name));
    expect({ control: description?.control, tracks: outline(description) }).toEqual({ control, tracks });
  });

  it('reads format parameters with and without blanks, names in any case', () => {
    const [video, audio] = parseSessionDescription(cameraDescription('reolink_describe'))?.media ?? [];
    expect(Object.fromEntries(video?.parameters ?? [])).toEqual({
      'packetization-mode': '1',
      'profile-level-id': '640033',
      'sprop-parameter-sets': 'Z2QAM6zoAoALWQ==,aO48MA==',
    });
    expect(Object.fromEntries(audio?.parameters ?? [])).toEqual({
      streamtype: '5',
      'profile-level-id': '15',
      mode: 'AAC-hbr',
      sizelength: '13',
      indexlength: '3',
      indexdeltalength: '3',
      config: '1408',
      profile: '1',
    });
  });

  it('takes the format parameters of the track alone', () => {
    const text =
      'm=video 0 RTP/AVP 96\na=fmtp:97 a=1\na=FMTP:96 B=2;junk\na=rtpmap:97 X/1\na=RTPMAP:96 h264/90000/2';
    expect(parseSessionDescription(text)?.media).toEqual([
      {
        type: 'video',
        payloadType: 96,
        encoding: 'H264',
        clockRate: 90_000,
        channels: 2,
        parameters: new Map([['b', '2']]),
        control: undefined,
        direction: undefined,
      },
    ]);
  });

  it('yields nothing without a media line, and is bounded with many', () => {
    expect(parseSessionDescription('')).toBeUndefined();
    expect(parseSessionDescription('v=0\r\nm=\r\n')).toBeUndefined();
    expect(parseSessionDescription('m=video 0 RTP/AVP 96\n'.repeat(10_000))?.media).toHaveLength(32);
  });
});
