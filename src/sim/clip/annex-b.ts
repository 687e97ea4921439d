/** H.264 byte streams (ITU-T H.264 Annex B) cut into NAL units and access units. Only what the clips of this project need. */

/** One coded picture with its NAL units, without start codes. */
export interface AccessUnit {
  readonly nalUnits: readonly Buffer[];
  /** True for a picture where a viewer can begin: IDR in H.264, IRAP in H.265. */
  readonly keyframe: boolean;
  /** How many frames later than in the order of decoding it is shown; negative for a picture that others were sent before. */
  readonly presentationShift?: number;
}

/** NAL unit types of ITU-T H.264 table 7-1. */
export const nalType = { slice: 1, idrSlice: 5, sei: 6, sps: 7, pps: 8, accessUnitDelimiter: 9 } as const;

/** The type of a NAL unit, which is the low five bits of its first byte (ITU-T H.264 §7.3.1). */
export function nalTypeOf(nalUnit: Uint8Array): number {
  return (nalUnit[0] ?? 0) & 0x1f;
}

/** Splits a byte stream at its start codes. Views into `stream`, nothing is copied. */
export function splitNalUnits(stream: Buffer): Buffer[] {
  const nalUnits: Buffer[] = [];
  let start = -1;
  let position = stream.indexOf('\0\0\u0001', 0, 'latin1');
  while (position !== -1) {
    if (start !== -1) nalUnits.push(withoutTrailingZeros(stream.subarray(start, position)));
    start = position + 3;
    position = stream.indexOf('\0\0\u0001', start, 'latin1');
  }
  if (start !== -1) nalUnits.push(withoutTrailingZeros(stream.subarray(start)));
  return nalUnits.filter((nalUnit) => nalUnit.length > 0);
}

/**
 * Groups NAL units into access units. A new one starts at the first parameter set, SEI or delimiter after a slice, or at a
 * slice whose first_mb_in_slice is 0 (ITU-T H.264 §7.4.1.2.3). Delimiters are dropped: RTP has its own (RFC 6184 §5.1).
 */
export function groupAccessUnits(nalUnits: readonly Buffer[]): AccessUnit[] {
  const accessUnits: AccessUnit[] = [];
  let current: Buffer[] = [];
  let hasSlice = false;
  const finish = (): void => {
    if (hasSlice) {
      accessUnits.push({
        nalUnits: current,
        keyframe: current.some((nalUnit) => nalTypeOf(nalUnit) === nalType.idrSlice),
      });
    }
    current = [];
    hasSlice = false;
  };
  for (const nalUnit of nalUnits) {
    const type = nalTypeOf(nalUnit);
    const isSlice = type === nalType.slice || type === nalType.idrSlice;
    // first_mb_in_slice is Exp-Golomb coded, so a set first bit means 0.
    const startsPicture = isSlice && ((nalUnit[1] ?? 0) & 0x80) !== 0;
    if (hasSlice && (!isSlice || startsPicture)) finish();
    if (type !== nalType.accessUnitDelimiter) current.push(nalUnit);
    hasSlice ||= isSlice;
  }
  finish();
  return accessUnits;
}

/** trailing_zero_8bits and the zero_byte of the next start code belong to no NAL unit (ITU-T H.264 §B.1.1). */
function withoutTrailingZeros(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}
