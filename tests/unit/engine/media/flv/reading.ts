import { FlvMediaReader } from '../../../../../src/engine/media/flv/index.ts';
import type { FlvSound } from '../../../../../src/engine/media/flv/index.ts';
import { SlabPool } from '../../../../../src/engine/media/slab-pool.ts';

/** Of a real encoder: 320x240. */
export const SPS = Buffer.from('6742c00dd90141fb0110000003001000000303c0f142a480', 'hex');
export const PPS = Buffer.from('68cb83cb20', 'hex');
export const OTHER_SPS = Buffer.from('6742c01ed900a02ff96101000568', 'hex');
export const SECOND_PPS = Buffer.from('684b83cb20', 'hex');

export function avcRecord(
  parameterSets: { readonly sps: readonly Buffer[]; readonly pps: readonly Buffer[] },
  nalLengthBytes = 4,
): Buffer {
  const { sps, pps } = parameterSets;
  const [first = Buffer.alloc(4)] = sps;
  return Buffer.concat([
    Buffer.from([1, first[1] ?? 0, first[2] ?? 0, first[3] ?? 0, 0xfc | (nalLengthBytes - 1)]),
    Buffer.from([0xe0 | sps.length]),
    ...sps.map(after16BitLength),
    Buffer.from([pps.length]),
    ...pps.map(after16BitLength),
  ]);
}

export function hevcRecord(sets: readonly Buffer[]): Buffer {
  return Buffer.concat([
    Buffer.from([1, ...Array.from({ length: 20 }, () => 0), 0xff, sets.length]),
    ...sets.map((nal) =>
      Buffer.concat([Buffer.from([0x80 | (((nal[0] ?? 0) >> 1) & 0x3f), 0, 1]), after16BitLength(nal)]),
    ),
  ]);
}

function after16BitLength(nal: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(nal.length);
  return Buffer.concat([length, nal]);
}

/** NAL units, each after its length of so many bytes. */
export function withLengths(nals: readonly Buffer[], nalLengthBytes = 4): Buffer {
  return Buffer.concat(
    nals.flatMap((nal) => {
      const length = Buffer.alloc(nalLengthBytes);
      length.writeUIntBE(nal.length, 0, nalLengthBytes);
      return [length, nal];
    }),
  );
}

export interface Body {
  readonly track: 'video' | 'audio';
  readonly timestampMs: number;
  readonly bytes: Buffer;
  /** What was announced, when it was not what came. */
  readonly byteLength?: number;
}

export function avcBody(
  payload: Buffer,
  facts: {
    readonly packet?: number;
    readonly key?: boolean;
    readonly compositionMs?: number;
    readonly at?: number;
  },
): Body {
  const prefix = Buffer.alloc(5);
  prefix[0] = facts.key === false ? 0x27 : 0x17;
  prefix[1] = facts.packet ?? 1;
  prefix.writeIntBE(facts.compositionMs ?? 0, 2, 3);
  return { track: 'video', timestampMs: facts.at ?? 0, bytes: Buffer.concat([prefix, payload]) };
}

export function audioBody(prefix: readonly number[], payload: Buffer, timestampMs = 0): Body {
  return { track: 'audio', timestampMs, bytes: Buffer.concat([Buffer.from(prefix), payload]) };
}

/** What was read, in words and copies. */
export type Event =
  | {
      readonly kind: 'video';
      readonly data: string;
      readonly timestamp: number;
      readonly compositionOffset: number;
      readonly isSync: boolean;
      readonly sets: string;
    }
  | { readonly kind: 'audio'; readonly data: string; readonly timestamp: number }
  | { readonly kind: 'sound'; readonly sound: FlvSound }
  | { readonly kind: 'video-damage' | 'audio-damage' }
  | { readonly kind: 'unsupported'; readonly detail: string };

export function createReading(maxAccessUnitBytes = 100_000): {
  readonly reader: FlvMediaReader;
  readonly events: Event[];
} {
  const events: Event[] = [];
  const reader = new FlvMediaReader({
    slabPool: new SlabPool({ maximumIdleBytes: 1024 ** 2 }),
    maxAccessUnitBytes,
    events: {
      onVideo: ({ data, timestamp, compositionOffset, isSync, parameterSets }) => {
        const sets =
          parameterSets === undefined
            ? 'none'
            : `${parameterSets.codec} ${Buffer.concat([parameterSets.sps, parameterSets.pps]).toString('hex')}`;
        events.push({ kind: 'video', data: hexOf(data), timestamp, compositionOffset, isSync, sets });
      },
      onAudio: ({ data, timestamp }) => {
        events.push({ kind: 'audio', data: hexOf(data), timestamp });
      },
      onSound: (sound) => {
        events.push({ kind: 'sound', sound });
      },
      onVideoDamage: () => {
        events.push({ kind: 'video-damage' });
      },
      onAudioDamage: () => {
        events.push({ kind: 'audio-damage' });
      },
      onVideoUnsupported: (detail) => {
        events.push({ kind: 'unsupported', detail });
      },
    },
  });
  return { reader, events };
}

/** Gives bodies to a reader in pieces of so many bytes. */
export function readBodies(reader: FlvMediaReader, bodies: readonly Body[], pieceBytes = 1_000_000): void {
  for (const { track, timestampMs, bytes, byteLength } of bodies) {
    const target = reader[track];
    target.begin({ byteLength: byteLength ?? bytes.length, timestampMs });
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      target.push(bytes, at, Math.min(bytes.length, at + pieceBytes));
    }
    target.end(0);
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
