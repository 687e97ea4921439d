import { describe, expect, it } from 'vitest';

import { packetizeAac } from '../../../../src/sim/rtsp/aac-packetizer.ts';
import { packetizeH264 } from '../../../../src/sim/rtsp/h264-packetizer.ts';
import type { PacketizedUnit } from '../../../../src/sim/rtsp/packetized.ts';
import { RtpSender } from '../../../../src/sim/rtsp/rtp-sender.ts';

interface Packet {
  readonly channel: number;
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
}

/** Reads interleaved RTP packets (RFC 7826 §14, RFC 3550 §5.1). */
function readPackets(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt16BE(at + 2);
    const packet = bytes.subarray(at + 4, at + 4 + length);
    expect([bytes[at], packet[0], packet.length]).toEqual([0x24, 0x80, length]);
    packets.push({
      channel: bytes.readUInt8(at + 1),
      marker: packet.readUInt8(1) >= 0x80,
      payloadType: packet.readUInt8(1) & 0x7f,
      sequence: packet.readUInt16BE(2),
      timestamp: packet.readUInt32BE(4),
      ssrc: packet.readUInt32BE(8),
      payload: packet.subarray(12),
    });
    at += 4 + length;
  }
  return packets;
}

const payloadsOf = (unit: PacketizedUnit): Buffer[] =>
  readPackets(unit.template).map(({ payload }) => payload);

/** Puts the NAL units of RFC 6184 payloads back together. */
function depacketize(payloads: readonly Buffer[]): Buffer[] {
  const nalUnits: Buffer[] = [];
  let fragments: Buffer[] = [];
  for (const payload of payloads) {
    const type = payload.readUInt8(0) & 0x1f;
    if (type === 24) {
      for (let at = 1; at < payload.length;) {
        const size = payload.readUInt16BE(at);
        nalUnits.push(payload.subarray(at + 2, at + 2 + size));
        at += 2 + size;
      }
    } else if (type === 28) {
      const header = payload.readUInt8(1);
      if ((header & 0x80) !== 0) fragments = [Buffer.of((payload.readUInt8(0) & 0xe0) | (header & 0x1f))];
      fragments.push(payload.subarray(2));
      if ((header & 0x40) !== 0) nalUnits.push(Buffer.concat(fragments));
    } else nalUnits.push(payload);
  }
  return nalUnits;
}

const sps = Buffer.from('6764001facd9405005bb', 'hex');
const pps = Buffer.from('68ebe3cb22c0', 'hex');

function nalUnit(header: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index === 0 ? header : (index * 7) & 0xff)));
}

describe('packetizeH264', () => {
  it('sends parameter sets as STAP-A and a long IDR slice as FU-A, and loses nothing', () => {
    const idr = nalUnit(0x65, 5000);
    const unit = packetizeH264({ nalUnits: [sps, pps, idr], keyframe: true }, 96);
    const payloads = payloadsOf(unit);
    expect(payloads.map((payload) => payload.readUInt8(0))).toEqual([0x78, 0x7c, 0x7c, 0x7c, 0x7c]);
    expect(payloads.slice(1).map((payload) => payload.readUInt8(1))).toEqual([0x85, 0x05, 0x05, 0x45]);
    expect(depacketize(payloads)).toEqual([sps, pps, idr]);
  });

  it.each([1, 2, 1387, 1388, 1389, 2774, 2775])(
    'keeps a NAL unit of %i bytes and the packet limit',
    (length) => {
      const slice = nalUnit(0x41, length);
      const unit = packetizeH264({ nalUnits: [slice], keyframe: false }, 96);
      expect(depacketize(payloadsOf(unit))).toEqual([slice]);
      expect(Math.max(...payloadsOf(unit).map((payload) => payload.length))).toBeLessThanOrEqual(1400 - 12);
      expect(unit.payloadOctets).toBe(payloadsOf(unit).reduce((sum, payload) => sum + payload.length, 0));
    },
  );

  it('sets the marker on the last packet only', () => {
    const unit = packetizeH264({ nalUnits: [nalUnit(0x41, 4000)], keyframe: false }, 96);
    expect(readPackets(unit.template).map(({ marker, payloadType }) => [marker, payloadType])).toEqual([
      [false, 96],
      [false, 96],
      [true, 96],
    ]);
  });
});

describe('packetizeAac', () => {
  it('puts one access unit behind its 16 header bits', () => {
    const accessUnit = Buffer.alloc(130, 3);
    const [packet, ...others] = readPackets(packetizeAac(accessUnit, 97).template);
    expect(others).toEqual([]);
    expect(packet).toMatchObject({ marker: true, payloadType: 97 });
    expect(packet?.payload).toEqual(Buffer.concat([Buffer.from('00100410', 'hex'), accessUnit]));
  });

  it('refuses an access unit that does not fit a packet', () => {
    expect(() => packetizeAac(Buffer.alloc(1385), 97)).toThrow(RangeError);
  });
});

describe('RtpSender', () => {
  const unit = packetizeH264({ nalUnits: [nalUnit(0x41, 4000)], keyframe: false }, 96);

  it('numbers packets without a hole over the 16-bit wrap and leaves the template alone', () => {
    const sender = new RtpSender(4);
    const first = sender.nextSequence;
    const sent = Array.from({ length: 22_000 }, (_, index) =>
      readPackets(sender.packets(unit, index * 6000)),
    ).flat();
    const holes = sent.filter(({ sequence }, index) => sequence !== (first + index) % 65_536);
    expect(holes).toEqual([]);
    expect(new Set(sent.map(({ channel, ssrc }) => `${channel} ${ssrc}`))).toEqual(
      new Set([`4 ${sender.ssrc}`]),
    );
    expect(readPackets(unit.template).every(({ ssrc, sequence }) => ssrc === 0 && sequence === 0)).toBe(true);
  });

  it('keeps timestamps in 32 bits', () => {
    const sender = new RtpSender(0);
    const [packet] = readPackets(sender.packets(unit, 2 ** 32 + 90_000));
    expect(packet?.timestamp).toBe(sender.timestampOf(90_000));
  });

  it('reports time and counts (RFC 3550 §6.4.1)', () => {
    const sender = new RtpSender(2);
    sender.packets(unit, 0);
    const bytes = sender.senderReport(90_000, Date.UTC(2026, 0, 1, 0, 0, 0, 500));
    const report = bytes.subarray(4);
    expect([bytes[0], bytes[1], bytes.readUInt16BE(2)]).toEqual([0x24, 3, report.length]);
    expect({
      head: report.readUInt32BE(0),
      ssrc: report.readUInt32BE(4),
      // 1900-01-01 to 2026-01-01 is 46021 days.
      seconds: report.readUInt32BE(8),
      fraction: report.readUInt32BE(12),
      timestamp: report.readUInt32BE(16),
      packets: report.readUInt32BE(20),
      octets: report.readUInt32BE(24),
      description: report.readUInt16BE(28),
    }).toEqual({
      head: 0x80c80006,
      ssrc: sender.ssrc,
      seconds: 46_021 * 86_400,
      fraction: 2 ** 31,
      timestamp: sender.timestampOf(90_000),
      packets: 3,
      octets: unit.payloadOctets,
      description: 0x81ca,
    });
    expect(report.length % 4).toBe(0);
  });
});
