import { describe, expect, it } from 'vitest';
import { RtpReceiver } from '../../../../src/engine/rtsp/rtp.ts';
import { rtpPacket } from './rtp-packets.ts';
import type { PacketFields } from './rtp-packets.ts';

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
    expect(counters).toEqual({ packets: 5, lost: 0, ignored: 0, sourceChanges: 0 });
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
      counters: { packets: 0, lost: 0, ignored: 1, sourceChanges: 0 },
    });
  });

  it('counts gaps in the sequence across its wrap, and ignores late and doubled packets', () => {
    const { received, counters } = receive(
      [65_533, 65_534, 2, 2, 1, 3].map((sequence) => packet({ sequence })),
    );
    expect(received.map(({ lostBefore }) => lostBefore)).toEqual([0, 0, 3, 0]);
    expect(counters).toEqual({ packets: 4, lost: 3, ignored: 2, sourceChanges: 0 });
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
    expect(counters).toEqual({ packets: 4, lost: 0, ignored: 9, sourceChanges: 1 });
  });
});
