import { describe, expect, it } from 'vitest';
import { formatResponse } from '../../../../src/engine/rtsp-server/response.ts';
import { parseTarget } from '../../../../src/engine/rtsp-server/target.ts';
import { interleavedChannel } from '../../../../src/engine/rtsp-server/transport.ts';
import { formatSdp } from '../../../../src/engine/rtsp-server/sdp.ts';

describe('the address of a stream', () => {
  const baseUrl = 'rtsp://node:8554/gate/main/';
  const gate = { cameraId: 'gate', stream: 'main', baseUrl, track: undefined };

  it.each([
    ['rtsp://node:8554/gate/main', gate],
    ['rtsp://node:8554/gate/main/', gate],
    ['rtsp://node:8554/gate/main?transport=tcp', gate],
    ['RTSP://node:8554/gate/main', { ...gate, baseUrl: 'RTSP://node:8554/gate/main/' }],
    ['rtsp://node:8554/gate/main/video', { ...gate, track: 'video' }],
    ['rtsp://node:8554/gate/main/audio/', { ...gate, track: 'audio' }],
    [
      'rtsp://[fd00::1]/gate/sub/metadata',
      { cameraId: 'gate', stream: 'sub', baseUrl: 'rtsp://[fd00::1]/gate/sub/', track: 'metadata' },
    ],
  ])('is understood in %s', (url, expected) => {
    expect(parseTarget(url)).toEqual(expected);
  });

  it.each([
    '*',
    '/gate/main',
    'rtsp://node/gate',
    'rtsp://node/gate/third',
    'rtsp://node/gate/main/video/more',
    'rtsp://node/../main',
    'rtsp://node/Gate/main',
    'http://node/gate/main',
    `rtsp://node/${'g'.repeat(64)}/main`,
  ])('is none in %s', (url) => {
    expect(parseTarget(url)).toBeUndefined();
  });
});

describe('the channel of a track', () => {
  it.each<[string, readonly number[], number | undefined]>([
    ['RTP/AVP/TCP;unicast;interleaved=0-1', [], 0],
    ['RTP/AVP/TCP;unicast;interleaved=2-3', [0], 2],
    ['RTP/AVP/TCP;interleaved=7', [0], 7],
    ['RTP/AVP/TCP;unicast', [0, 2], 4],
    ['rtp/avp/tcp; unicast; interleaved=0-1; mode="PLAY"', [], 0],
    ['RTP/AVP;unicast;client_port=5000-5001, RTP/AVP/TCP;unicast;interleaved=0-1', [], 0],
    // The player picks channels that are taken, or that do not belong together.
    ['RTP/AVP/TCP;interleaved=1-2', [0], undefined],
    ['RTP/AVP/TCP;interleaved=0-1', [0], undefined],
    ['RTP/AVP/TCP;interleaved=0-2', [], undefined],
    ['RTP/AVP/TCP;interleaved=255-256', [], undefined],
    ['RTP/AVP/TCP;interleaved=0-1;mode=record', [], undefined],
    ['RTP/AVP;unicast;client_port=5000-5001', [], undefined],
    ['RTP/AVP/UDP;multicast', [], undefined],
    ['', [], undefined],
  ])('for %j with %j taken is %s', (transport, taken, expected) => {
    expect(interleavedChannel(transport, taken)).toBe(expected);
  });
});

it('a description is made of lines that RFC 4566 knows, in its order', () => {
  const sdp = formatSdp({
    address: 'fd00::1',
    sessionId: 17,
    name: 'gate main',
    formats: [
      {
        kind: 'video',
        media: 'video',
        payloadType: 96,
        clockRate: 90_000,
        encoding: 'H264/90000',
        parameters: 'packetization-mode=1',
        write: () => false,
      },
      {
        kind: 'audio',
        media: 'audio',
        payloadType: 8,
        clockRate: 8_000,
        encoding: 'PCMA/8000',
        write: () => false,
      },
    ],
  });
  expect(sdp.split('\r\n')).toEqual([
    'v=0',
    'o=- 17 1 IN IP6 fd00::1',
    's=gate main',
    'c=IN IP6 ::',
    't=0 0',
    'a=tool:Belvedere',
    'a=range:npt=now-',
    'a=control:*',
    'm=video 0 RTP/AVP 96',
    'a=rtpmap:96 H264/90000',
    'a=fmtp:96 packetization-mode=1',
    'a=control:video',
    'm=audio 0 RTP/AVP 8',
    'a=rtpmap:8 PCMA/8000',
    'a=control:audio',
    '',
  ]);
});

it('a response has its number, its length in bytes, and nothing of the request', () => {
  expect(
    formatResponse({ status: 200, body: { contentType: 'application/sdp', text: 's=Tür\r\n' } }, '3'),
  ).toBe(
    'RTSP/1.0 200 OK\r\nCSeq: 3\r\nServer: Belvedere\r\nContent-Type: application/sdp\r\nContent-Length: 8\r\n\r\ns=Tür\r\n',
  );
  expect(formatResponse({ status: 454 })).toBe('RTSP/1.0 454 Session Not Found\r\nServer: Belvedere\r\n\r\n');
});
