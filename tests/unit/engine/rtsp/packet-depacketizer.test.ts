import { describe, expect, it } from 'vitest';
import { SlabPool } from '../../../../src/engine/media/slab-pool.ts';
import {
  MAX_METADATA_DOCUMENT_BYTES,
  MetadataDepacketizer,
} from '../../../../src/engine/rtsp/metadata-depacketizer.ts';
import { PacketDepacketizer } from '../../../../src/engine/rtsp/packet-depacketizer.ts';
import { collectUnits, packetOf } from './track-packets.ts';
import type { Outcome, Step } from './track-packets.ts';

const slabPool = new SlabPool({ maximumIdleBytes: 1024 ** 2 });

it('PacketDepacketizer makes a unit of each packet that holds something', () => {
  const { outcomes, events } = collectUnits();
  const depacketizer = new PacketDepacketizer({ slabPool, events });
  depacketizer.push(packetOf({ time: 0, payload: Buffer.of(1, 2) }));
  depacketizer.push(packetOf({ time: 160, payload: Buffer.alloc(0), marker: false }));
  depacketizer.push(packetOf({ time: 320, payload: Buffer.of(3), lostBefore: 2, marker: false }));
  expect(outcomes).toEqual([{ time: 0, data: '0102' }, { damage: 2 }, { time: 320, data: '03' }]);
});

function text(content: string): Buffer {
  return Buffer.from(content);
}

function hexOf(content: string): string {
  return text(content).toString('hex');
}

function depacketize(...steps: readonly Step[]): readonly Outcome[] {
  const { outcomes, events } = collectUnits();
  const depacketizer = new MetadataDepacketizer({ slabPool, events });
  for (const step of steps) depacketizer.push(packetOf(step));
  return outcomes;
}

describe('MetadataDepacketizer', () => {
  it('joins the pieces of a document up to its marker, and keeps the time of its first', () => {
    expect(
      depacketize(
        { time: 10, payload: text('<a>'), marker: false },
        { time: 11, payload: text('b'), marker: false },
        { time: 10, payload: text('</a>') },
        { time: 20, payload: text('<c/>') },
      ),
    ).toEqual([
      { time: 10, data: hexOf('<a>b</a>') },
      { time: 20, data: hexOf('<c/>') },
    ]);
  });

  it('leaves out a document that lacks a piece, but not one that begins behind the loss', () => {
    expect(
      depacketize(
        { time: 1, payload: text('<a>'), marker: false },
        { time: 1, payload: text('b</a>'), lostBefore: 1 },
        { time: 2, payload: text('<c/>') },
        { time: 3, payload: text('<d>'), marker: false },
        { time: 4, payload: text('<e/>'), lostBefore: 3 },
      ),
    ).toEqual([
      { damage: 1 },
      { damage: 1 },
      { time: 2, data: hexOf('<c/>') },
      { damage: 3 },
      { damage: 1 },
      { time: 4, data: hexOf('<e/>') },
    ]);
  });

  it('holds no document that is too large, and goes on after it', () => {
    const piece = Buffer.alloc(60_000, 0x61);
    const endless = Array.from({ length: Math.ceil(MAX_METADATA_DOCUMENT_BYTES / piece.length) + 3 }, () => ({
      time: 0,
      payload: piece,
      marker: false,
    }));
    expect(
      depacketize(...endless, { time: 0, payload: text('</a>') }, { time: 1, payload: text('<b/>') }),
    ).toEqual([{ damage: 1 }, { time: 1, data: hexOf('<b/>') }]);
  });
});
