import { BitReader } from './bit-reader.ts';
import { NalType, parseSequenceParameterSet } from './h264.ts';
import { H265NalType, h265NalType, parseH265SequenceParameterSet } from './h265.ts';
import type { H264ParameterSets, H265ParameterSets, ParameterSets } from './parameter-sets.ts';
import { areSameBytes, withoutTrailingZeros } from './raw-bytes.ts';

/** What the descriptions in files can hold (ISO/IEC 14496-15 §5.3.3.1.2); real ones have some hundred bytes. */
const LARGEST_SET_BYTES = 0xffff;

/** Remembers the newest parameter sets of a stream. */
export interface ParameterSetCollector<Sets extends ParameterSets> {
  /** The same object for as long as they do not change; undefined until there is one of each kind. */
  readonly sets: Sets | undefined;
  /** Copies what is new. False when it is a set besides the described ones, which then must stay in the sample. */
  take(nal: Uint8Array): boolean;
}

/** One set, and whether a NAL unit brings another. A stream may use several picture parameter sets: the first seen counts. */
class NewestSet {
  readonly #headerBytes: number;
  #identity: number | undefined;
  #nal: Uint8Array | undefined;

  /** With `headerBytes` sets are told apart by the number that begins them; without it each replaces the one before. */
  constructor(headerBytes?: number) {
    this.#headerBytes = headerBytes ?? 0;
  }

  get nal(): Uint8Array | undefined {
    return this.#nal;
  }

  knows(nal: Uint8Array): boolean {
    return this.#nal !== undefined && areSameBytes(this.#nal, nal);
  }

  take(nal: Uint8Array): 'known' | 'new' | 'another' {
    if (this.knows(nal)) return 'known';
    if (this.#headerBytes > 0) {
      const identity = new BitReader(nal.subarray(this.#headerBytes)).unsignedGolomb();
      this.#identity ??= identity;
      if (identity !== this.#identity) return 'another';
    }
    this.#nal = new Uint8Array(nal);
    return 'new';
  }
}

export class H264ParameterSetCollector implements ParameterSetCollector<H264ParameterSets> {
  readonly #sps = new NewestSet();
  readonly #pps = new NewestSet(1);
  #sets: H264ParameterSets | undefined;

  get sets(): H264ParameterSets | undefined {
    return this.#sets;
  }

  take(padded: Uint8Array): boolean {
    const nal = withoutTrailingZeros(padded);
    if (nal.length > LARGEST_SET_BYTES) return true;
    const isSps = ((nal[0] ?? 0) & 0x1f) === NalType.sequenceParameterSet;
    // Cameras repeat them before every keyframe.
    if (isSps && (this.#sps.knows(nal) || parseSequenceParameterSet(nal) === undefined)) return true;
    const outcome = (isSps ? this.#sps : this.#pps).take(nal);
    const sps = this.#sps.nal;
    const pps = this.#pps.nal;
    if (outcome === 'new' && sps !== undefined && pps !== undefined) {
      this.#sets = { codec: 'h264', sps, pps };
    }
    return outcome !== 'another';
  }
}

export class H265ParameterSetCollector implements ParameterSetCollector<H265ParameterSets> {
  readonly #vps = new NewestSet();
  readonly #sps = new NewestSet();
  readonly #pps = new NewestSet(2);
  #sets: H265ParameterSets | undefined;

  get sets(): H265ParameterSets | undefined {
    return this.#sets;
  }

  take(padded: Uint8Array): boolean {
    const nal = withoutTrailingZeros(padded);
    if (nal.length > LARGEST_SET_BYTES) return true;
    const type = h265NalType(nal[0] ?? 0);
    const isSps = type === H265NalType.sequenceParameterSet;
    if (isSps && (this.#sps.knows(nal) || parseH265SequenceParameterSet(nal) === undefined)) return true;
    const newest = isSps ? this.#sps : type === H265NalType.videoParameterSet ? this.#vps : this.#pps;
    const outcome = newest.take(nal);
    const vps = this.#vps.nal;
    const sps = this.#sps.nal;
    const pps = this.#pps.nal;
    if (outcome === 'new' && vps !== undefined && sps !== undefined && pps !== undefined) {
      this.#sets = { codec: 'h265', vps, sps, pps };
    }
    return outcome !== 'another';
  }
}
