import { describe, expect, it } from 'vitest';
import { SlabPool } from '../../../../src/engine/media/slab-pool.ts';
import type { AacTrack } from '../../../../src/engine/media/sample.ts';
import { LatmDepacketizer, latmFormat } from '../../../../src/engine/rtsp/latm-depacketizer.ts';
import type { LatmFormat } from '../../../../src/engine/rtsp/latm-depacketizer.ts';
import { mulberry32 } from '../recording/synthetic-stream.ts';
import { collectUnits, packetOf } from './track-packets.ts';
import type { Outcome, Step } from './track-packets.ts';

/** AAC-LC, 24 kHz, mono: the example of RFC 6416 §7.4.1. */
const RFC_EXAMPLE = '400026103FC0';

function formatOf(parameters: Record<string, string>): LatmFormat | undefined {
  return latmFormat({ parameters: new Map(Object.entries(parameters)) });
}

function depacketize(
  format: LatmFormat | undefined,
  steps: readonly Step[],
): { readonly outcomes: readonly Outcome[]; readonly tracks: readonly AacTrack[] } {
  if (format === undefined) throw new Error('The format is to be understood.');
  const { outcomes, events } = collectUnits();
  const tracks: AacTrack[] = [];
  const depacketizer = new LatmDepacketizer({
    slabPool: new SlabPool({ maximumIdleBytes: 1024 ** 2 }),
    format,
    clockRate: 90_000,
    events: { ...events, onTrack: (track) => tracks.push(track) },
  });
  for (const step of steps) depacketizer.push(packetOf(step));
  return { outcomes, tracks };
}

/** Bits as people group them. */
function bits(text: string): Buffer {
  const digits = text.replaceAll(/[^01]/g, '');
  return Buffer.from((digits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)));
}

function bitsOf(...bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

describe('latmFormat', () => {
  it('reads the example of the standard', () => {
    expect(formatOf({ cpresent: '0', config: RFC_EXAMPLE })).toEqual({
      kind: 'described',
      configuration: {
        frames: 1,
        track: {
          kind: 'audio',
          codec: 'aac',
          audioSpecificConfig: Uint8Array.from([0x13, 0x08]),
          sampleRate: 24_000,
          channels: 1,
          samplesPerFrame: 1024,
        },
      },
    });
  });

  it('takes one that ends after the AudioSpecificConfig, as GStreamer writes it', () => {
    expect(formatOf({ cpresent: '0', config: '40002420' })).toMatchObject({
      configuration: { frames: 1, track: { sampleRate: 44_100, channels: 2 } },
    });
  });

  it('believes a configuration whose camera forgets to say that it counts', () => {
    expect(formatOf({ config: RFC_EXAMPLE })).toMatchObject({ kind: 'described' });
    expect(formatOf({ cpresent: '1', config: RFC_EXAMPLE })).toEqual({ kind: 'in-band' });
    expect(formatOf({})).toEqual({ kind: 'in-band' });
  });

  it.each([
    ['two programs', '0 1 000000 0001 000'],
    ['two layers', '0 1 000000 0000 001'],
    ['a reserved version', '1 1 000000 0000 000'],
    ['nothing but a beginning', '0 1 0000'],
    // CELP: object type 8.
    ['no AAC', `0 1 000000 0000 000 01000 1011 0001 000 000 11111111 0 0`],
    // frameLengthType 1.
    ['frames of fixed length', `0 1 000000 0000 000 00010 0110 0001 000 001 00000000 0 0`],
  ])('refuses %s', (_what, config) => {
    expect(formatOf({ cpresent: '0', config: bits(config).toString('hex') })).toBeUndefined();
  });
});

describe('LatmDepacketizer', () => {
  const described = formatOf({ cpresent: '0', config: RFC_EXAMPLE });

  it('takes a frame from each packet, and one from several', () => {
    const long = Buffer.alloc(300, 0xab);
    const element = Buffer.concat([Buffer.from([255, 45]), long]);
    expect(
      depacketize(described, [
        { time: 0, payload: Buffer.from('02a1a2', 'hex') },
        { time: 3840, payload: element.subarray(0, 100), marker: false },
        { time: 3840, payload: element.subarray(100) },
      ]).outcomes,
    ).toEqual([
      { time: 0, data: 'a1a2' },
      { time: 3840, data: long.toString('hex') },
    ]);
  });

  it('takes several frames from an element, each later by its duration in the clock of the track', () => {
    const twoFrames = formatOf({
      cpresent: '0',
      config: bits('0 1 000001 0000 000 00010 0110 0001 000 000 11111111 0 0').toString('hex'),
    });
    expect(
      depacketize(twoFrames, [{ time: 100, payload: Buffer.from('01aa02bbcc', 'hex') }]).outcomes,
    ).toEqual([
      { time: 100, data: 'aa' },
      { time: 100 + 3840, data: 'bbcc' },
    ]);
  });

  it('reads the configuration in the stream, after which nothing begins at a byte', () => {
    const configuration = '0 1 000000 0000 000 00010 1000 0010 000 000 11111111 0 0';
    const configured = bits(`0 ${configuration} ${bitsOf(2, 0xc1, 0xc2)}`);
    const same = bits(`1 ${bitsOf(1, 0xd1)}`);
    const changed = bits(`0 ${configuration.replace('1000 0010', '1011 0001')} ${bitsOf(1, 0xe1)}`);
    const { outcomes, tracks } = depacketize({ kind: 'in-band' }, [
      { time: 0, payload: same },
      { time: 1, payload: configured },
      { time: 2, payload: same },
      { time: 3, payload: configured },
      { time: 4, payload: changed },
    ]);
    expect(outcomes).toEqual([
      { time: 1, data: 'c1c2' },
      { time: 2, data: 'd1' },
      { time: 3, data: 'c1c2' },
      { time: 4, data: 'e1' },
    ]);
    expect(tracks.map(({ sampleRate, channels }) => [sampleRate, channels])).toEqual([
      [16_000, 2],
      [8_000, 1],
    ]);
  });

  it('skips what version 1 and other data put around the frames', () => {
    // Version 1: taraBufferFullness, and the configuration behind its length in bits; other data of 16 bits; a check.
    const configuration =
      '1 0 00 00000000 1 000000 0000 000 00 00010000 00010 1000 0010 000 000 11111111 1 00 00010000 1 10101010';
    const payload = bits(`0 ${configuration} ${bitsOf(1, 0xf1, 0xee, 0xee)}`);
    const { outcomes, tracks } = depacketize({ kind: 'in-band' }, [{ time: 0, payload }]);
    expect(outcomes).toEqual([{ time: 0, data: 'f1' }]);
    expect(tracks).toMatchObject([
      { sampleRate: 16_000, audioSpecificConfig: Uint8Array.from([0x14, 0x10]) },
    ]);
  });

  it('leaves an element out that lacks a packet, and one that says more than it has', () => {
    expect(
      depacketize(described, [
        { time: 0, payload: Buffer.from('04aaaa', 'hex'), marker: false },
        { time: 0, payload: Buffer.from('bbbb', 'hex'), lostBefore: 1 },
        { time: 1, payload: Buffer.from('09cc', 'hex') },
        { time: 2, payload: Buffer.from('00', 'hex') },
        { time: 2 + 3 * 3840, payload: Buffer.from('01dd', 'hex'), lostBefore: 2 },
      ]).outcomes,
    ).toEqual([
      { damage: 1 },
      { damage: 1 },
      { damage: 1 },
      { damage: 1 },
      { damage: 2 },
      { time: 2 + 3 * 3840, data: 'dd' },
    ]);
  });

  it('makes no frame of the rest of an element whose beginning is lost', () => {
    expect(
      depacketize(described, [
        { time: 0, payload: Buffer.from('01aa', 'hex') },
        // The lost packet had the same time, and the length that counts.
        { time: 3840, payload: Buffer.from('02bbbb', 'hex'), lostBefore: 1 },
        { time: 7680, payload: Buffer.from('01cc', 'hex') },
      ]).outcomes,
    ).toEqual([{ time: 0, data: 'aa' }, { damage: 1 }, { damage: 1 }, { time: 7680, data: 'cc' }]);
  });

  it('holds no more than an element may have', () => {
    const endless = Array.from({ length: 100 }, () => ({
      time: 0,
      payload: Buffer.alloc(1400, 255),
      marker: false,
    }));
    expect(
      depacketize(described, [
        ...endless,
        { time: 0, payload: Buffer.alloc(1) },
        { time: 1, payload: Buffer.from('01ee', 'hex') },
      ]).outcomes,
    ).toEqual([{ damage: 1 }, { time: 1, data: 'ee' }]);
  });

  const seed = Number(process.env['BELVEDERE_TEST_SEED'] ?? Date.now() % 2 ** 31);
  it(`takes random packets without an end (seed ${seed})`, () => {
    const random = mulberry32(seed);
    const steps = Array.from({ length: 2000 }, (_, time) => ({
      time,
      payload: Buffer.from(
        Array.from({ length: Math.floor(random() * 80) }, () => Math.floor(random() * 256)),
      ),
      marker: random() < 0.7,
    }));
    for (const format of [described, formatOf({})]) {
      const bytes = depacketize(format, steps).outcomes.flatMap((outcome) =>
        'data' in outcome ? [outcome.data.length / 2] : [],
      );
      expect(Math.max(0, ...bytes)).toBeLessThanOrEqual(6144);
    }
  });
});
