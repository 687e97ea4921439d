/** Bytes `first` to `last`, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export type RangeRequest =
  | { readonly kind: 'whole' }
  | ({ readonly kind: 'part' } & ByteRange)
  | { readonly kind: 'unsatisfiable' };

/**
 * Reads a `Range` header (RFC 9110 §14.2) for a representation of `byteLength` bytes. Several ranges, other units and
 * malformed headers count as no range at all, as the standard allows.
 */
export function parseByteRange(header: string | undefined, byteLength: number): RangeRequest {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return { kind: 'whole' };
  if (first === '') {
    const suffixLength = Math.min(Number(last), byteLength);
    return suffixLength === 0
      ? { kind: 'unsatisfiable' }
      : { kind: 'part', first: byteLength - suffixLength, last: byteLength - 1 };
  }
  const from = Number(first);
  if (last !== '' && Number(last) < from) return { kind: 'whole' };
  if (from >= byteLength) return { kind: 'unsatisfiable' };
  return {
    kind: 'part',
    first: from,
    last: last === '' ? byteLength - 1 : Math.min(Number(last), byteLength - 1),
  };
}
