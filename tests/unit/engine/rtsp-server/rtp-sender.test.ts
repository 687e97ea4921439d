import { describe, expect, it } from 'vitest';
import { opusPayload } from '../../../../src/engine/rtsp-server/payload/opus.ts';
import { RtpSender } from '../../../../src/engine/rtsp-server/rtp-sender.ts';
import { h264Payload } from '../../../../src/engine/rtsp-server/payload/h264.ts';
import { accessUnit, counting, sampleOf } from './written-packets.ts';

const format = opusPayload({ kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 1, preSkip: 0 });

function opusSender(): RtpSender {
  return new RtpSender({ format, channel: 2, canonicalName: 'session-name' });
}

interface Packet {
  readonly channel: number;
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
}

/** Interleaved RTP packets, by the letter of RFC 2326 §10.12 and RFC 3550 §5.1. */
function parse(bytes: Uint8Array | undefined): readonly Packet[] {
  const buffer = Buffer.from(bytes ?? []);
  const packets: Packet[] = [];
  for (let at = 0; at < buffer.length;) {
    expect([buffer[at], buffer[at + 4]]).toEqual([0x24, 0x80]);
    const end = at + 4 + buffer.readUInt16BE(at + 2);
    packets.push({
      channel: buffer.readUInt8(at + 1),
      marker: (buffer.readUInt8(at + 5) & 0x80) !== 0,
      payloadType: buffer.readUInt8(at + 5) & 0x7f,
      sequence: buffer.readUInt16BE(at + 6),
      timestamp: buffer.readUInt32BE(at + 8),
      ssrc: buffer.readUInt32BE(at + 12),
      payload: buffer.subarray(at + 16, end),
    });
    at = end;
  }
  return packets;
}

describe('a track on its way to a player', () => {
  it('numbers its packets on over the wrap, and tells beforehand which comes next', () => {
    const sender = opusSender();
    const first = sender.nextSequence;
    const sent = Array.from({ length: 65_600 }, (_, index) =>
      parse(sender.write(sampleOf('audio', counting(8), { pts90k: index * 1_800 }))),
    ).flat();
    expect(sent.map(({ sequence }) => sequence)).toEqual(sent.map((_, index) => (first + index) % 65_536));
    expect(sender.nextSequence).toBe((first + 65_600) % 65_536);
  });

  it('stamps packets in its own clock, over the wrap too', () => {
    const sender = opusSender();
    const start = sender.timestampOf(0);
    for (const seconds of [0, 1, 89_478, 100 * 86_400, 20 * 365 * 86_400]) {
      const [packet] = parse(sender.write(sampleOf('audio', counting(8), { pts90k: seconds * 90_000 })));
      expect(packet).toEqual({
        channel: 2,
        marker: false,
        payloadType: 97,
        sequence: expect.any(Number),
        timestamp: (start + seconds * 48_000) % 2 ** 32,
        ssrc: sender.ssrc,
        payload: counting(8),
      });
    }
  });

  it('sends nothing and counts nothing for a sample that the format cannot carry', () => {
    const sender = opusSender();
    const before = sender.nextSequence;
    expect(sender.write(sampleOf('audio', counting(1_500)))).toBeUndefined();
    expect(sender.nextSequence).toBe(before);
  });

  it('writes many small NAL units and one large, whatever memory that needs', () => {
    const video = h264Payload({ sps: counting(20, 0x67), pps: counting(5, 0x68) });
    const sender = new RtpSender({ format: video, channel: 0, canonicalName: 'name' });
    const small = Array.from({ length: 500 }, () => counting(3, 0x41));
    const packets = parse(sender.write(sampleOf('video', accessUnit(...small, counting(100_000, 0x65)))));
    expect(packets.slice(2, 502).map(({ payload }) => payload)).toEqual(small);
    expect(packets.slice(502).reduce((sum, { payload }) => sum + payload.length - 2, 1)).toBe(100_000);
    expect(packets.filter(({ marker }) => marker)).toEqual([packets.at(-1)]);
  });

  it('says at which time of day a moment of the track was, and how much it sent', () => {
    const sender = opusSender();
    sender.write(sampleOf('audio', counting(8)));
    sender.write(sampleOf('audio', counting(10)));
    const utcMs = Date.UTC(2026, 6, 1, 12, 0, 0, 250);
    const bytes = Buffer.from(sender.senderReport({ pts90k: 180_000, utcMs }));
    const ntpSeconds = utcMs / 1_000 + 2_208_988_800;
    expect(bytes.toString('hex')).toBe(
      [
        // RTSP: channel 3, 28 bytes of report and 24 of description.
        '24030034',
        // RFC 3550 §6.4.1: version 2, no report blocks, SR, 7 words.
        '80c80006',
        hex32(sender.ssrc),
        hex32(Math.floor(ntpSeconds)),
        '40000000',
        hex32(sender.timestampOf(180_000)),
        hex32(2),
        hex32(18),
        // §6.5: one source, SDES, 6 words; CNAME of 12 characters and its end.
        '81ca0005',
        hex32(sender.ssrc),
        `010c${Buffer.from('session-name').toString('hex')}0000`,
      ].join(''),
    );
  });
});

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}
