import { describe, expect, it } from 'vitest';
import {
  formatTransport,
  parseSessionHeader,
  parseTransport,
} from '../../../../src/engine/rtsp/transport.ts';

const ASKED_INTERLEAVED = { kind: 'interleaved', rtpChannel: 4, rtcpChannel: 5 } as const;

describe('parseTransport', () => {
  const interleaved = { kind: 'interleaved', rtpChannel: 4, rtcpChannel: 5, ssrc: undefined };
  it.each([
    { field: undefined, expected: interleaved },
    { field: 'RTP/AVP/TCP;unicast', expected: interleaved },
    {
      field: 'rtp/avp/tcp;INTERLEAVED=6;ssrc=1A',
      expected: { kind: 'interleaved', rtpChannel: 6, rtcpChannel: 7, ssrc: 0x1a },
    },
    {
      field: 'RTP/AVP;interleaved=2-3;ssrc=none',
      expected: { kind: 'interleaved', rtpChannel: 2, rtcpChannel: 3, ssrc: undefined },
    },
    {
      field: 'RTP/AVP;unicast;client_port=1-2',
      expected: { kind: 'udp', serverPorts: undefined, ssrc: undefined },
    },
    { field: 'RTP/AVP/TCP;interleaved=255', expected: undefined },
    { field: 'RTP/AVP;multicast;port=5000-5001', expected: undefined },
    { field: 'RAW/RAW/UDP;unicast', expected: undefined },
    { field: '', expected: undefined },
  ])('reads $field, asked over TCP', ({ field, expected }) => {
    expect(parseTransport(field, ASKED_INTERLEAVED)).toEqual(expected);
  });

  it.each([
    { field: undefined, expected: { kind: 'udp', serverPorts: undefined, ssrc: undefined } },
    {
      field: 'RTP/AVP/UDP;unicast;client_port=50000-50001;server_port=6970-6971;ssrc=00000001',
      expected: { kind: 'udp', serverPorts: { rtp: 6970, rtcp: 6971 }, ssrc: 1 },
    },
    {
      field: 'RTP/AVP;unicast;server_port=6970',
      expected: { kind: 'udp', serverPorts: { rtp: 6970, rtcp: 6971 }, ssrc: undefined },
    },
    {
      field: 'RTP/AVP;unicast;server_port=0-0',
      expected: { kind: 'udp', serverPorts: undefined, ssrc: undefined },
    },
    { field: 'RTP/AVP;unicast;server_port=65535-65536', expected: undefined },
    {
      field: 'RTP/AVP/TCP;unicast;interleaved=2-3',
      expected: { kind: 'interleaved', rtpChannel: 2, rtcpChannel: 3, ssrc: undefined },
    },
  ])('reads $field, asked over UDP', ({ field, expected }) => {
    expect(parseTransport(field, { kind: 'udp', rtpPort: 50_000 })).toEqual(expected);
  });

  it('asks for what it then reads', () => {
    expect(formatTransport(ASKED_INTERLEAVED)).toBe('RTP/AVP/TCP;unicast;interleaved=4-5');
    expect(formatTransport({ kind: 'udp', rtpPort: 50_000 })).toBe('RTP/AVP;unicast;client_port=50000-50001');
  });
});

describe('parseSessionHeader', () => {
  it.each([
    { field: undefined, expected: undefined },
    { field: '  a$b ; Timeout=30 ', expected: { id: 'a$b', timeoutSeconds: 30 } },
    { field: 'x;timeout=0', expected: { id: 'x', timeoutSeconds: 60 } },
    { field: 'x;timeout=never', expected: { id: 'x', timeoutSeconds: 60 } },
  ])('reads $field', ({ field, expected }) => {
    expect(parseSessionHeader(field)).toEqual(expected);
  });
});
