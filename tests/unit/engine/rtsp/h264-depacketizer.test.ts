import { describe, expect, it } from 'vitest';
import { H264Depacketizer } from '../../../../src/engine/rtsp/h264-depacketizer.ts';
import { RtpReceiver } from '../../../../src/engine/rtsp/rtp.ts';
import { SlabPool } from '../../../../src/engine/media/slab-pool.ts';
import { aggregate, fragments, rtpPacket } from './rtp-packets.ts';
import { packetOf } from './track-packets.ts';

const slabPool = new SlabPool({ maximumIdleBytes: 1024 ** 2 });

const SPS = Buffer.from('Z00AH5WoFAFuQA==', 'base64');
const PPS = Buffer.from('aO48gA==', 'base64');
const SEI = Buffer.from([0x06, 0x05, 0x01, 0xaa, 0x80]);
const IDR = Buffer.concat([Buffer.from([0x65, 0x88]), Buffer.alloc(60, 0x11)]);
const SLICE = Buffer.concat([Buffer.from([0x41, 0x9a]), Buffer.alloc(40, 0x22)]);
/** `first_mb_in_slice` is not 0. */
const SECOND_SLICE = Buffer.concat([Buffer.from([0x41, 0x42]), Buffer.alloc(10, 0x33)]);

interface Step {
  readonly time: number;
  readonly payload: Buffer;
  readonly marker?: boolean;
  /** Packets missing before it. */
  readonly skip?: number;
}

type Outcome =
  | { readonly time: number; readonly nals: readonly Buffer[]; readonly isSync: boolean }
  | 'damage';

function depacketize(steps: readonly Step[], maxAccessUnitBytes = 10_000): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  const depacketizer = new H264Depacketizer({
    slabPool,
    maxAccessUnitBytes,
    events: {
      onAccessUnit: ({ data, timestamp, isSync }) =>
        outcomes.push({ time: timestamp, nals: nalsOf(Buffer.from(data)), isSync }),
      onDamage: () => outcomes.push('damage'),
    },
  });
  const receiver = new RtpReceiver({
    payloadType: 96,
    onPacket: (packet) => {
      depacketizer.push(packet);
    },
  });
  let sequence = 65_530;
  for (const { time, payload, marker = false, skip = 0 } of steps) {
    sequence += 1 + skip;
    const packet = rtpPacket({ sequence, timestamp: time, payload, marker });
    receiver.receive(packet, { start: 0, end: packet.length }, 0);
    packet.fill(0xee);
  }
  return outcomes;
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

function fragmented(
  nal: Buffer,
  { time, size = 16 }: { readonly time: number; readonly size?: number },
): readonly Step[] {
  return fragments(nal, size).map((payload, index, all) => ({
    time,
    payload,
    marker: index === all.length - 1,
  }));
}

describe('H264Depacketizer', () => {
  it('joins single NAL units, aggregates and fragments into access units', () => {
    expect(
      depacketize([
        { time: 0, payload: aggregate(SPS, PPS, SEI) },
        ...fragmented(IDR, { time: 0 }),
        { time: 3600, payload: SLICE },
        { time: 3600, payload: SECOND_SLICE, marker: true },
        { time: 7200, payload: aggregate(SEI, SLICE), marker: true },
      ]),
    ).toEqual([
      { time: 0, nals: [SEI, IDR], isSync: true },
      { time: 3600, nals: [SLICE, SECOND_SLICE], isSync: false },
      { time: 7200, nals: [SEI, SLICE], isSync: false },
    ]);
  });

  it('ends an access unit by its timestamp where no marker comes', () => {
    expect(
      depacketize([
        { time: 0, payload: IDR },
        { time: 3600, payload: SLICE },
        { time: 7200, payload: SLICE },
      ]),
    ).toEqual([
      { time: 0, nals: [IDR], isSync: true },
      { time: 3600, nals: [SLICE], isSync: false },
    ]);
  });

  it('keeps parameter sets and messages with the picture after them, whatever marker and timestamp they carry', () => {
    expect(
      depacketize([
        { time: 0, payload: SPS, marker: true },
        { time: 10, payload: PPS, marker: true },
        { time: 20, payload: SEI, marker: true },
        { time: 3600, payload: IDR, marker: true },
      ]),
    ).toEqual([{ time: 3600, nals: [SEI, IDR], isSync: true }]);
  });

  it('stops trusting markers that cut pictures in two', () => {
    expect(
      depacketize([
        { time: 0, payload: SLICE, marker: true },
        { time: 0, payload: SECOND_SLICE, marker: true },
        { time: 3600, payload: SLICE, marker: true },
        { time: 3600, payload: SECOND_SLICE, marker: true },
        { time: 7200, payload: SLICE, marker: true },
      ]),
    ).toEqual([
      { time: 0, nals: [SLICE], isSync: false },
      'damage',
      { time: 3600, nals: [SLICE, SECOND_SLICE], isSync: false },
    ]);
  });

  it.each([
    { what: 'the first fragment', lost: 0 },
    { what: 'a middle fragment', lost: 1 },
    { what: 'the last fragment', lost: 3 },
  ])('drops the access unit that lost $what, and no other', ({ lost }) => {
    const steps = fragmented(IDR, { time: 3600 }).filter((_, index) => index !== lost);
    const withGap = steps.map((step, index) => (index === lost ? { ...step, skip: 1 } : step));
    const outcomes = depacketize([
      { time: 0, payload: IDR, marker: true },
      ...withGap,
      { time: 7200, payload: IDR, marker: true, skip: lost === 3 ? 1 : 0 },
      { time: 10_800, payload: SLICE, marker: true },
    ]);
    expect(outcomes.filter((outcome) => outcome !== 'damage')).toEqual([
      { time: 0, nals: [IDR], isSync: true },
      { time: 7200, nals: [IDR], isSync: true },
      { time: 10_800, nals: [SLICE], isSync: false },
    ]);
    expect(outcomes[1]).toBe('damage');
  });

  it('drops a picture whose first slice was lost before its other slices', () => {
    expect(
      depacketize([
        { time: 0, payload: IDR, marker: true },
        { time: 3600, payload: SECOND_SLICE, marker: true, skip: 1 },
        { time: 7200, payload: SLICE, marker: true },
      ]),
    ).toEqual([
      { time: 0, nals: [IDR], isSync: true },
      'damage',
      'damage',
      { time: 7200, nals: [SLICE], isSync: false },
    ]);
  });

  it('tells of whole access units that were lost', () => {
    expect(
      depacketize([
        { time: 0, payload: IDR, marker: true },
        { time: 7200, payload: SLICE, marker: true, skip: 2 },
      ]),
    ).toEqual([
      { time: 0, nals: [IDR], isSync: true },
      'damage',
      { time: 7200, nals: [SLICE], isSync: false },
    ]);
  });

  it.each([
    { what: 'an aggregate that ends early', payload: Buffer.concat([aggregate(SEI, SLICE).subarray(0, 20)]) },
    { what: 'a packet type that is not negotiated', payload: Buffer.from([29, 0x85, 0, 0]) },
    { what: 'a fragment without a start', payload: Buffer.from([0x7c, 0x05, 1, 2]) },
    {
      what: 'more than an access unit may hold',
      payload: Buffer.concat([Buffer.from([0x65, 0x88]), Buffer.alloc(20_000)]),
    },
  ])('drops an access unit with $what', ({ payload }) => {
    expect(
      depacketize([
        { time: 0, payload, marker: true },
        { time: 3600, payload: IDR, marker: true },
      ]),
    ).toEqual(['damage', { time: 3600, nals: [IDR], isSync: true }]);
  });

  it('bears empty packets, empty fragments, a missing end, and a type that changes in mid-frame', () => {
    const [first = Buffer.alloc(0), second = Buffer.alloc(0), ...rest] = fragments(IDR, 16);
    const last = rest.at(-1) ?? Buffer.alloc(0);
    const withoutEnd = Buffer.from(last);
    withoutEnd[1] = 0x05;
    const changed = Buffer.from(second);
    changed[1] = 0x01;
    expect(
      depacketize([
        { time: 0, payload: Buffer.alloc(0) },
        { time: 0, payload: Buffer.from([0x7c]) },
        { time: 0, payload: first },
        { time: 0, payload: Buffer.from([0x7c, 0x05]) },
        { time: 0, payload: changed },
        ...rest.slice(0, -1).map((payload) => ({ time: 0, payload })),
        { time: 0, payload: withoutEnd, marker: true },
      ]),
    ).toEqual([{ time: 0, nals: [IDR], isSync: true }]);
  });

  it('gives the parameter sets of SDP until others come in the stream', () => {
    const sets: unknown[] = [];
    const depacketizer = new H264Depacketizer({
      slabPool,
      maxAccessUnitBytes: 1_000,
      events: { onAccessUnit: ({ parameterSets }) => sets.push(parameterSets), onDamage: () => undefined },
    });
    depacketizer.offerParameterSets('junk,Z00AH5WoFAFuQA==,aO48gA==');
    const push = (payload: Buffer, timestamp: number): void => {
      depacketizer.push({
        bytes: payload,
        start: 0,
        end: payload.length,
        marker: true,
        timestamp,
        lostBefore: 0,
        arrivalMonotonicMs: 0,
      });
    };
    push(IDR, 0);
    push(aggregate(SPS, PPS, IDR), 1);
    const other = Buffer.from('Z2QAM6zoAoALWQ==', 'base64');
    push(aggregate(other, PPS, IDR), 2);
    const fromSdp = { codec: 'h264', sps: new Uint8Array(SPS), pps: new Uint8Array(PPS) };
    expect(sets).toEqual([
      fromSdp,
      fromSdp,
      { codec: 'h264', sps: new Uint8Array(other), pps: new Uint8Array(PPS) },
    ]);
    expect(sets[1]).toBe(sets[0]);
  });

  it('tells recovery points, also behind other messages', () => {
    // As x264 writes it: recovery_frame_cnt 14.
    const recoveryPoint = Buffer.from('0606021f1080', 'hex');
    const twoMessages = Buffer.from('06050301020306021f1080', 'hex');
    const marks = [SEI, recoveryPoint, twoMessages].map((message) => {
      const seen: boolean[] = [];
      const depacketizer = new H264Depacketizer({
        slabPool,
        maxAccessUnitBytes: 10_000,
        events: {
          onAccessUnit: ({ isRecoveryPoint }) => seen.push(isRecoveryPoint),
          onDamage: () => undefined,
        },
      });
      depacketizer.push(packetOf({ time: 0, payload: aggregate(message, SLICE) }));
      return seen;
    });
    expect(marks).toEqual([[false], [true], [true]]);
  });

  it.each([25, 26, 27, 29])('refuses interleaving in words, once, and goes on (type %i)', (type) => {
    const outcomes: string[] = [];
    const depacketizer = new H264Depacketizer({
      slabPool,
      maxAccessUnitBytes: 10_000,
      events: {
        onAccessUnit: () => outcomes.push('picture'),
        onDamage: () => outcomes.push('damage'),
        onUnsupported: (detail) => outcomes.push(detail),
      },
    });
    const interleaved = Buffer.concat([Buffer.of(type, 0, 0), SLICE]);
    for (const [time, payload] of [interleaved, interleaved, SLICE].entries()) {
      depacketizer.push(packetOf({ time, payload }));
    }
    expect(outcomes).toEqual([
      'The camera sends its video interleaved (RFC 6184 packetization mode 2), which is not supported. Switch interleaving off in its settings.',
      'damage',
      'damage',
      'picture',
    ]);
  });
});
