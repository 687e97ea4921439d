import { describe, expect, it } from 'vitest';
import { AacDepacketizer, aacPacketFormat } from '../../../../src/engine/rtsp/aac-depacketizer.ts';
import { parseSessionDescription } from '../../../../src/engine/rtsp/sdp.ts';
import { SlabPool } from '../../../../src/engine/media/slab-pool.ts';
import { cameraDescription } from './camera-answers.ts';

const slabPool = new SlabPool({ maximumIdleBytes: 1024 ** 2 });

const HIGH_BITRATE = { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 };
const LOW_BITRATE = { sizeLength: 6, indexLength: 2, indexDeltaLength: 2 };

interface Step {
  readonly time: number;
  readonly payload: Buffer;
  readonly lostBefore?: number;
}

type Outcome = { readonly time: number; readonly data: string } | { readonly damage: number };

function depacketize(steps: readonly Step[], format = HIGH_BITRATE): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  const depacketizer = new AacDepacketizer({
    slabPool,
    format,
    samplesPerFrame: 1024,
    events: {
      onUnit: ({ data, timestamp }) =>
        outcomes.push({ time: timestamp, data: Buffer.from(data).toString('hex') }),
      onDamage: (damage) => outcomes.push({ damage }),
    },
  });
  for (const { time, payload, lostBefore = 0 } of steps) {
    depacketizer.push({
      bytes: Buffer.concat([Buffer.alloc(3, 0xff), payload]),
      start: 3,
      end: 3 + payload.length,
      marker: true,
      timestamp: time,
      lostBefore,
      arrivalMonotonicMs: 0,
    });
  }
  return outcomes;
}

/** AAC-hbr: 16 bits of headers a frame. */
function hbr(sizes: readonly number[], data: string): Buffer {
  const headers = Buffer.alloc(2 + 2 * sizes.length);
  headers.writeUInt16BE(16 * sizes.length, 0);
  for (const [index, size] of sizes.entries()) headers.writeUInt16BE(size << 3, 2 + 2 * index);
  return Buffer.concat([headers, Buffer.from(data, 'hex')]);
}

describe('AacDepacketizer', () => {
  it('takes one or several frames from a packet, each 1024 samples later', () => {
    expect(
      depacketize([
        { time: 0, payload: hbr([2], 'a1a2') },
        { time: 1024, payload: hbr([1, 3, 2], 'b1c1c2c3d1d2') },
      ]),
    ).toEqual([
      { time: 0, data: 'a1a2' },
      { time: 1024, data: 'b1' },
      { time: 2048, data: 'c1c2c3' },
      { time: 3072, data: 'd1d2' },
    ]);
  });

  it('reads the short headers of AAC-lbr', () => {
    const payload = Buffer.from('0010080ca1a2b1b2b3', 'hex');
    expect(depacketize([{ time: 0, payload }], LOW_BITRATE)).toEqual([
      { time: 0, data: 'a1a2' },
      { time: 1024, data: 'b1b2b3' },
    ]);
  });

  it('joins the fragments of a frame', () => {
    expect(
      depacketize([
        { time: 0, payload: hbr([5], 'a1a2') },
        { time: 0, payload: hbr([5], 'a3a4') },
        { time: 0, payload: hbr([5], 'a5') },
        { time: 1024, payload: hbr([1], 'b1') },
      ]),
    ).toEqual([
      { time: 0, data: 'a1a2a3a4a5' },
      { time: 1024, data: 'b1' },
    ]);
  });

  it('drops a frame with a lost fragment and goes on with the next', () => {
    expect(
      depacketize([
        { time: 0, payload: hbr([5], 'a1a2') },
        { time: 1024, payload: hbr([2], 'b1b2'), lostBefore: 2 },
        { time: 2048, payload: hbr([4], 'c1') },
        { time: 3072, payload: hbr([1], 'd1') },
      ]),
    ).toEqual([{ damage: 2 }, { time: 1024, data: 'b1b2' }, { damage: 1 }, { time: 3072, data: 'd1' }]);
  });

  it.each([
    { what: 'no header', payload: Buffer.from('0000a1', 'hex') },
    { what: 'headers beyond its end', payload: Buffer.from('0100a1', 'hex') },
    { what: 'a size of zero', payload: hbr([0], 'a1') },
    { what: 'a second frame beyond its end', payload: hbr([3, 9], '') },
  ])('counts a packet with $what and goes on', ({ payload }) => {
    const outcomes = depacketize([
      { time: 0, payload },
      { time: 1024, payload: hbr([1], 'b1') },
    ]);
    expect(outcomes.filter((outcome) => 'data' in outcome)).toEqual([{ time: 1024, data: 'b1' }]);
    expect(outcomes.filter((outcome) => 'damage' in outcome)).toHaveLength(1);
  });

  it('does not collect fragments without bound', () => {
    const step = { time: 0, payload: hbr([8191], '00'.repeat(1_000)) };
    expect(depacketize(Array.from({ length: 7 }, () => step))).toEqual([{ damage: 1 }]);
  });
});

describe('aacPacketFormat', () => {
  it('reads what cameras announce', () => {
    const formats = ['dahua_describe_h264_aac_onvif', 'reolink_describe'].map((name) =>
      parseSessionDescription(cameraDescription(name))
        ?.media.filter(({ type }) => type === 'audio')
        .map(aacPacketFormat),
    );
    expect(formats).toEqual([[HIGH_BITRATE], [HIGH_BITRATE]]);
  });

  it('knows the widths of a mode that a camera leaves out', () => {
    const formats = ['mode=AAC-hbr', 'mode=AAC-lbr', 'config=1188'].map((parameters) => {
      const [media] = parseSessionDescription(`m=audio 0 RTP/AVP 97\r\na=fmtp:97 ${parameters}`)?.media ?? [];
      return media && aacPacketFormat(media);
    });
    expect(formats).toEqual([
      HIGH_BITRATE,
      { sizeLength: 6, indexLength: 2, indexDeltaLength: 2 },
      HIGH_BITRATE,
    ]);
  });

  it.each(['mode=generic;sizelength=13', 'mode=AAC-hbr;sizelength=99', 'mode=AAC-hbr;sizelength=x'])(
    'refuses %s',
    (parameters) => {
      const [media] = parseSessionDescription(`m=audio 0 RTP/AVP 97\r\na=fmtp:97 ${parameters}`)?.media ?? [];
      expect(media === undefined ? 'no media' : aacPacketFormat(media)).toBeUndefined();
    },
  );
});
