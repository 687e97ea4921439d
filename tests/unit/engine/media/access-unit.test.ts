import { describe, expect, it } from 'vitest';
import { AccessUnitAssembler } from '../../../../src/engine/media/access-unit.ts';
import { h264Syntax } from '../../../../src/engine/media/nal-syntax.ts';
import type { H264ParameterSets } from '../../../../src/engine/media/parameter-sets.ts';
import { SlabPool } from '../../../../src/engine/media/slab-pool.ts';
import type { SampleMemory } from '../../../../src/engine/media/slab-pool.ts';

const slabPool = new SlabPool({ maximumIdleBytes: 1024 ** 2 });

const SPS = Buffer.from('Z00AH5WoFAFuQA==', 'base64');
const OTHER_SPS = Buffer.from('Z2QAM6zoAoALWQ==', 'base64');
const PPS = Buffer.from('aO48gA==', 'base64');
/** `pic_parameter_set_id` 1: ue(v) 010. */
const SECOND_PPS = Buffer.from([0x68, 0x4e, 0x3c, 0x80]);
const IDR = Buffer.from([0x65, 0x88, 1, 2, 3]);
const SLICE = Buffer.from([0x41, 0x9a, 4, 5]);
const LATER_SLICE = Buffer.from([0x41, 0x40, 6]);
const SEI = Buffer.from([0x06, 0x05, 0x01, 0xaa, 0x80]);
const DELIMITER = Buffer.from([0x09, 0xf0]);
const FILLER = Buffer.from([0x0c, 0xff, 0x80]);

function feed(assembler: AccessUnitAssembler<H264ParameterSets>, ...nals: readonly Buffer[]): void {
  for (const nal of nals) {
    assembler.beginNal();
    assembler.append(nal, 0, nal.length);
    assembler.endNal();
  }
}

function withLengths(...nals: readonly Buffer[]): Buffer {
  return Buffer.concat(nals.flatMap((nal) => [Buffer.from([0, 0, nal.length >> 8, nal.length & 0xff]), nal]));
}

function finish(
  assembler: AccessUnitAssembler<H264ParameterSets>,
): { data: Uint8Array; isSync: boolean } | undefined {
  const unit = assembler.finish();
  return unit === undefined ? undefined : { data: unit.data, isSync: unit.isSync };
}

function largeNal(fill: number): Buffer {
  const nal = Buffer.alloc(20_000, fill);
  nal[0] = 0x41;
  return nal;
}

describe('AccessUnitAssembler', () => {
  it('puts lengths in front and leaves out parameter sets, delimiters and filler', () => {
    const assembler = new AccessUnitAssembler(h264Syntax, { slabPool, maxBytes: 1024 });
    feed(assembler, DELIMITER, SPS, PPS, SEI, IDR, FILLER);
    expect(finish(assembler)).toEqual({ data: withLengths(SEI, IDR), isSync: true });
    expect(assembler.parameterSets).toEqual({
      codec: 'h264',
      sps: new Uint8Array(SPS),
      pps: new Uint8Array(PPS),
    });
  });

  it('joins the fragments of a NAL unit', () => {
    const assembler = new AccessUnitAssembler(h264Syntax, { slabPool, maxBytes: 1024 });
    assembler.beginNal();
    assembler.appendByte(0x41);
    assembler.append(SLICE, 1, 2);
    assembler.append(SLICE, 2, 2);
    assembler.append(SLICE, 2, 4);
    expect(assembler.isInsideNal).toBe(true);
    expect(finish(assembler)).toEqual({ data: withLengths(SLICE), isSync: false });
  });

  it('leaves what is held unchanged, side by side in pieces of memory', () => {
    const assembler = new AccessUnitAssembler(h264Syntax, { slabPool, maxBytes: 64 * 1024 });
    const units: Uint8Array[] = [];
    const memories = new Set<SampleMemory>();
    for (let index = 0; index < 100; index += 1) {
      feed(assembler, largeNal(index));
      const unit = assembler.finish();
      if (unit === undefined) throw new Error('Each slice makes a picture.');
      unit.memory.retain();
      memories.add(unit.memory);
      units.push(unit.data);
    }
    expect(units.map((unit) => Buffer.compare(unit, withLengths(largeNal(unit[100] ?? 0))))).toEqual(
      units.map(() => 0),
    );
    expect(units.map((unit) => unit[100])).toEqual(units.map((_, index) => index));
    // The first fits into 32 KiB; from then on three of 20,004 bytes lie in 64 KiB.
    expect(memories.size).toBe(1 + 99 / 3);
    expect(units[3]?.byteOffset).toBe((units[2]?.byteOffset ?? 0) + 20_004);
  });

  it('writes into the same memory again and again where nobody keeps anything', () => {
    const assembler = new AccessUnitAssembler(h264Syntax, { slabPool, maxBytes: 64 * 1024 });
    const buffers = new Set<ArrayBufferLike>();
    for (let index = 0; index < 100; index += 1) {
      feed(assembler, largeNal(index));
      buffers.add(assembler.finish()?.data.buffer ?? new ArrayBuffer());
    }
    // Two that follow one another, and the smaller one of the beginning.
    expect(buffers.size).toBeLessThanOrEqual(3);
  });

  it('gives the same parameter sets until they change', () => {
    const assembler = new AccessUnitAssembler(h264Syntax, { slabPool, maxBytes: 1024 });
    feed(assembler, SPS, PPS, IDR);
    assembler.finish();
    const first = assembler.parameterSets;
    feed(assembler, SPS, Buffer.concat([PPS, Buffer.alloc(3)]), IDR);
    assembler.finish();
    expect(assembler.parameterSets).toBe(first);
    feed(assembler, OTHER_SPS);
    expect(assembler.parameterSets).toEqual({
      codec: 'h264',
      sps: new Uint8Array(OTHER_SPS),
      pps: new Uint8Array(PPS),
    });
  });

  it('leaves a second picture parameter set in the sample', () => {
    const assembler = new AccessUnitAssembler(h264Syntax, { slabPool, maxBytes: 1024 });
    feed(assembler, SPS, PPS, SECOND_PPS, IDR);
    expect(finish(assembler)).toEqual({ data: withLengths(SECOND_PPS, IDR), isSync: true });
    expect(assembler.parameterSets?.pps).toEqual(new Uint8Array(PPS));
  });

  it('passes over a sequence parameter set that makes no sense', () => {
    const assembler = new AccessUnitAssembler(h264Syntax, { slabPool, maxBytes: 1024 });
    assembler.offerParameterSet(Buffer.from([0x67, 1, 2]));
    assembler.offerParameterSet(PPS);
    expect(assembler.parameterSets).toBeUndefined();
    assembler.offerParameterSet(SPS);
    expect(assembler.parameterSets).toEqual({
      codec: 'h264',
      sps: new Uint8Array(SPS),
      pps: new Uint8Array(PPS),
    });
  });

  it('passes over parameter sets that no file could describe', () => {
    const assembler = new AccessUnitAssembler(h264Syntax, { slabPool, maxBytes: 1024 });
    assembler.offerParameterSet(SPS);
    assembler.offerParameterSet(Buffer.concat([PPS, Buffer.alloc(0x1_0000, 1)]));
    expect(assembler.parameterSets).toBeUndefined();
    assembler.offerParameterSet(PPS);
    expect(assembler.parameterSets?.pps).toEqual(new Uint8Array(PPS));
  });

  it('tells whether the picture starts with its first slice', () => {
    const assembler = new AccessUnitAssembler(h264Syntax, { slabPool, maxBytes: 1024 });
    feed(assembler, SEI, SLICE, LATER_SLICE);
    expect(assembler.startsWithFirstSlice).toBe(true);
    assembler.finish();
    feed(assembler, LATER_SLICE);
    expect(assembler.startsWithFirstSlice).toBe(false);
  });

  it('yields nothing without a picture, and keeps what belongs to the next', () => {
    const assembler = new AccessUnitAssembler(h264Syntax, { slabPool, maxBytes: 1024 });
    feed(assembler, SEI);
    expect(assembler.finish()).toBeUndefined();
    feed(assembler, SLICE);
    expect(finish(assembler)).toEqual({ data: withLengths(SEI, SLICE), isSync: false });
  });

  it('refuses what would pass the limit and can go on after throwing it away', () => {
    const assembler = new AccessUnitAssembler(h264Syntax, { slabPool, maxBytes: 32 });
    expect(assembler.beginNal()).toBe(true);
    expect(assembler.append(Buffer.alloc(40), 0, 40)).toBe(false);
    assembler.discard();
    feed(assembler, SLICE);
    expect(finish(assembler)).toEqual({ data: withLengths(SLICE), isSync: false });
  });
});
