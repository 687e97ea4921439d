import { describe, expect, it } from 'vitest';
import { ReorderWindow } from '../../../../src/engine/rtsp/reorder-window.ts';
import { seededRandom } from '../../../integration/seeded-random.ts';

function windowOf(packets: number, waitMs = 100) {
  const passed: number[] = [];
  const window = new ReorderWindow({ packets, waitMs }, (bytes) => passed.push(bytes.readUInt16BE(0)));
  return {
    passed,
    window,
    push: (sequence: number, atMs = 0) => {
      const bytes = Buffer.alloc(2);
      bytes.writeUInt16BE(sequence & 0xffff);
      return window.push(sequence & 0xffff, bytes, atMs);
    },
  };
}

describe('ReorderWindow', () => {
  it('passes packets in order on at once', () => {
    const { push, passed, window } = windowOf(8);
    expect([65_534, 65_535, 0, 1].map((sequence) => push(sequence))).toEqual(Array(4).fill('taken'));
    expect([passed, window.heldCount]).toEqual([[65_534, 65_535, 0, 1], 0]);
  });

  it('waits for a gap to be filled', () => {
    const { push, passed } = windowOf(8);
    const verdicts = [10, 13, 12, 12, 11, 11, 14].map((sequence) => push(sequence));
    expect(verdicts).toEqual(['taken', 'taken', 'reordered', 'doubled', 'reordered', 'doubled', 'taken']);
    expect(passed).toEqual([10, 11, 12, 13, 14]);
  });

  it('gives up on the oldest gap when the window is full', () => {
    const { push, passed, window } = windowOf(4);
    for (const sequence of [10, 12, 14, 15]) push(sequence);
    expect([passed, window.heldCount]).toEqual([[10, 12], 2]);
    expect([push(11), push(13)]).toEqual(['late', 'reordered']);
    expect(passed).toEqual([10, 12, 13, 14, 15]);
  });

  it('jumps over a gap wider than the window', () => {
    const { push, passed } = windowOf(4);
    expect([push(10), push(500), push(501)]).toEqual(['taken', 'taken', 'taken']);
    expect(passed).toEqual([10, 500, 501]);
  });

  it('gives up on a gap in time, one after the other', () => {
    const { push, passed, window } = windowOf(16);
    push(10, 0);
    push(12, 10);
    push(15, 50);
    window.flushDue(109);
    expect(passed).toEqual([10]);
    window.flushDue(110);
    expect(passed).toEqual([10, 12]);
    window.flushDue(210);
    expect([passed, window.heldCount]).toEqual([[10, 12, 15], 0]);
  });

  it('begins anew when two packets in a row are far away, and not for one', () => {
    const { push, passed } = windowOf(8);
    expect([10, 12, 40_000, 13, 40_000, 40_001, 40_002].map((sequence) => push(sequence))).toEqual([
      'taken',
      'taken',
      'late',
      'taken',
      'late',
      'taken',
      'taken',
    ]);
    expect(passed).toEqual([10, 12, 13, 40_001, 40_002]);
  });

  it('never passes on a packet twice or out of order, loses none that came within the window, and holds no more', () => {
    const seeded = seededRandom();
    const { seed } = seeded;
    const random = (): number => seeded.next();
    for (let run = 0; run < 200; run += 1) {
      const { push, passed, window } = windowOf(16, Number.POSITIVE_INFINITY);
      const start = Math.floor(random() * 65_536);
      const kept = Array.from({ length: 400 }, (_, index) => index).filter(
        (index) => index === 0 || random() > 0.05,
      );
      // Each is delayed by less than the window, some are doubled.
      const sent = kept
        .flatMap((index) => (random() < 0.1 ? [index, index] : [index]))
        .map((index) => ({ index, place: index === 0 ? -1 : index + random() * 7 }))
        .toSorted((left, right) => left.place - right.place);
      let mostHeld = 0;
      for (const { index } of sent) {
        push(start + index);
        mostHeld = Math.max(mostHeld, window.heldCount);
      }
      window.flush();
      expect({ seed, run, passed, isBounded: mostHeld < 16 }).toEqual({
        seed,
        run,
        passed: kept.map((index) => (start + index) & 0xffff),
        isBounded: true,
      });
    }
  });
});
