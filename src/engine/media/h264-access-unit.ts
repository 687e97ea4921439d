import { NalType, parseSequenceParameterSet } from './h264.ts';
import type { H264ParameterSets } from './parameter-sets.ts';
import { areSameBytes, withoutTrailingZeros } from './raw-bytes.ts';
import { SampleSlab } from './sample-slab.ts';
import type { TakenSample } from './sample-slab.ts';
import type { SlabPool } from './slab-pool.ts';
import { BitReader } from './bit-reader.ts';

/** The data are NAL units, each after its 4-byte length; good until the next is begun, unless retained. */
export interface AccessUnitData extends TakenSample {
  readonly isSync: boolean;
}

const PREFERRED_SLAB_BYTES = 256 * 1024;

/**
 * Builds access units from NAL units that arrive whole or in fragments. Every byte is copied once, into the place where
 * the sample will stay; the length in front of a NAL unit is patched when its end is known. Parameter sets, delimiters
 * and filler go no further; of the parameter sets the newest are remembered.
 */
export class AccessUnitAssembler {
  readonly #slab: SampleSlab;
  #sps: Uint8Array | undefined;
  #pps: Uint8Array | undefined;
  /** A stream may use several picture parameter sets; the first one seen is described, others stay in the samples. */
  #describedPpsId: number | undefined;
  #parameterSets: H264ParameterSets | undefined;
  /** Where the open NAL unit's length lies, or undefined between NAL units. */
  #nalOffset: number | undefined;
  #hasPicture = false;
  #hasIdr = false;
  #startsWithFirstSlice = false;

  constructor({ slabPool, maxBytes }: { readonly slabPool: SlabPool; readonly maxBytes: number }) {
    this.#slab = new SampleSlab(slabPool, { limitBytes: maxBytes, preferredBytes: PREFERRED_SLAB_BYTES });
  }

  /** The same object for as long as they do not change. */
  get parameterSets(): H264ParameterSets | undefined {
    return this.#parameterSets;
  }

  get isInsideNal(): boolean {
    return this.#nalOffset !== undefined;
  }

  /** Whether a slice of the primary picture has been completed. */
  get hasPicture(): boolean {
    return this.#hasPicture;
  }

  /** Whether the first slice is the picture's first: `first_mb_in_slice` is 0. */
  get startsWithFirstSlice(): boolean {
    return this.#startsWithFirstSlice;
  }

  /** Opens a NAL unit with its header byte; one left open is closed first. False when the access unit is too large. */
  beginNal(headerByte: number): boolean {
    this.endNal();
    const offset = this.#slab.length;
    if (!this.#slab.appendUint32(0) || !this.#slab.appendByte(headerByte)) return false;
    this.#nalOffset = offset;
    return true;
  }

  /** Appends to the open NAL unit. False when the access unit is too large. */
  append(source: Buffer, start: number, end: number): boolean {
    return start >= end || this.#slab.append(source, start, end);
  }

  endNal(): void {
    const offset = this.#nalOffset;
    if (offset === undefined) return;
    this.#nalOffset = undefined;
    const begin = offset + 4;
    const length = this.#slab.length - begin;
    const type = this.#slab.byteAt(begin) & 0x1f;
    if (this.#goesNoFurther(type, begin)) {
      this.#slab.truncate(offset);
      return;
    }
    this.#slab.patchUint32(offset, length);
    if (type < NalType.slice || type > NalType.idrSlice) return;
    // ue(v) of 0 is the single bit 1 (ITU-T H.264 §7.3.3).
    if (!this.#hasPicture) this.#startsWithFirstSlice = (this.#slab.byteAt(begin + 1) & 0x80) !== 0;
    this.#hasPicture = true;
    if (type === NalType.idrSlice) this.#hasIdr = true;
  }

  /** Takes a parameter set that came outside the stream, such as from SDP. */
  offerParameterSet(nal: Uint8Array): void {
    const type = (nal[0] ?? 0) & 0x1f;
    if (type === NalType.sequenceParameterSet) this.#takeSps(nal);
    if (type === NalType.pictureParameterSet) this.#takePps(nal);
  }

  /** Hands out the access unit and starts the next; undefined when it holds no picture. */
  finish(): AccessUnitData | undefined {
    this.endNal();
    if (!this.#hasPicture) return undefined;
    const unit = { ...this.#slab.take(), isSync: this.#hasIdr };
    this.#reset();
    return unit;
  }

  /** Throws the access unit under construction away. */
  discard(): void {
    this.#nalOffset = undefined;
    this.#slab.truncate(0);
    this.#reset();
  }

  /** Gives the memory back; what is under construction is thrown away. */
  release(): void {
    this.discard();
    this.#slab.release();
  }

  #reset(): void {
    this.#hasPicture = false;
    this.#hasIdr = false;
    this.#startsWithFirstSlice = false;
  }

  #goesNoFurther(type: number, begin: number): boolean {
    switch (type) {
      case NalType.sequenceParameterSet:
        this.#takeSps(this.#slab.peek(begin, this.#slab.length));
        return true;
      case NalType.pictureParameterSet:
        return this.#takePps(this.#slab.peek(begin, this.#slab.length));
      case NalType.accessUnitDelimiter:
      case NalType.endOfSequence:
      case NalType.endOfStream:
      case NalType.fillerData:
        return true;
      default:
        return false;
    }
  }

  #takeSps(nal: Uint8Array): void {
    const sps = withoutTrailingZeros(nal);
    if (this.#sps !== undefined && areSameBytes(this.#sps, sps)) return;
    if (parseSequenceParameterSet(sps) === undefined) return;
    this.#sps = new Uint8Array(sps);
    this.#describeParameterSets();
  }

  /** False when it is one besides the described one, which then must stay in the sample. */
  #takePps(nal: Uint8Array): boolean {
    const pps = withoutTrailingZeros(nal);
    if (this.#pps !== undefined && areSameBytes(this.#pps, pps)) return true;
    const id = new BitReader(pps.subarray(1)).unsignedGolomb();
    this.#describedPpsId ??= id;
    if (id !== this.#describedPpsId) return false;
    this.#pps = new Uint8Array(pps);
    this.#describeParameterSets();
    return true;
  }

  #describeParameterSets(): void {
    if (this.#sps !== undefined && this.#pps !== undefined) {
      this.#parameterSets = { codec: 'h264', sps: this.#sps, pps: this.#pps };
    }
  }
}
