import { describe, expect, it } from 'vitest';

import { RtspRequestReader, RtspSyntaxError } from '../../../../src/sim/rtsp/request-reader.ts';
import { chooseTransport } from '../../../../src/sim/rtsp/transport.ts';

const options = 'OPTIONS rtsp://127.0.0.1/main RTSP/1.0\r\nCSeq: 1\r\n\r\n';
const parameter = 'SET_PARAMETER rtsp://127.0.0.1/main RTSP/1.0\r\nCSeq: 2\r\nContent-Length: 5\r\n\r\nhello';
const receiverReport = Buffer.from('240100080102030405060708', 'hex');

const parsedOptions = {
  method: 'OPTIONS',
  url: 'rtsp://127.0.0.1/main',
  headers: new Map([['cseq', '1']]),
  body: '',
};
const parsedParameter = {
  method: 'SET_PARAMETER',
  url: 'rtsp://127.0.0.1/main',
  headers: new Map([
    ['cseq', '2'],
    ['content-length', '5'],
  ]),
  body: 'hello',
};

describe('RtspRequestReader', () => {
  it('reads requests and interleaved frames, however the bytes are cut', () => {
    const stream = Buffer.concat([
      Buffer.from(options),
      receiverReport,
      Buffer.from(parameter),
      receiverReport,
      Buffer.from(options),
    ]);
    for (let size = 1; size <= stream.length; size += 1) {
      const interleaved: string[] = [];
      const reader = new RtspRequestReader((packet) => interleaved.push(packet.toString('hex')));
      const requests = [];
      for (let at = 0; at < stream.length; at += size)
        requests.push(...reader.push(stream.subarray(at, at + size)));
      expect(requests).toEqual([parsedOptions, parsedParameter, parsedOptions]);
      expect(interleaved).toEqual(['0102030405060708', '0102030405060708']);
    }
  });

  it.each([
    ['no request line', 'hello\r\n\r\n'],
    ['another protocol', 'GET / HTTP/1.1\r\n\r\n'],
    ['a header without a name', 'OPTIONS * RTSP/1.0\r\n: 1\r\n\r\n'],
    ['a huge body', 'OPTIONS * RTSP/1.0\r\nContent-Length: 65537\r\n\r\n'],
    ['a length that is no number', 'OPTIONS * RTSP/1.0\r\nContent-Length: -5\r\n\r\n'],
    ['too many headers', `OPTIONS * RTSP/1.0\r\n${'a: b\r\n'.repeat(65)}\r\n`],
    ['an endless head', 'a'.repeat(16 * 1024 + 1)],
  ])('refuses %s', (_, text) => {
    expect(() => new RtspRequestReader().push(Buffer.from(text))).toThrow(RtspSyntaxError);
  });
});

describe('chooseTransport', () => {
  it.each([
    ['RTP/AVP/TCP;unicast;interleaved=6-7', { kind: 'tcp', channel: 6 }],
    ['RTP/AVP/TCP;unicast', { kind: 'tcp', channel: 2 }],
    ['RTP/AVP;unicast;client_port=5000-5001', { kind: 'udp', rtpPort: 5000, rtcpPort: 5001 }],
    ['RTP/AVP/UDP;unicast;client_port=5000', { kind: 'udp', rtpPort: 5000, rtcpPort: 5001 }],
    [
      'RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;interleaved=0-1',
      { kind: 'udp', rtpPort: 5000, rtcpPort: 5001 },
    ],
    ['RTP/AVP;multicast;client_port=5000-5001', undefined],
    ['RTP/AVP;unicast', undefined],
    ['RTP/AVP;unicast;client_port=65535', undefined],
    ['RTP/AVP/TCP;interleaved=300-301', undefined],
    ['', undefined],
  ])('%s', (header, chosen) => {
    expect(chooseTransport(header, { kinds: ['tcp', 'udp'], freeChannel: 2 })).toEqual(chosen);
  });

  it('takes the first offer that is allowed', () => {
    const header = 'RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;interleaved=0-1';
    expect(chooseTransport(header, { kinds: ['tcp'], freeChannel: 2 })).toEqual({ kind: 'tcp', channel: 0 });
    expect(chooseTransport(header, { kinds: [], freeChannel: 2 })).toBeUndefined();
  });
});
