import { describe, expect, it } from 'vitest';
import { formatEmptyRtpPacket, formatReceiverReport, readRtcp } from '../../../../src/engine/rtsp/rtcp.ts';
import type { SenderReport } from '../../../../src/engine/rtsp/rtcp.ts';
import { senderReport } from './rtcp-packets.ts';

function read(bytes: Buffer): { readonly packets: number; readonly reports: readonly SenderReport[] } {
  const reports: SenderReport[] = [];
  // Not at the start of the buffer, as in a receive buffer.
  const packets = readRtcp(
    Buffer.concat([Buffer.alloc(5, 0xff), bytes, Buffer.alloc(9, 0x80)]),
    { start: 5, end: 5 + bytes.length },
    { onSenderReport: (report) => reports.push(report) },
  );
  return { packets, reports };
}

const DESCRIPTION = Buffer.from('81ca0002000000090102616200000000', 'hex').subarray(0, 12);
const GOODBYE = Buffer.from('81cb000100000009', 'hex');

describe('readRtcp', () => {
  it('finds the sender report in a compound packet', () => {
    const utcMs = Date.UTC(2026, 0, 2, 3, 4, 5, 500);
    const report = senderReport({ source: 9, utcMs, rtpTimestamp: 77 });
    expect(read(Buffer.concat([report, DESCRIPTION, GOODBYE]))).toEqual({
      packets: 3,
      reports: [{ source: 9, ntpUtcMs: utcMs, ntpMiddle32: report.readUInt32BE(10), rtpTimestamp32: 77 }],
    });
  });

  it('reads times behind the end of the NTP era in 2036', () => {
    const bytes = senderReport({ source: 9, utcMs: undefined, rtpTimestamp: 0 });
    bytes.writeUInt32BE(1, 8);
    expect(read(bytes).reports.map(({ ntpUtcMs }) => ntpUtcMs)).toEqual([Date.UTC(2036, 1, 7, 6, 28, 17)]);
  });

  it.each([
    { what: 'nothing', bytes: Buffer.alloc(0), packets: 0 },
    { what: 'half a header', bytes: Buffer.from('80c8', 'hex'), packets: 0 },
    { what: 'a length beyond the end', bytes: GOODBYE.subarray(0, 4), packets: 0 },
    { what: 'another version', bytes: Buffer.from('41cb000100000009', 'hex'), packets: 0 },
    { what: 'RTP', bytes: Buffer.from('8060000100000e10000000015c', 'hex'), packets: 0 },
    {
      what: 'a sender report too short for its sender',
      bytes: Buffer.from('80c8000100000009', 'hex'),
      packets: 1,
    },
    { what: 'noise behind a packet', bytes: Buffer.concat([GOODBYE, Buffer.alloc(6)]), packets: 1 },
  ])('passes over $what', ({ bytes, packets }) => {
    expect(read(bytes)).toEqual({ packets, reports: [] });
  });
});

describe('what a receiver sends', () => {
  it('is a receiver report with a name, on whole words', () => {
    const bytes = formatReceiverReport({
      ownSource: 0x01020304,
      cname: 'abc',
      reports: [
        {
          source: 0x0a0b0c0d,
          fractionLost: 64,
          cumulativeLost: -2,
          extendedHighestSequence: 0x0001_fffe,
          jitter: 17,
          lastSenderReport: 0xdeadbeef,
          delaySinceLastSenderReport: 65_536,
        },
      ],
    });
    expect(bytes.toString('hex').match(/.{8}/g)?.join(' ')).toBe(
      '81c90007 01020304 0a0b0c0d 40fffffe 0001fffe 00000011 deadbeef 00010000 81ca0003 01020304 01036162 63000000',
    );
    expect(read(bytes)).toEqual({ packets: 2, reports: [] });
  });

  it('ends the name with at least one zero byte', () => {
    expect(formatReceiverReport({ ownSource: 1, cname: 'ab', reports: [] }).toString('hex')).toBe(
      '80c900010000000181ca0003000000010102616200000000',
    );
  });

  it('opens the way with an RTP packet without payload', () => {
    expect(formatEmptyRtpPacket(0x01020304).toString('hex')).toBe('800000000000000001020304');
  });
});
