import { expect, it } from 'vitest';
import { readTarFile, writeTar } from '../../../build/engine/tar.ts';

const entries = [
  { path: 'a/', content: new Uint8Array(), executable: false },
  { path: 'a/empty', content: new Uint8Array(), executable: false },
  { path: 'a/block', content: new Uint8Array(512).fill(7), executable: false },
  { path: 'a/run', content: Buffer.from('#!/bin/sh\n'), executable: true },
];

it('reads back what it wrote, and nothing else', () => {
  const archive = writeTar(entries, 1_700_000_000);
  expect(['a/empty', 'a/block', 'a/run'].map((path) => readTarFile(archive, path))).toEqual([
    Buffer.alloc(0),
    Buffer.alloc(512, 7),
    Buffer.from('#!/bin/sh\n'),
  ]);
  expect(() => readTarFile(archive, 'a/other')).toThrow('a/other');
});

it('gives equal bytes for equal entries and refuses names that do not fit', () => {
  expect(writeTar(entries, 5).equals(writeTar(entries, 5))).toBe(true);
  expect(() => writeTar([{ path: 'x'.repeat(101), content: Buffer.alloc(0), executable: false }], 5)).toThrow(
    RangeError,
  );
});
