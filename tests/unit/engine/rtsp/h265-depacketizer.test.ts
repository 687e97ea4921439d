import { describe, expect, it } from 'vitest';
import { SlabPool } from '../../../../src/engine/media/slab-pool.ts';
import { H265Depacketizer, h265Obstacle } from '../../../../src/engine/rtsp/h265-depacketizer.ts';
import { parseSessionDescription } from '../../../../src/engine/rtsp/sdp.ts';
import { mulberry32 } from '../recording/synthetic-stream.ts';
import { cameraDescription } from './camera-answers.ts';
import { packetOf } from './track-packets.ts';
import type { Step } from './track-packets.ts';

const VPS = Buffer.from('QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA==', 'base64');
const SPS = Buffer.from('QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=', 'base64');
const PPS = Buffer.from('RAHA8saNA7NA', 'base64');

/** A slice of `type`: its header, then `first_slice_segment_in_pic_flag`, then filling. */
function slice(type: number, { isFirst = true, bytes = 20 } = {}): Buffer {
  return Buffer.concat([Buffer.of(type << 1, 1, isFirst ? 0x80 : 0x40), Buffer.alloc(bytes, type)]);
}

const Type = { trailing: 1, skippedLeading: 9, idr: 19, cra: 21 } as const;
const MESSAGE = Buffer.of(39 << 1, 1, 5, 1, 0xaa, 0x80);
/** recovery_poc_cnt 0. */
const RECOVERY_POINT = Buffer.of(39 << 1, 1, 6, 1, 0xe0, 0x80);
const DELIMITER = Buffer.of(35 << 1, 1, 0x50);
const SUFFIX = Buffer.of(40 << 1, 1, 5, 1, 0xbb, 0x80);

/** RFC 7798 §4.4.2 */
function aggregate(...nals: readonly Buffer[]): Buffer {
  const sized = nals.flatMap((nal) => [Buffer.of(nal.length >> 8, nal.length & 0xff), nal]);
  return Buffer.concat([Buffer.of(48 << 1, 1), ...sized]);
}

/** RFC 7798 §4.4.3; later fragments may say another type. */
function fragments(nal: Buffer, size: number, laterType = (nal[0] ?? 0) >> 1): readonly Buffer[] {
  const count = Math.ceil((nal.length - 2) / size);
  return Array.from({ length: count }, (_, index) => {
    const from = 2 + index * size;
    const flags = (index === 0 ? 0x80 : 0) | (index === count - 1 ? 0x40 : 0);
    const type = index === 0 ? (nal[0] ?? 0) >> 1 : laterType;
    return Buffer.concat([Buffer.of(49 << 1, nal[1] ?? 0, flags | type), nal.subarray(from, from + size)]);
  });
}

interface Unit {
  readonly time: number;
  readonly nals: readonly Buffer[];
  readonly marks: readonly string[];
}
type Outcome = Unit | 'damage';

function depacketize(
  steps: readonly Step[],
  { maxAccessUnitBytes = 10_000, sprop = [] as readonly string[] } = {},
): { readonly outcomes: readonly Outcome[]; readonly hasSets: readonly boolean[] } {
  const outcomes: Outcome[] = [];
  const hasSets: boolean[] = [];
  const depacketizer = new H265Depacketizer({
    slabPool: new SlabPool({ maximumIdleBytes: 1024 ** 2 }),
    maxAccessUnitBytes,
    events: {
      onAccessUnit: ({ data, timestamp, parameterSets, isSync, isRecoveryPoint, isSkippable }) => {
        const flags = { sync: isSync, recovery: isRecoveryPoint, skippable: isSkippable };
        const marks = Object.entries(flags).flatMap(([mark, holds]) => (holds ? [mark] : []));
        outcomes.push({ time: timestamp, nals: nalsOf(Buffer.from(data)), marks });
        hasSets.push(parameterSets !== undefined);
      },
      onDamage: () => outcomes.push('damage'),
    },
  });
  for (const value of sprop) depacketizer.offerParameterSets(value);
  for (const step of steps) depacketizer.push(packetOf({ marker: false, ...step }));
  return { outcomes, hasSets };
}

function nalsOf(unit: Buffer): readonly Buffer[] {
  const nals: Buffer[] = [];
  for (let at = 0; at < unit.length;) {
    const end = at + 4 + unit.readUInt32BE(at);
    nals.push(unit.subarray(at + 4, end));
    at = end;
  }
  return nals;
}

function base64(nal: Buffer): string {
  return nal.toString('base64');
}

describe('H265Depacketizer', () => {
  it('joins single NAL units, aggregates and fragments into access units', () => {
    const idr = slice(Type.idr, { bytes: 100 });
    const [first, second] = [slice(Type.trailing), slice(Type.trailing, { isFirst: false })];
    expect(
      depacketize([
        { time: 0, payload: aggregate(DELIMITER, VPS, SPS, PPS) },
        ...fragments(idr, 30).map((payload, index, all) => ({
          time: 0,
          payload,
          marker: index === all.length - 1,
        })),
        { time: 3000, payload: MESSAGE },
        { time: 3000, payload: aggregate(first, second), marker: true },
        { time: 6000, payload: first },
        { time: 6000, payload: second },
        { time: 6000, payload: SUFFIX, marker: true },
      ]),
    ).toEqual({
      outcomes: [
        { time: 0, nals: [idr], marks: ['sync'] },
        { time: 3000, nals: [MESSAGE, first, second], marks: [] },
        { time: 6000, nals: [first, second, SUFFIX], marks: [] },
      ],
      hasSets: [true, true, true],
    });
  });

  it('tells CRA pictures, leading pictures that may be skipped, and recovery points', () => {
    const payloads = [
      [slice(Type.cra)],
      [slice(Type.skippedLeading)],
      [RECOVERY_POINT, slice(Type.trailing)],
    ];
    const { outcomes } = depacketize(
      payloads.map((nals, index) => ({ time: index, payload: aggregate(...nals), marker: true })),
    );
    expect(outcomes.map((outcome) => (outcome === 'damage' ? outcome : outcome.marks))).toEqual([
      ['sync'],
      ['skippable'],
      ['recovery'],
    ]);
  });

  it('keeps the type of the first fragment whatever later ones say', () => {
    const idr = slice(Type.idr, { bytes: 90 });
    const { outcomes } = depacketize(
      fragments(idr, 30, Type.trailing).map((payload, index, all) => ({
        time: 0,
        payload,
        marker: index === all.length - 1,
      })),
    );
    expect(outcomes).toEqual([{ time: 0, nals: [idr], marks: ['sync'] }]);
  });

  it('ends a picture where the time changes when its marker is missing, and not at a marker on a message', () => {
    const [first, second] = [slice(Type.trailing), slice(Type.trailing, { bytes: 9 })];
    expect(
      depacketize([
        { time: 0, payload: first },
        { time: 1, payload: MESSAGE, marker: true },
        { time: 1, payload: second, marker: true },
      ]).outcomes,
    ).toEqual([
      { time: 0, nals: [first], marks: [] },
      { time: 1, nals: [MESSAGE, second], marks: [] },
    ]);
  });

  it('leaves out pictures of further layers', () => {
    const base = slice(Type.trailing);
    const enhancement = Buffer.from(base);
    enhancement[1] = 0x09; // nuh_layer_id 1
    expect(depacketize([{ time: 0, payload: aggregate(base, enhancement), marker: true }]).outcomes).toEqual([
      { time: 0, nals: [base], marks: [] },
    ]);
  });

  it('throws a picture away that lacks a packet, and goes on with the next', () => {
    const idr = slice(Type.idr, { bytes: 90 });
    const [one, , three] = fragments(idr, 30);
    const next = slice(Type.trailing);
    expect(
      depacketize([
        { time: 0, payload: one ?? idr },
        { time: 0, payload: three ?? idr, lostBefore: 1, marker: true },
        { time: 1, payload: next, marker: true },
      ]).outcomes,
    ).toEqual(['damage', 'damage', { time: 1, nals: [next], marks: [] }]);
  });

  it.each([
    ['an aggregate whose sizes pass its end', Buffer.of(48 << 1, 1, 0, 200, 1, 2)],
    ['a payload with an extension', Buffer.concat([Buffer.of(50 << 1, 1, 0, 0), slice(Type.trailing)])],
    ['a fragment without a beginning', Buffer.of(49 << 1, 1, Type.trailing, 1, 2)],
    ['a type that no standard has', Buffer.of(60 << 1, 1, 1)],
    ['half a header', Buffer.of(2)],
  ])('throws %s away', (_what, payload) => {
    const next = slice(Type.trailing);
    expect(
      depacketize([
        { time: 0, payload, marker: true },
        { time: 1, payload: next, marker: true },
      ]).outcomes,
    ).toEqual(['damage', { time: 1, nals: [next], marks: [] }]);
  });

  it('takes parameter sets from a session description, and passes over junk there', () => {
    const picture = { time: 0, payload: slice(Type.idr), marker: true };
    expect(depacketize([picture], { sprop: [base64(VPS), base64(SPS), base64(PPS)] }).hasSets).toEqual([
      true,
    ]);
    expect(depacketize([picture], { sprop: ['AAAA', '', '%%%', base64(SPS)] }).hasSets).toEqual([false]);
  });

  it('holds no access unit that is too large', () => {
    const steps = [0, 0, 0].map((time) => ({ time, payload: slice(Type.trailing, { bytes: 500 }) }));
    expect(
      depacketize([...steps, { time: 1, payload: slice(Type.trailing), marker: true }], {
        maxAccessUnitBytes: 1200,
      }).outcomes,
    ).toEqual(['damage', { time: 1, nals: [slice(Type.trailing)], marks: [] }]);
  });

  const seed = Number(process.env['BELVEDERE_TEST_SEED'] ?? Date.now() % 2 ** 31);
  it(`takes random payloads without an end (seed ${seed})`, () => {
    const random = mulberry32(seed);
    const types = [0, 1, 9, 19, 21, 32, 33, 34, 35, 39, 48, 49, 50, 63];
    const steps = Array.from({ length: 3000 }, (_, index) => {
      const type = types[Math.floor(random() * types.length)] ?? 0;
      const content = Buffer.from(
        Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256)),
      );
      return {
        time: Math.floor(index / 3),
        payload: Buffer.concat([Buffer.of(type << 1, 1), content]),
        marker: random() < 0.3,
        lostBefore: random() < 0.05 ? 1 : 0,
      };
    });
    const { outcomes } = depacketize(steps, { maxAccessUnitBytes: 400 });
    const sizes = outcomes.map((outcome) =>
      outcome === 'damage' ? 0 : outcome.nals.reduce((sum, nal) => sum + 4 + nal.length, 0),
    );
    expect(outcomes.length).toBeGreaterThan(100);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(400);
  });
});

function obstacleOf(parameters: string): string | undefined {
  const [media] = parseSessionDescription(`m=video 0 RTP/AVP 96\r\na=fmtp:96 ${parameters}`)?.media ?? [];
  return media && h265Obstacle(media);
}

describe('h265Obstacle', () => {
  it('refuses interleaving in words', () => {
    expect(obstacleOf('sprop-max-don-diff=2')).toBe(
      'The camera sends its H.265 video interleaved (sprop-max-don-diff above 0), which is not supported. Switch interleaving off in its settings.',
    );
  });

  it('has nothing against what cameras send', () => {
    expect(obstacleOf('sprop-max-don-diff=0')).toBeUndefined();
    const camera = parseSessionDescription(cameraDescription('dahua_describe_h265_pcma'));
    expect(camera?.media.map(h265Obstacle)).toEqual([undefined, undefined]);
  });
});
