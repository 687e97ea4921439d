import { describe, expect, it } from 'vitest';
import { wantedAudio, wantedMetadata, wantedVideo } from '../../../../src/engine/ingest/rtsp-tracks.ts';
import { parseSessionDescription } from '../../../../src/engine/rtsp/sdp.ts';
import type { SessionDescription } from '../../../../src/engine/rtsp/sdp.ts';
import { cameraDescription } from '../rtsp/camera-answers.ts';

function describedBy(...lines: readonly string[]): SessionDescription {
  const description = parseSessionDescription(lines.join('\r\n'));
  if (description === undefined) throw new Error('The lines describe no stream.');
  return description;
}

function cameraSession(name: string): SessionDescription {
  return describedBy(cameraDescription(name));
}

/** What would be recorded of a camera, in short. */
function summary(session: SessionDescription) {
  const audio = wantedAudio(session);
  const sound = audio.kind === 'wanted' ? audio.audio.track : undefined;
  return {
    video: wantedVideo(session).media.encoding,
    audio: sound === undefined ? audio.kind : `${sound.codec} ${sound.sampleRate}`,
    metadata: wantedMetadata(session)?.track.codec,
  };
}

describe('what real cameras offer', () => {
  it.each([
    ['dahua_describe_h264_aac_onvif', { video: 'H264', audio: 'aac 48000', metadata: 'onvif' }],
    ['dahua_describe_h265_pcma', { video: 'H265', audio: 'pcma 8000', metadata: undefined }],
    ['foscam_describe', { video: 'H264', audio: 'pcmu 8000', metadata: undefined }],
    ['geovision_sdp', { video: 'H264', audio: 'none', metadata: 'onvif' }],
    ['hikvision_describe', { video: 'H264', audio: 'none', metadata: 'onvif' }],
    ['ipcam_describe', { video: 'H264', audio: 'none', metadata: undefined }],
    ['reolink_describe', { video: 'H264', audio: 'aac 16000', metadata: undefined }],
    ['tplink_sdp', { video: 'H265', audio: 'pcma 8000', metadata: undefined }],
  ])('%s', (name, expected) => {
    expect(summary(cameraSession(name))).toEqual(expected);
  });
});

const H264 = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000'];

describe('sound', () => {
  it.each([
    {
      what: 'G.711 at 16 kHz in stereo with a payload type of its own',
      lines: ['m=audio 0 RTP/AVP 98', 'a=rtpmap:98 PCMU/16000/2'],
      track: { kind: 'audio', codec: 'pcmu', sampleRate: 16_000, channels: 2 },
      clockRate: 16_000,
    },
    {
      what: 'G.711 that only its number names',
      lines: ['m=audio 0 RTP/AVP 8'],
      track: { kind: 'audio', codec: 'pcma', sampleRate: 8000, channels: 1 },
      clockRate: 8000,
    },
    {
      what: 'Opus',
      lines: ['m=audio 0 RTP/AVP 97', 'a=rtpmap:97 opus/48000/2', 'a=fmtp:97 sprop-stereo=1'],
      track: { kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2, preSkip: 0 },
      clockRate: 48_000,
    },
    {
      what: 'Opus without a word on stereo, which is mono',
      lines: ['m=audio 0 RTP/AVP 97', 'a=rtpmap:97 OPUS/48000/2'],
      track: { kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 1, preSkip: 0 },
      clockRate: 48_000,
    },
    {
      what: 'LATM that says in the stream what it is',
      lines: ['m=audio 0 RTP/AVP 97', 'a=rtpmap:97 MP4A-LATM/90000', 'a=fmtp:97 cpresent=1'],
      track: undefined,
      clockRate: 90_000,
    },
  ])('$what', ({ lines, track, clockRate }) => {
    expect(wantedAudio(describedBy(...H264, ...lines))).toMatchObject({
      kind: 'wanted',
      audio: { track, clockRate },
    });
  });

  it('is taken from the first track that can be read', () => {
    const session = describedBy(
      ...H264,
      'm=audio 0 RTP/AVP 99',
      'a=rtpmap:99 G726-32/8000',
      'm=audio 0 RTP/AVP 0',
    );
    expect(wantedAudio(session)).toMatchObject({ kind: 'wanted', audio: { track: { codec: 'pcmu' } } });
  });

  it.each([
    ['G726-32', ['m=audio 0 RTP/AVP 99', 'a=rtpmap:99 G726-32/8000']],
    ['unknown', ['m=audio 0 RTP/AVP 99']],
    ['MPEG4-GENERIC', ['m=audio 0 RTP/AVP 99', 'a=rtpmap:99 MPEG4-GENERIC/8000', 'a=fmtp:99 mode=CELP-vbr']],
    ['PCMU', ['m=audio 0 RTP/AVP 99', 'a=rtpmap:99 PCMU/8000/6']],
  ])('that cannot be read is ignored with a reason: %s', (name, lines) => {
    expect(wantedAudio(describedBy(...H264, ...lines))).toEqual({
      kind: 'ignored',
      reason: `The camera sends ${name} sound, which cannot be read. Choose AAC, G.711 or Opus in the camera's settings.`,
    });
  });

  it('towards the camera is none of its own', () => {
    expect(wantedAudio(describedBy(...H264, 'm=audio 0 RTP/AVP 0', 'a=sendonly'))).toEqual({ kind: 'none' });
  });
});

describe('video', () => {
  it.each([
    {
      lines: ['m=video 0 RTP/AVP 26'],
      message:
        "The camera offers JPEG. Only H.264 and H.265 are supported: choose one in the camera's settings.",
    },
    { lines: ['m=audio 0 RTP/AVP 0'], message: 'The camera offers no video at this address.' },
    {
      lines: ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H265/90000', 'a=fmtp:96 sprop-max-don-diff=1'],
      message:
        'The camera sends its H.265 video interleaved (sprop-max-don-diff above 0), which is not supported. Switch interleaving off in its settings.',
    },
  ])('that cannot be read is refused: $message', ({ lines, message }) => {
    expect(() => wantedVideo(describedBy(...lines))).toThrow(message);
  });

  it('is taken from the first track that can be read', () => {
    const session = describedBy('m=video 0 RTP/AVP 26', 'm=video 0 RTP/AVP 97', 'a=rtpmap:97 hevc/90000');
    expect(wantedVideo(session)).toMatchObject({ media: { payloadType: 97 }, clockRate: 90_000 });
  });
});
