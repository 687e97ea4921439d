/** H.265 byte streams (ITU-T H.265 Annex B) cut into access units. Only what the clips of this project need. */

import type { AccessUnit } from './annex-b.ts';

/** NAL unit types of ITU-T H.265 table 7-1. */
export const h265NalType = {
  trailingReference: 1,
  firstIrap: 16,
  idrWithoutLeading: 20,
  lastIrap: 23,
  lastSlice: 31,
  vps: 32,
  sps: 33,
  pps: 34,
  accessUnitDelimiter: 35,
  suffixSei: 40,
} as const;

/** The six bits after the first (ITU-T H.265 §7.3.1.2). */
export function h265NalTypeOf(nalUnit: Uint8Array): number {
  return ((nalUnit[0] ?? 0) >> 1) & 0x3f;
}

/**
 * Groups NAL units into access units. A new one starts at the first parameter set, delimiter or prefix SEI after a slice, or at
 * a slice whose first_slice_segment_in_pic_flag is set (ITU-T H.265 §7.4.2.4.4). Delimiters are dropped.
 */
export function groupH265AccessUnits(nalUnits: readonly Buffer[]): AccessUnit[] {
  const accessUnits: AccessUnit[] = [];
  let current: Buffer[] = [];
  let hasSlice = false;
  const finish = (): void => {
    if (hasSlice) accessUnits.push({ nalUnits: current, keyframe: current.some(isRandomAccessPoint) });
    current = [];
    hasSlice = false;
  };
  for (const nalUnit of nalUnits) {
    const type = h265NalTypeOf(nalUnit);
    const isSlice = type <= h265NalType.lastSlice;
    const startsPicture = isSlice && ((nalUnit[2] ?? 0) & 0x80) !== 0;
    const isSuffix = type === h265NalType.suffixSei;
    if (hasSlice && (startsPicture || !(isSlice || isSuffix))) finish();
    if (type !== h265NalType.accessUnitDelimiter) current.push(nalUnit);
    hasSlice ||= isSlice;
  }
  finish();
  return accessUnits;
}

function isRandomAccessPoint(nalUnit: Buffer): boolean {
  const type = h265NalTypeOf(nalUnit);
  return type >= h265NalType.firstIrap && type <= h265NalType.lastIrap;
}
