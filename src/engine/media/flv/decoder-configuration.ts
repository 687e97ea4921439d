import { H265NalType } from '../h265.ts';

/** What a sequence header says: how long NAL lengths are, and the parameter sets, as NAL units without start code. */
export interface DecoderConfiguration {
  /** 1, 2, 3 or 4 bytes. */
  readonly nalLengthBytes: number;
  readonly parameterSets: readonly Uint8Array[];
}

/** Where the parameter sets of an AVCDecoderConfigurationRecord begin. */
const AVC_HEAD_BYTES = 5;
/** And where the arrays of an HEVCDecoderConfigurationRecord do. */
const HEVC_HEAD_BYTES = 22;
const MOST_PARAMETER_SETS = 64;

/** Parses an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1.2). Undefined for what is none, or cut off. */
export function parseAvcDecoderConfiguration(record: Uint8Array): DecoderConfiguration | undefined {
  if (record[0] !== 1) return undefined;
  const nalLengthBytes = ((record[4] ?? 0) & 3) + 1;
  const cursor = new Cursor(record, AVC_HEAD_BYTES);
  const sequenceSets = cursor.units(cursor.byte() & 0x1f);
  const pictureSets = cursor.units(cursor.byte());
  return cursor.overrun ? undefined : { nalLengthBytes, parameterSets: [...sequenceSets, ...pictureSets] };
}

/** Parses an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3.1.2). Undefined for what is none, or cut off. */
export function parseHevcDecoderConfiguration(record: Uint8Array): DecoderConfiguration | undefined {
  // Encoders that wrote drafts of the standard put a 0 there.
  if ((record[0] ?? 2) > 1) return undefined;
  const nalLengthBytes = ((record[21] ?? 0) & 3) + 1;
  const cursor = new Cursor(record, HEVC_HEAD_BYTES);
  const arrays = cursor.byte();
  const parameterSets: Uint8Array[] = [];
  for (let array = 0; array < arrays && !cursor.overrun; array += 1) {
    const type = cursor.byte() & 0x3f;
    const units = cursor.units(cursor.uint16());
    // Supplemental information may be there too.
    if (type >= H265NalType.videoParameterSet && type <= H265NalType.pictureParameterSet) {
      parameterSets.push(...units);
    }
  }
  return cursor.overrun || parameterSets.length > MOST_PARAMETER_SETS
    ? undefined
    : { nalLengthBytes, parameterSets };
}

/** Reads on and on; past the end it yields zeros and says so once. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at: number;
  #overrun = false;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get overrun(): boolean {
    return this.#overrun;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    this.#at += 1;
    if (byte === undefined) this.#overrun = true;
    return byte ?? 0;
  }

  uint16(): number {
    return this.byte() * 256 + this.byte();
  }

  /** NAL units, each after its 16-bit length; copies. */
  units(count: number): Uint8Array[] {
    if (count > MOST_PARAMETER_SETS) this.#overrun = true;
    const units: Uint8Array[] = [];
    for (let unit = 0; unit < count && !this.#overrun; unit += 1) {
      const length = this.uint16();
      const nal = this.#bytes.slice(this.#at, this.#at + length);
      this.#at += length;
      if (nal.length < length) this.#overrun = true;
      else if (length > 0) units.push(nal);
    }
    return units;
  }
}
