/** Where a NAL unit lies: `bytes[start, end)`. */
export interface NalRange {
  readonly start: number;
  readonly end: number;
  /** Of its access unit. */
  readonly isLast: boolean;
}

/** Flags in the header of a fragment, of H.264 (RFC 6184 §5.8) and H.265 (RFC 7798 §4.4.3) alike. */
export const fragmentFlags = { start: 0x80, end: 0x40 } as const;

const LENGTH_BYTES = 4;

/** The NAL units of an access unit, each after its 4-byte length; none when the lengths do not add up. */
export function nalRanges(data: Uint8Array): readonly NalRange[] {
  const ranges: NalRange[] = [];
  for (let position = 0; position < data.length;) {
    const start = position + LENGTH_BYTES;
    const end = start + lengthAt(data, position);
    if (end > data.length || end === start) return [];
    ranges.push({ start, end, isLast: end === data.length });
    position = end;
  }
  return ranges;
}

/** Beyond the end of the data when only a part of the length is there. */
function lengthAt(data: Uint8Array, position: number): number {
  if (position + LENGTH_BYTES > data.length) return data.length;
  const [first = 0, second = 0, third = 0, fourth = 0] = data.subarray(position, position + LENGTH_BYTES);
  return first * 0x1000000 + ((second << 16) | (third << 8) | fourth);
}
