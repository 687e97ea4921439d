import { describe, expect, it } from 'vitest';
import { parseSessionDescription } from '../../../../src/engine/rtsp/sdp.ts';
import { cameraDescription } from './camera-answers.ts';

describe('parseSessionDescription', () => {
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

  it("takes the session's direction for each medium that states none", () => {
    const text = 'a=sendonly\nm=audio 0 RTP/AVP 0\nm=video 0 RTP/AVP 96\na=recvonly';
    expect(parseSessionDescription(text)?.media.map(({ direction }) => direction)).toEqual([
      'sendonly',
      'recvonly',
    ]);
  });

  it('yields nothing without a media line, and is bounded with many', () => {
    expect(parseSessionDescription('')).toBeUndefined();
    expect(parseSessionDescription('v=0\r\nm=\r\n')).toBeUndefined();
    expect(parseSessionDescription('m=video 0 RTP/AVP 96\n'.repeat(10_000))?.media).toHaveLength(32);
  });
});
