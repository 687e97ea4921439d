import { describe, expect, it } from 'vitest';
import { RtpReceiver } from '../../../../src/engine/rtsp/rtp.ts';
import { rtpPacket } from './rtp-packets.ts';
import type { PacketFields } from './rtp-packets.ts';
import { senderReport } from './rtcp-packets.ts';
import type { TrackSenderReport } from '../../../../src/engine/rtsp/rtp.ts';

const NOTHING = { packets: 0, lost: 0, ignored: 0, late: 0, doubled: 0, reordered: 0, sourceChanges: 0 };

interface Received {
  readonly payload: string;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly lostBefore: number;
}

function receive(packets: readonly Buffer[]): {
  readonly received: readonly Received[];
  readonly counters: object;
} {
  const received: Received[] = [];
  const receiver = new RtpReceiver({
    payloadType: 96,
    onPacket: ({ bytes, start, end, timestamp, marker, lostBefore }) =>
      received.push({ payload: bytes.toString('hex', start, end), timestamp, marker, lostBefore }),
  });
  for (const packet of packets) {
    // Not at the start of the buffer, as in a receive buffer.
    const bytes = Buffer.concat([Buffer.alloc(7, 0xff), packet, Buffer.alloc(5, 0xff)]);
    receiver.receive(bytes, { start: 7, end: 7 + packet.length }, 0);
  }
  return { received, counters: receiver.counters };
}

const packet = (fields: Partial<PacketFields>): Buffer =>
  rtpPacket({ sequence: 1, timestamp: 0, payload: Buffer.from('aabb', 'hex'), ...fields });

describe('RtpReceiver', () => {
  it('finds the payload behind contributing sources and an extension, before the padding', () => {
    const { received, counters } = receive([
      packet({ sequence: 1 }),
      packet({ sequence: 2, marker: true, contributing: 3 }),
      packet({ sequence: 3, extensionWords: 2 }),
      packet({ sequence: 4, extensionWords: 0, contributing: 15, padding: 9 }),
      packet({ sequence: 5, payload: Buffer.alloc(0) }),
    ]);
    const plain = { payload: 'aabb', timestamp: 0, marker: false, lostBefore: 0 };
    expect(received).toEqual([plain, { ...plain, marker: true }, plain, plain, { ...plain, payload: '' }]);
    expect(counters).toEqual({ ...NOTHING, packets: 5 });
  });

  it.each([
    { what: 'too short', bytes: packet({}).subarray(0, 11) },
    { what: 'of another version', bytes: Buffer.concat([Buffer.from([0x40]), packet({}).subarray(1)]) },
    { what: 'of another payload type', bytes: packet({ payloadType: 97 }) },
    { what: 'with sources beyond its end', bytes: packet({ contributing: 4 }).subarray(0, 20) },
    { what: 'with an extension beyond its end', bytes: packet({ extensionWords: 3 }).subarray(0, 20) },
    { what: 'cut off in the extension header', bytes: packet({ extensionWords: 3 }).subarray(0, 14) },
    {
      what: 'with more padding than bytes',
      bytes: packet({ padding: 1, payload: Buffer.alloc(0) }).fill(0xff, 12),
    },
  ])('ignores a packet $what', ({ bytes }) => {
    expect(receive([bytes])).toEqual({
      received: [],
      counters: { ...NOTHING, ignored: 1 },
    });
  });

  it('counts gaps in the sequence across its wrap, and drops late and doubled packets', () => {
    const { received, counters } = receive(
      [65_533, 65_534, 2, 2, 1, 3].map((sequence) => packet({ sequence })),
    );
    expect(received.map(({ lostBefore }) => lostBefore)).toEqual([0, 0, 3, 0]);
    expect(counters).toEqual({ ...NOTHING, packets: 4, lost: 3, doubled: 1, late: 1 });
  });

  it('takes a far step back for a new start of the sequence', () => {
    const { received } = receive([20_000, 100, 101].map((sequence) => packet({ sequence })));
    expect(received.map(({ lostBefore }) => lostBefore)).toEqual([0, 1, 0]);
  });

  it('unwraps timestamps, forwards and backwards', () => {
    const stamps = [0xffff_f000, 0xffff_ffff, 0x100, 0xffff_fffe, 0x200];
    const { received } = receive(stamps.map((timestamp, index) => packet({ sequence: index, timestamp })));
    const wrap = 2 ** 32;
    expect(received.map(({ timestamp }) => timestamp)).toEqual([
      0xffff_f000,
      0xffff_ffff,
      wrap + 0x100,
      0xffff_fffe,
      wrap + 0x200,
    ]);
  });

  it('ignores stray packets of another source, and follows it when it stays', () => {
    const one = packet({ sequence: 10, source: 1 });
    const stray = packet({ sequence: 900, source: 2 });
    const { received, counters } = receive([
      one,
      stray,
      stray,
      packet({ sequence: 11, source: 1 }),
      ...Array.from({ length: 9 }, (_, index) =>
        packet({ sequence: 901 + index, source: 2, timestamp: 5_000, payload: Buffer.from([index]) }),
      ),
    ]);
    expect(received.map(({ payload, lostBefore, timestamp }) => [payload, lostBefore, timestamp])).toEqual([
      ['aabb', 0, 0],
      ['aabb', 0, 0],
      ['07', 1, 5_000],
      ['08', 0, 5_000],
    ]);
    expect(counters).toEqual({ ...NOTHING, packets: 4, ignored: 9, sourceChanges: 1 });
  });
});

describe('RtpReceiver, over UDP', () => {
  it('puts packets in order, gives up on a gap in time, and tells what was lost, late and doubled', () => {
    const received: number[] = [];
    const lost: number[] = [];
    const receiver = new RtpReceiver({
      payloadType: 96,
      onPacket: ({ bytes, lostBefore }) => {
        received.push(bytes.readUInt16BE(2));
        lost.push(lostBefore);
      },
    });
    receiver.useReordering({ packets: 8, waitMs: 100 });
    let nowMs = 0;
    for (const sequence of [65_534, 0, 65_535, 1, 1, 3, 4, 4]) {
      const bytes = packet({ sequence });
      nowMs += 10;
      receiver.receive(bytes, { start: 0, end: bytes.length }, nowMs);
    }
    expect(received).toEqual([65_534, 65_535, 0, 1]);
    receiver.flushDue(nowMs + 50);
    expect(received).toHaveLength(4);
    receiver.flushDue(nowMs + 100);
    const late = packet({ sequence: 2 });
    receiver.receive(late, { start: 0, end: late.length }, nowMs + 110);
    expect({ received, lost, counters: receiver.counters }).toEqual({
      received: [65_534, 65_535, 0, 1, 3, 4],
      lost: [0, 0, 0, 0, 1, 0],
      counters: { ...NOTHING, packets: 6, lost: 1, late: 1, doubled: 2, reordered: 1 },
    });
  });

  it('follows a new source, after what was held of the former one', () => {
    const received: (readonly [source: number, sequence: number, lostBefore: number])[] = [];
    const receiver = new RtpReceiver({
      payloadType: 96,
      onPacket: ({ bytes, lostBefore }) =>
        received.push([bytes.readUInt32BE(8), bytes.readUInt16BE(2), lostBefore]),
    });
    receiver.useReordering({ packets: 8, waitMs: 100 });
    const packets = [
      packet({ sequence: 5, source: 1 }),
      packet({ sequence: 7, source: 1 }),
      ...Array.from({ length: 9 }, (_, index) => packet({ sequence: 40 + index, source: 2 })),
    ];
    for (const bytes of packets) receiver.receive(bytes, { start: 0, end: bytes.length }, 0);
    expect(received).toEqual([
      [1, 5, 0],
      [1, 7, 1],
      [2, 47, 1],
      [2, 48, 0],
    ]);
  });
});

function reportsOf(
  steps: readonly ({ readonly rtp: Buffer } | { readonly rtcp: Buffer; readonly atMs: number })[],
): { readonly reports: readonly TrackSenderReport[]; readonly receiver: RtpReceiver } {
  const reports: TrackSenderReport[] = [];
  const receiver = new RtpReceiver({
    payloadType: 96,
    onPacket: () => undefined,
    onSenderReport: (report) => reports.push(report),
  });
  for (const step of steps) {
    if ('rtp' in step) receiver.receive(step.rtp, { start: 0, end: step.rtp.length }, 0);
    else receiver.receiveControl(step.rtcp, { start: 0, end: step.rtcp.length }, step.atMs);
  }
  return { reports, receiver };
}

describe('sender reports', () => {
  const utcMs = Date.UTC(2026, 5, 1, 12, 0, 0, 250);

  it('are brought to the clock of the packets, before and behind its wrap', () => {
    const { reports, receiver } = reportsOf([
      { rtp: packet({ timestamp: 0xffff_ff00, source: 7 }) },
      { rtcp: senderReport({ source: 7, utcMs, rtpTimestamp: 0x100 }), atMs: 40 },
      { rtcp: senderReport({ source: 7, utcMs: utcMs - 1_000, rtpTimestamp: 0xffff_fe00 }), atMs: 50 },
    ]);
    expect(reports).toEqual([
      { ntpUtcMs: utcMs, rtpTimestamp: 2 ** 32 + 0x100, arrivalMonotonicMs: 40 },
      { ntpUtcMs: utcMs - 1_000, rtpTimestamp: 0xffff_fe00, arrivalMonotonicMs: 50 },
    ]);
    expect(receiver.hasSenderReport).toBe(true);
  });

  it('that come before the first packet wait for it', () => {
    const { reports } = reportsOf([
      { rtcp: senderReport({ source: 7, utcMs, rtpTimestamp: 900 }), atMs: 10 },
      { rtp: packet({ timestamp: 1_800, source: 7 }) },
    ]);
    expect(reports).toEqual([{ ntpUtcMs: utcMs, rtpTimestamp: 900, arrivalMonotonicMs: 10 }]);
  });

  it('of another source, without a clock, or damaged are not passed on', () => {
    const good = senderReport({ source: 7, utcMs, rtpTimestamp: 0 });
    const { reports, receiver } = reportsOf([
      { rtp: packet({ source: 7 }) },
      { rtcp: senderReport({ source: 8, utcMs, rtpTimestamp: 0 }), atMs: 10 },
      { rtcp: senderReport({ source: 7, utcMs: undefined, rtpTimestamp: 0 }), atMs: 10 },
      { rtcp: good.subarray(0, 27), atMs: 10 },
    ]);
    expect(reports).toEqual([]);
    expect(receiver.counters).toEqual({ ...NOTHING, packets: 1, ignored: 2 });
  });
});
