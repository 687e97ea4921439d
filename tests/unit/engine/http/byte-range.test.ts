import { expect, it } from 'vitest';
import { parseByteRange } from '../../../../src/engine/http/byte-range.ts';

const whole = { kind: 'whole' };
const unsatisfiable = { kind: 'unsatisfiable' };

it.each([
  [undefined, whole],
  ['bytes=0-0', { kind: 'part', first: 0, last: 0 }],
  ['bytes=10-19', { kind: 'part', first: 10, last: 19 }],
  ['bytes=90-', { kind: 'part', first: 90, last: 99 }],
  ['bytes=90-500', { kind: 'part', first: 90, last: 99 }],
  ['bytes=-10', { kind: 'part', first: 90, last: 99 }],
  ['bytes=-500', { kind: 'part', first: 0, last: 99 }],
  ['bytes=100-', unsatisfiable],
  ['bytes=100-200', unsatisfiable],
  ['bytes=-0', unsatisfiable],
  // Malformed or beyond what is served: as if it were not there (RFC 9110 §14.2).
  ['bytes=20-10', whole],
  ['bytes=-', whole],
  ['bytes=0-1,5-6', whole],
  ['items=0-1', whole],
  ['bytes=1e2-', whole],
  ['bytes=9999999999999999-', whole],
])('reads %s of 100 bytes', (header, expected) => {
  expect(parseByteRange(header, 100)).toEqual(expected);
});

it('finds no byte in an empty file', () => {
  expect([
    parseByteRange('bytes=0-', 0),
    parseByteRange('bytes=-1', 0),
    parseByteRange(undefined, 0),
  ]).toEqual([unsatisfiable, unsatisfiable, whole]);
});
