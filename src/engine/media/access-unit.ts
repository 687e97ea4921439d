import type { ParameterSetCollector } from './parameter-set-collector.ts';
import type { ParameterSets } from './parameter-sets.ts';
import { SampleSlab } from './sample-slab.ts';
import type { TakenSample } from './sample-slab.ts';
import type { SlabPool } from './slab-pool.ts';

/** What a NAL unit is to its access unit. */
export type NalRole =
  | 'picture'
  /** A slice of a picture where decoding can begin: IDR in H.264, IRAP in H.265. */
  | 'sync-picture'
  /** A slice of a picture that cannot be decoded when decoding began with the sync picture before it (RASL, H.265 only). */
  | 'skipped-picture'
  | 'parameter-set'
  | 'message'
  /** Delimiters, filler and what else goes no further. */
  | 'dropped'
  | 'other';

/** What the assembler must know of a codec. */
export interface NalSyntax<Sets extends ParameterSets> {
  readonly headerBytes: 1 | 2;
  /** `secondByte` is 0 where the NAL unit has no more than one. */
  roleOf(firstByte: number, secondByte: number): NalRole;
  createCollector(): ParameterSetCollector<Sets>;
}

/** The data are NAL units, each after its 4-byte length; good until the next is begun, unless retained. */
export interface AccessUnitData extends TakenSample {
  readonly isSync: boolean;
  /** A message says that decoding can begin here, with a picture that becomes right after a while. */
  readonly isRecoveryPoint: boolean;
  /** Cannot be decoded when decoding began with the sync picture before it. */
  readonly isSkippable: boolean;
}

const PREFERRED_SLAB_BYTES = 256 * 1024;
const RECOVERY_POINT_PAYLOAD = 6;

/**
 * Builds access units from NAL units that arrive whole or in fragments. Every byte is copied once, into the place where
 * the sample will stay; the length in front of a NAL unit is patched when its end is known. Parameter sets, delimiters
 * and filler go no further; of the parameter sets the newest are remembered.
 */
export class AccessUnitAssembler<Sets extends ParameterSets> {
  readonly #syntax: NalSyntax<Sets>;
  readonly #collector: ParameterSetCollector<Sets>;
  readonly #slab: SampleSlab;
  /** Where the open NAL unit's length lies, or undefined between NAL units. */
  #nalOffset: number | undefined;
  #hasPicture = false;
  #isSync = false;
  #isRecoveryPoint = false;
  #isSkippable = false;
  #startsWithFirstSlice = false;

  constructor(
    syntax: NalSyntax<Sets>,
    { slabPool, maxBytes }: { readonly slabPool: SlabPool; readonly maxBytes: number },
  ) {
    this.#syntax = syntax;
    this.#collector = syntax.createCollector();
    this.#slab = new SampleSlab(slabPool, { limitBytes: maxBytes, preferredBytes: PREFERRED_SLAB_BYTES });
  }

  /** The same object for as long as they do not change. */
  get parameterSets(): Sets | undefined {
    return this.#collector.sets;
  }

  get isInsideNal(): boolean {
    return this.#nalOffset !== undefined;
  }

  /** Whether a slice of the primary picture has been completed. */
  get hasPicture(): boolean {
    return this.#hasPicture;
  }

  /** Whether the first slice is the picture's first. */
  get startsWithFirstSlice(): boolean {
    return this.#startsWithFirstSlice;
  }

  /** Opens a NAL unit; one left open is closed first. False when the access unit is too large. */
  beginNal(): boolean {
    this.endNal();
    const offset = this.#slab.length;
    if (!this.#slab.appendUint32(0)) return false;
    this.#nalOffset = offset;
    return true;
  }

  /** Appends to the open NAL unit. False when the access unit is too large. */
  append(source: Buffer, start: number, end: number): boolean {
    return start >= end || this.#slab.append(source, start, end);
  }

  appendByte(byte: number): boolean {
    return this.#slab.appendByte(byte);
  }

  endNal(): void {
    const offset = this.#nalOffset;
    if (offset === undefined) return;
    this.#nalOffset = undefined;
    const begin = offset + 4;
    const role = this.#syntax.roleOf(this.#slab.byteAt(begin), this.#slab.byteAt(begin + 1));
    if (this.#goesNoFurther(role, begin)) {
      this.#slab.truncate(offset);
      return;
    }
    this.#slab.patchUint32(offset, this.#slab.length - begin);
    this.#note(role, begin);
  }

  /** Takes a parameter set that came outside the stream, such as from SDP; what is none is passed over. */
  offerParameterSet(nal: Uint8Array): void {
    if (this.#syntax.roleOf(nal[0] ?? 0, nal[1] ?? 0) === 'parameter-set') this.#collector.take(nal);
  }

  /** Hands out the access unit and starts the next; undefined when it holds no picture. */
  finish(): AccessUnitData | undefined {
    this.endNal();
    if (!this.#hasPicture) return undefined;
    // Written out, as everywhere on a sample's way: spreading costs more than the rest of it.
    const { data, memory } = this.#slab.take();
    const unit = {
      data,
      memory,
      isSync: this.#isSync,
      isRecoveryPoint: this.#isRecoveryPoint,
      isSkippable: this.#isSkippable,
    };
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
    this.#isSync = false;
    this.#isRecoveryPoint = false;
    this.#isSkippable = false;
    this.#startsWithFirstSlice = false;
  }

  #goesNoFurther(role: NalRole, begin: number): boolean {
    if (this.#slab.length - begin < this.#syntax.headerBytes) return true;
    switch (role) {
      case 'dropped':
        return true;
      case 'parameter-set':
        return this.#collector.take(this.#slab.peek(begin, this.#slab.length));
      case 'picture':
      case 'sync-picture':
      case 'skipped-picture':
      case 'message':
      case 'other':
        return false;
    }
  }

  #note(role: NalRole, begin: number): void {
    switch (role) {
      case 'sync-picture':
        this.#isSync = true;
        break;
      case 'skipped-picture':
        this.#isSkippable = true;
        break;
      case 'picture':
        break;
      case 'message':
        this.#isRecoveryPoint ||= this.#isRecoveryMessage(begin + this.#syntax.headerBytes);
        return;
      case 'parameter-set':
      case 'dropped':
      case 'other':
        return;
    }
    // `first_mb_in_slice` is ue(v), whose 0 is the single bit 1 (ITU-T H.264 §7.3.3); `first_slice_segment_in_pic_flag` is
    // that bit in H.265 (ITU-T H.265 §7.3.6.1).
    if (!this.#hasPicture) {
      this.#startsWithFirstSlice = (this.#slab.byteAt(begin + this.#syntax.headerBytes) & 0x80) !== 0;
    }
    this.#hasPicture = true;
  }

  /** Supplemental enhancement information: payloads after type and size (ITU-T H.264 §7.3.2.3.1, ITU-T H.265 §7.3.5). */
  #isRecoveryMessage(begin: number): boolean {
    let at = begin;
    const readNumber = (): number => {
      let value = 0;
      while (this.#slab.byteAt(at) === 0xff) {
        value += 0xff;
        at += 1;
      }
      value += this.#slab.byteAt(at);
      at += 1;
      return value;
    };
    // The last byte is the stop bit.
    while (at + 2 < this.#slab.length) {
      const type = readNumber();
      const byteLength = readNumber();
      if (type === RECOVERY_POINT_PAYLOAD) return true;
      at += byteLength;
    }
    return false;
  }
}
